/** Who does something through the API: `key:<prefix>`, and after a slash the person that the call names. */
export type Actor = string;

/**
 * True when whoever decides may be who entered it: the same person by name, through whatever key; somebody who gives no
 * name, where the entry has one; or the same key, where neither has. Four eyes are worth a false alarm.
 */
export function isOwnEntry(entered: Actor, decides: Actor): boolean {
  const [enteredKey, enteredBy] = takeApart(entered);
  const [decidesKey, decidesBy] = takeApart(decides);
  if (enteredBy === undefined) return enteredKey === decidesKey;
  return decidesBy === undefined || enteredBy === decidesBy;
}

function takeApart(actor: Actor): readonly [key: string, person: string | undefined] {
  const slash = actor.indexOf('/');
  if (slash === -1) return [actor, undefined];
  const person = actor
    .slice(slash + 1)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim();
  return [actor.slice(0, slash), person];
}
