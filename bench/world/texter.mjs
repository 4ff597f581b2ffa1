// @ts-check
/** The customers behind a provider: each texts its card. Replies are told by whoever gets them. */
import { answerParent } from '../ground/child.mjs';
import { cardNumber, phoneNumber, sidOf } from '../ground/numbers.mjs';
import { Feeder } from './feeder.mjs';
import { listenForReplies } from './replies.mjs';
import { twilioWebhook } from './twilio-webhook.mjs';

const expectsReplies = process.argv[2] !== '--no-replies';
/** @type {import('./twilio-webhook.mjs').Post} */
let post = () => {
  throw new Error('Nobody said where to send');
};
const feeder = new Feeder(
  (index, answered) =>
    post({ sid: sidOf(index), phone: phoneNumber(index), text: `Card ${cardNumber(index)}` }, answered),
  { expectsReplies },
);
const repliesPort = await listenForReplies((number, at) => feeder.onReply(number, at));

/** @param {import('./twilio-webhook.mjs').Target} target */
const aim = (target) => {
  post = twilioWebhook(target);
};

answerParent({ ...feeder.methods, aim }, { repliesPort });
