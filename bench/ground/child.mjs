// @ts-check
/** @typedef {Readonly<Record<string, (argument: any) => unknown>>} Methods */

/**
 * Answers the calls of the process that started this one, and says that it is ready. Ends with it.
 * @param {Methods} methods
 * @param {unknown} [info] is what `startScript` resolves to
 */
export function answerParent(methods, info) {
  process.once('disconnect', () => process.exit());
  process.on('message', (message) => void answer(methods, /** @type {Call} */ (message)));
  process.send?.({ ready: info });
}

/** @typedef {{ id: number, method: string, argument: unknown }} Call */

/**
 * @param {Methods} methods
 * @param {Call} call
 */
async function answer(methods, { id, method, argument }) {
  try {
    const result = await methods[method]?.(argument);
    process.send?.({ id, result });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
