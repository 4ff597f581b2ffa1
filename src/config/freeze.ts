/** Freezes plain objects and lists all the way down; gives the same value. Maps must come from `frozenMap`. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

/** A map that cannot be changed, with values frozen all the way down. */
export function frozenMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  const map = new Map(entries);
  for (const value of map.values()) deepFreeze(value);
  const refuse = (): never => {
    throw new TypeError('the configuration cannot be changed');
  };
  return Object.freeze(Object.assign(map, { set: refuse, delete: refuse, clear: refuse }));
}
