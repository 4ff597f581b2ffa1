// @ts-check
/** The customers of a whole day behind a provider, which posts some of their SMS twice. */
import { answerParent } from '../ground/child.mjs';
import { isPostedTwice, messageAnsweredAt, smsOf } from './day.mjs';
import { Feeder } from './feeder.mjs';
import { listenForReplies } from './replies.mjs';
import { twilioWebhook } from './twilio-webhook.mjs';

/** @type {import('./day.mjs').Day} */
let day = { cards: 0, past: 0 };
/** @type {import('./twilio-webhook.mjs').Post} */
let post = () => {
  throw new Error('Nobody said where to send');
};
/** SMS that were acknowledged a second time, posts that were not acknowledged, and replies to phones that never texted. */
const told = { twice: 0, postedAgain: 0, strays: 0 };
const POST_AGAIN_MS = 1_000;
const MAX_POSTS = 20;

const feeder = new Feeder(
  (n, answered) => {
    const sms = smsOf(day, n);
    postUntilTaken(sms, (answer) => {
      answered(answer);
      if (isPostedTwice(n)) postUntilTaken(sms, (again) => (told.twice += Number(again === 'taken')));
    });
  },
  { expectsReplies: true },
);

/**
 * A provider comes back with what was not acknowledged.
 * @param {import('./twilio-webhook.mjs').Sms} sms
 * @param {(answer: import('./tally.mjs').Answer) => void} answered
 */
function postUntilTaken(sms, answered, posts = 1) {
  post(sms, (answer) => {
    if (answer === 'taken' || posts === MAX_POSTS) return answered(answer);
    told.postedAgain += 1;
    setTimeout(() => postUntilTaken(sms, answered, posts + 1), POST_AGAIN_MS);
  });
}

const repliesPort = await listenForReplies((phone, at) => {
  const n = messageAnsweredAt(day, phone);
  if (n === undefined) told.strays += 1;
  else feeder.onReply(n, at);
});

const methods = {
  ...feeder.methods,
  aim: (/** @type {import('./twilio-webhook.mjs').Target} */ target) => {
    post = twilioWebhook(target);
  },
  begin: (/** @type {import('./day.mjs').Day} */ next) => {
    day = next;
  },
  told: () => told,
};
answerParent(methods, { repliesPort });
