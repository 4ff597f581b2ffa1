// @ts-check
import { startScript } from '../ground/processes.mjs';

/**
 * The customers and the provider around a subject that is texted over HTTP.
 * @param {string} folder
 * @param {string} [customers] their script
 */
export async function startHttpWorld(folder, customers = 'world/texter.mjs') {
  const feeder = await startScript(customers, { name: 'texter', folder });
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
    /** Has the customers text to a webhook, over so many connections at most, spread over the ports. */
    aim: (/** @type {string} */ url, maxConnections = 128, ports = [Number(new URL(url).port)]) =>
      feeder.call('aim', { url, ports, maxConnections }),
  };
}
