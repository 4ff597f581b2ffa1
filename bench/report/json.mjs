// @ts-check
/** What never happened is Infinity, for which JSON has no number: an overload that never ended would come back as null. */
const NEVER = 'never';

/**
 * @param {unknown} results
 * @param {number} [indent]
 */
export function toJson(results, indent) {
  return JSON.stringify(results, (_key, value) => (value === Infinity ? NEVER : value), indent);
}

/** What `toJson` wrote; NaN, of what was not measured, comes back as null. */
export function fromJson(/** @type {string} */ text) {
  return JSON.parse(text, (_key, value) => (value === NEVER ? Infinity : value));
}
