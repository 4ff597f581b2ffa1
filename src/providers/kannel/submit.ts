import { isGsm7 } from '../../sms/gsm7.ts';
import type { MobileTerminated } from '../../sms/message.ts';
import { provenUrl, type UrlProof } from '../url-proof.ts';
import { wholeMinutes } from '../whole-minutes.ts';

/** What a submission needs beside the credentials. */
export interface Submission {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The receipts that are asked for: 1 delivered, 2 not delivered, 8 taken by the SMSC, 16 refused by it. Not 4, that it
 * waits there: it says no more than 8.
 */
const RECEIPTS = 1 + 2 + 8 + 16;

/** Unasked, Kannel takes a text for 7 bits and makes a `?` of each character that has none. */
const CODING = { gsm7: '0', ucs2: '2' } as const;

/**
 * The message as Kannel's `sendsms` takes it by POST: the text as the body and the rest in headers. A form it does not
 * take, and a GET would write the phone and the password into logs. Kannel splits long texts itself.
 */
export function submission(
  { replyId, from, to, text, validitySeconds }: MobileTerminated,
  webhookUrl: string,
  settings: UrlProof & { readonly smsc?: string },
): Submission {
  const headers = {
    'x-kannel-from': from,
    'x-kannel-to': to,
    'x-kannel-coding': isGsm7(text) ? CODING.gsm7 : CODING.ucs2,
    'x-kannel-dlr-mask': String(RECEIPTS),
    'x-kannel-dlr-url': provenUrl(webhookUrl, settings, `reply=${replyId}&status=%d&answer=%A`),
    ...(validitySeconds !== undefined && { 'x-kannel-validity': wholeMinutes(validitySeconds) }),
    ...(settings.smsc !== undefined && { 'x-kannel-smsc': settings.smsc }),
  };
  return { headers, body: text };
}
