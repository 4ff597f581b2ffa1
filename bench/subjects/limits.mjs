// @ts-check
import { startScript } from '../ground/processes.mjs';
import { startRedis } from '../ground/redis.mjs';
import { endAll, verifyBindings, verifyInbox } from './subject.mjs';

/** @typedef {import('./subject.mjs').Subject} Subject */

/** Two hops of BullMQ that do nothing, one job for each message. @type {Subject} */
export const chain = {
  name: 'limit-chain',
  title: 'Limit: two bare hops of BullMQ',
  loads: ['saturation', 'calm'],
  window: 400,
  async start({ folder }) {
    const redis = await startRedis(folder, 'everysec');
    const env = { REDIS_URL: redis.url };
    const feeder = await startScript('limits/chain-feeder.mjs', { name: 'adder', folder, env });
    const args = [String(feeder.info.repliesPort)];
    const hops = await startScript('limits/chain-worker.mjs', { name: 'hops', folder, env, args });
    return {
      feeder,
      hasReplies: true,
      counted: [feeder, hops, redis],
      outside: [],
      verify: () => Promise.resolve({ lost: 0, foreign: 0 }),
      stop: () => endAll([hops, feeder, redis].map(({ stop }) => stop)),
    };
  },
};

/** A server of Node alone, one insert for each SMS. @type {Subject} */
export const door = {
  name: 'limit-door',
  title: 'Limit: node:http and one insert',
  loads: ['saturation', 'acks'],
  window: 64,
  async start({ postgres, cards, folder }) {
    const database = await postgres.clone('plain', cards);
    const feeder = await startScript('world/texter.mjs', { name: 'texter', folder, args: ['--no-replies'] });
    const server = await startScript('limits/http-insert.mjs', {
      name: 'door',
      folder,
      env: { DATABASE_URL: database.url },
    });
    const { url } = server.info;
    await feeder.call('aim', { url, ports: [Number(new URL(url).port)], maxConnections: 128 });
    return {
      feeder,
      hasReplies: false,
      counted: [server],
      outside: [feeder],
      verify: (taken) => verifyInbox(database, taken),
      stop: () => endAll([server.stop, feeder.stop, database.drop]),
    };
  },
};

/** Cards bound a hundred at a time, with nothing around it. @type {Subject} */
export const binding = {
  name: 'limit-binding',
  title: 'Limit: batch binding alone',
  loads: ['saturation'],
  window: 400,
  // It is so fast that a longer one would use up the cards.
  warmUpSecondsAtMost: 5,
  async start({ postgres, cards, folder }) {
    const database = await postgres.clone('plain', cards);
    const env = { DATABASE_URL: database.url };
    const feeder = await startScript('limits/batch-binding.mjs', { name: 'binder', folder, env });
    return {
      feeder,
      hasReplies: false,
      counted: [feeder],
      outside: [],
      verify: (taken) => verifyBindings(database, taken),
      stop: () => endAll([feeder.stop, database.drop]),
    };
  },
};
