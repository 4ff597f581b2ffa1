// @ts-check
import { startScript } from '../ground/processes.mjs';
import { startRedis } from '../ground/redis.mjs';
import { startHttpWorld } from './http-world.mjs';
import { endAll, verifyBindings } from './subject.mjs';

/**
 * The straightforward design on the same packages, in two processes as ours.
 * @param {string} name
 * @param {number} concurrency of each of its workers
 * @returns {import('./subject.mjs').Subject}
 */
export function naive(name, concurrency) {
  const isDefault = concurrency === 1;
  return {
    name,
    title: `Naive, HTTP, ${isDefault ? 'default concurrency' : `concurrency ${concurrency}`}`,
    // At the default it can hardly keep up with 100/s.
    loads: isDefault ? ['saturation'] : ['saturation', 'calm'],
    window: isDefault ? 100 : 400,
    async start({ postgres, cards, folder }) {
      const world = await startHttpWorld(folder);
      const database = await postgres.clone('plain', cards);
      const redis = await startRedis(folder, 'everysec');
      const env = { REDIS_URL: redis.url, DATABASE_URL: database.url, PROVIDER_URL: world.apiBaseUrl };
      const api = await startScript('naive/api.mjs', { name: 'API', folder, env });
      const worker = await startScript('naive/worker.mjs', {
        name: 'worker',
        folder,
        env,
        args: [String(concurrency)],
      });
      await world.aim(api.info.webhookUrl);
      const outside = [world.feeder, world.provider];
      return {
        feeder: world.feeder,
        hasReplies: true,
        counted: [api, worker, redis],
        outside,
        verify: (taken) => verifyBindings(database, taken),
        stop: () => endAll([...[api, worker, redis, ...outside].map(({ stop }) => stop), database.drop]),
      };
    },
  };
}
