import { createHmac } from 'node:crypto';
import type { MobileTerminated } from '../../sms/message.ts';

/**
 * The id that we give a message at Infobip: the same for each attempt at one reply, so that Infobip refuses a second one
 * and the logs can be asked for it. Another installation on the same account begins its reply ids at 1 too, so a hash tells
 * them apart; it is keyed by the API key, because a bare hash of a phone can be undone. At most 35 characters.
 */
export function messageIdOf({ replyId, from, to, text }: MobileTerminated, apiKey: string): string {
  const content = JSON.stringify([replyId, from, to, text]);
  return `${replyId}-${createHmac('sha256', apiKey).update(content).digest('hex').slice(0, 16)}`;
}
