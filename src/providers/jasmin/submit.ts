import { isGsm7 } from '../../sms/gsm7.ts';
import type { MobileTerminated } from '../../sms/message.ts';
import { provenUrl, type UrlProof } from '../url-proof.ts';
import { wholeMinutes } from '../whole-minutes.ts';

/**
 * The form for Jasmin's `/send`. Jasmin turns `content` of coding 0 into GSM-7 itself; UCS-2 it wants in hex. It splits
 * long texts, into `long_content_max_parts` at most. Level 3: receipts of the SMSC and of the phone.
 */
export function submission(
  { replyId, from, to, text, validitySeconds }: MobileTerminated,
  webhookUrl: string,
  settings: UrlProof & { readonly username: string; readonly password: string },
): string {
  return new URLSearchParams({
    username: settings.username,
    password: settings.password,
    from,
    to,
    ...(isGsm7(text) ? { coding: '0', content: text } : { coding: '8', 'hex-content': ucs2Hex(text) }),
    dlr: 'yes',
    'dlr-url': provenUrl(webhookUrl, settings, `reply=${replyId}`),
    'dlr-level': '3',
    'dlr-method': 'POST',
    ...(validitySeconds !== undefined && { 'validity-period': wholeMinutes(validitySeconds) }),
  }).toString();
}

function ucs2Hex(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('hex');
}
