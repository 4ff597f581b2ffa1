// @ts-check
import { createHmac } from 'node:crypto';
import { ACCOUNT_SID, ADDRESS, AUTH_TOKEN } from './account.mjs';
import { openConnections } from './connections.mjs';

/**
 * Where SMS are posted to: the URL that is signed, and the ports of the processes that answer for it.
 * @typedef {{ url: string, ports: readonly number[], maxConnections: number }} Target
 */

/** @typedef {{ sid: string, phone: string, text: string }} Sms the phone without its plus; the text in ASCII */

/** @typedef {(sms: Sms, answered: import('./feeder.mjs').Answered) => void} Post */

/**
 * Posts SMS to a webhook as Twilio does, signed.
 * @param {Target} target
 * @returns {Post}
 */
export function twilioWebhook({ url, ports, maxConnections }) {
  const post = openConnections({ ports, maxConnections });
  const { pathname, host } = new URL(url);
  const start =
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n` +
    'Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n';
  return (sms, answered) => {
    const { body, signature } = signed(url, sms);
    const request = `${start}X-Twilio-Signature: ${signature}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    post(request, (status, givenAt) => answered(answerOf(status), givenAt));
  };
}

function answerOf(/** @type {number} */ status) {
  if (status >= 200 && status < 300) return 'taken';
  return status === 0 ? 'failed' : 'refused';
}

/**
 * The form of an SMS, and its signature: HMAC-SHA1 of the URL, then each name and value in the order of the names.
 * @param {string} url
 * @param {Sms} sms
 */
function signed(url, { sid, phone, text }) {
  const fields =
    `${url}AccountSid${ACCOUNT_SID}ApiVersion2010-04-01Body${text}From+${phone}MessageSid${sid}NumMedia0` +
    `NumSegments1SmsMessageSid${sid}SmsSid${sid}SmsStatusreceivedTo${ADDRESS}ToCountryUS`;
  const body =
    `ToCountry=US&SmsMessageSid=${sid}&NumMedia=0&SmsSid=${sid}&SmsStatus=received&Body=${text.replaceAll(' ', '+')}` +
    `&To=${encodeURIComponent(ADDRESS)}&NumSegments=1&MessageSid=${sid}&AccountSid=${ACCOUNT_SID}` +
    `&From=%2B${phone}&ApiVersion=2010-04-01`;
  return { body, signature: createHmac('sha1', AUTH_TOKEN).update(fields).digest('base64') };
}
