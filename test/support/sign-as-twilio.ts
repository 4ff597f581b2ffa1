import { createHmac } from 'node:crypto';

/**
 * `X-Twilio-Signature` of a form post, written from Twilio's description and from nothing else, so that it can judge
 * both our code and the twilio package: the full URL, then each parameter's name and value, names in the order of
 * their bytes, a name's values in that order and once each; HMAC-SHA1 with the auth token; base64.
 */
export function signAsTwilio(authToken: string, url: string, form: URLSearchParams): string {
  const hmac = createHmac('sha1', authToken).update(url, 'utf8');
  const pairs = [...form].map(([name, value]) => ({ name: Buffer.from(name), value: Buffer.from(value) }));
  pairs.sort((a, b) => Buffer.compare(a.name, b.name) || Buffer.compare(a.value, b.value));
  for (const [index, { name, value }] of pairs.entries()) {
    const before = pairs[index - 1];
    const isRepeated = before?.name.equals(name) && before.value.equals(value);
    if (!isRepeated) hmac.update(name).update(value);
  }
  return hmac.digest('base64');
}
