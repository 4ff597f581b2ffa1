// @ts-check
/** The bare chain, its two hops: the first adds a job for the second, which tells that the message is through. */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { answerParent } from '../ground/child.mjs';
import { tellReplies } from '../world/replies.mjs';

const CONCURRENCY = 50;
const connect = () => new Redis(process.env.REDIS_URL ?? '', { maxRetriesPerRequest: null });
const tell = tellReplies(Number(process.argv[2]));
const second = new Queue('second', { connection: connect() });
const options = () => ({ connection: connect(), concurrency: CONCURRENCY });
const workers = [
  new Worker('first', async ({ data }) => void (await second.add('hop', data, { removeOnComplete: true })), options()),
  new Worker('second', ({ data: { index } }) => Promise.resolve(tell(index)), options()),
];
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
answerParent({});
