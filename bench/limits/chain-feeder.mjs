// @ts-check
/** The bare chain, its beginning: adds one job for each message and nothing else. */
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { answerParent } from '../ground/child.mjs';
import { Feeder } from '../world/feeder.mjs';
import { listenForReplies } from '../world/replies.mjs';

const connection = new Redis(process.env.REDIS_URL ?? '', { maxRetriesPerRequest: null });
const first = new Queue('first', { connection });
const feeder = new Feeder(
  (index, answered) => {
    first.add('hop', { index }, { removeOnComplete: true }).then(
      () => answered('taken'),
      () => answered('failed'),
    );
  },
  { expectsReplies: true },
);
const repliesPort = await listenForReplies((number, at) => feeder.onReply(number, at));
answerParent(feeder.methods, { repliesPort });
