import { isSameSecret } from './same-secret.ts';

/** What `Authorization` says under RFC 7617, in UTF-8. */
export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** True when `Authorization` is that of the user with one of the live passwords; the scheme's name in any case. */
export function hasBasicAuth(authorization: string | undefined, user: string, passwords: readonly string[]): boolean {
  const claimed = (authorization ?? '').replace(/^basic +/i, 'Basic ');
  return passwords.some((password) => isSameSecret(claimed, basicAuth(user, password)));
}
