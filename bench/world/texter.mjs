// @ts-check
/**
 * The customers behind a provider: posts their SMS to a webhook as Twilio does, signed. Its replies are told by whoever
 * gets them.
 */
import { createHmac } from 'node:crypto';
import { answerParent } from '../ground/child.mjs';
import { cardNumber, phoneNumber } from '../ground/numbers.mjs';
import { ACCOUNT_SID, ADDRESS, AUTH_TOKEN } from './account.mjs';
import { openConnections } from './connections.mjs';
import { Feeder } from './feeder.mjs';
import { listenForReplies } from './replies.mjs';

const expectsReplies = process.argv[2] !== '--no-replies';
/** @type {import('./feeder.mjs').Send} */
let send = () => {
  throw new Error('Nobody said where to send');
};
const feeder = new Feeder((index, answered) => send(index, answered), { expectsReplies });
const repliesPort = await listenForReplies((number, at) => feeder.onReply(number, at));

answerParent({ ...feeder.methods, aim }, { repliesPort });

/** @param {{ port: number, url: string, maxConnections: number }} target where to post, and the URL that is signed */
function aim({ port, url, maxConnections }) {
  const post = openConnections({ port, maxConnections });
  const { pathname, host } = new URL(url);
  const start =
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n` +
    'Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n';
  send = (index, answered) => {
    const { body, signature } = sms(url, index);
    const request = `${start}X-Twilio-Signature: ${signature}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    post(request, (status) => answered(answerOf(status)));
  };
}

function answerOf(/** @type {number} */ status) {
  if (status >= 200 && status < 300) return 'taken';
  return status === 0 ? 'failed' : 'refused';
}

/**
 * The form of an SMS, and its signature: HMAC-SHA1 of the URL, then each name and value in the order of the names.
 * @param {string} url
 * @param {number} index
 */
function sms(url, index) {
  const [card, phone, sid] = [cardNumber(index), phoneNumber(index), `SM${index.toString(16).padStart(32, '0')}`];
  const signed =
    `${url}AccountSid${ACCOUNT_SID}ApiVersion2010-04-01BodyCard ${card}From+${phone}MessageSid${sid}NumMedia0` +
    `NumSegments1SmsMessageSid${sid}SmsSid${sid}SmsStatusreceivedTo${ADDRESS}ToCountryUS`;
  const body =
    `ToCountry=US&SmsMessageSid=${sid}&NumMedia=0&SmsSid=${sid}&SmsStatus=received&Body=Card+${card}` +
    `&To=${encodeURIComponent(ADDRESS)}&NumSegments=1&MessageSid=${sid}&AccountSid=${ACCOUNT_SID}` +
    `&From=%2B${phone}&ApiVersion=2010-04-01`;
  return { body, signature: createHmac('sha1', AUTH_TOKEN).update(signed).digest('base64') };
}
