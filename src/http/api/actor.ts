import type { Call } from './route.ts';

/** Who is behind a call, as the audit spells it: `key:<prefix>`, and `/<person>` when one is named. */
export function actorOf({ caller, person }: Pick<Call, 'caller' | 'person'>): string {
  return person === undefined ? `key:${caller.prefix}` : `key:${caller.prefix}/${person}`;
}
