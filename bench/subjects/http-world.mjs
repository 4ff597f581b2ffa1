// @ts-check
import { startScript } from '../ground/processes.mjs';

/**
 * The customers and the provider around a subject that is texted over HTTP.
 * @param {string} folder
 */
export async function startHttpWorld(folder) {
  const feeder = await startScript('world/texter.mjs', { name: 'texter', folder });
  const provider = await startScript('world/twilio-api.mjs', {
    name: 'provider',
    folder,
    args: [String(feeder.info.repliesPort)],
  });
  /** @type {string} */
  const apiBaseUrl = provider.info.origin;
  return {
    feeder,
    provider,
    apiBaseUrl,
    /** Has the customers text to a webhook, over so many connections at most. */
    aim: (/** @type {string} */ url, maxConnections = 128) =>
      feeder.call('aim', { url, port: Number(new URL(url).port), maxConnections }),
  };
}
