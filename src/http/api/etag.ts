import { createHash } from 'node:crypto';

/** The strong ETag of an answer: another body, another tag. `"tA2…"`, quotes included. */
export function entityTag(body: object): string {
  return `"${digest(body)}"`;
}

/**
 * The strong ETag of something that has a version: `"7.tA2…"`. It changes with every part of the answer, also with those
 * that are no part of what the version counts, such as a member's card.
 */
export function versionedTag(version: number, body: object): string {
  return `"${version}.${digest(body)}"`;
}

/** The version that an `If-Match` names, made by `versionedTag`; undefined when it names none or several. */
export function versionOfTag(ifMatch: string): number | undefined {
  const version = /^"(\d{1,9})(?:\.[\w-]+)?"$/.exec(ifMatch.trim())?.[1];
  return version === undefined ? undefined : Number(version);
}

/** 128 bits are plenty to tell two answers apart. */
function digest(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22);
}
