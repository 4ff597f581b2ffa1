/**
 * The glossary. These words, and no synonyms, are used in code, documents and messages.
 *
 * - **MO** (mobile originated): an SMS from a customer to us. **MT** (mobile terminated): an SMS from us to a phone.
 * - **MSISDN**: a subscriber's number in **E.164** (`+79161234567`); the only form a phone takes inside. See `msisdn.ts`.
 * - **sender ID**: what an SMS names as its origin: an MSISDN, a **short code** (3 to 8 digits), a **long code**
 *   (an ordinary number rented by us) or an alphanumeric name of up to 11 characters, which cannot be answered.
 * - **address**: a short or long code of ours that customers text. Addresses belong to a channel.
 * - **keyword**: a first word that tells programmes on one address apart.
 * - **segment**: what one MT is billed by: 160 GSM-7 or 70 UCS-2 characters, 153 or 67 each when there are several,
 *   because each then carries a **UDH** (user data header). See `segment.ts`.
 * - **DLR** (delivery receipt): a provider's word about an MT. A DLR moves a status forward only.
 * - **provider**: a company or gateway we exchange SMS with. **channel**: one account at one provider, as configured.
 * - **rehearsal**: a channel's time before it goes live: it takes SMS, and nothing it answers is sent. See `rehearsal.ts`.
 * - **send**: our own step of handing an MT to a provider. **delivered** is a DLR state, never our claim.
 * - **throttled**: the provider asked us to slow down; no attempt is used up.
 * - **attempt**: one send that got, or may have got, an answer. **backoff**: the wait before the next.
 * - **binding**: the union of a card and a phone. (SMPP's "bind" is a session and stays in `providers/smpp`.)
 * - **inbox**: received MO, before anything is decided. **outbox**: replies decided but not yet sent (`replies`).
 * - **idempotency key**: what makes a repeated request the same request; for an MO: channel and provider message id.
 * - **ESME**, **SMSC**, **submit_sm**, **deliver_sm**: the two sides of SMPP and its two message PDUs.
 */

import type { Msisdn } from './msisdn.ts';

/** What a customer's phone or the network asked about all further SMS, when the provider itself understood it. */
export type OptOutKind = 'STOP' | 'START' | 'HELP';

/** One SMS from a customer, as its provider told it: nothing here has been judged yet. */
export interface MobileOriginated {
  /** The provider's id: with the channel it is the idempotency key, for ever. */
  readonly providerMessageId: string;
  /** The sender ID as it came; it may be alphanumeric, a short code or a national form. */
  readonly from: string;
  /** The address of ours that was texted, as it came. */
  readonly to: string;
  /** The text as it came; may be empty, hostile or hold NUL. */
  readonly text: string;
  /** Set when the provider has itself handled, and answered, a STOP, START or HELP. */
  readonly optOut?: OptOutKind;
}

/**
 * One part of a long MO, from a provider that hands parts on as they come. The parts of one SMS share channel, `from`,
 * `to`, `reference` and `total`; the store joins them, in any order, and reads what came when some never do.
 */
export interface MessagePart {
  /** The part's own id, unlike that of any other part. */
  readonly providerMessageId: string;
  readonly from: string;
  readonly to: string;
  /** What the sending phone marked the parts with; phones count it up to 255 or 65,535 and begin again. */
  readonly reference: string;
  /** Parts of the whole, 2 to 255. */
  readonly total: number;
  /** This part's place, from 1. */
  readonly position: number;
  /**
   * May begin or end with half of a surrogate pair, whose other half is in the neighbouring part, and may end with U+001B:
   * a GSM-7 escape whose character begins the next.
   */
  readonly text: string;
}

/** One SMS from us to a phone, ready to be handed to a provider. */
export interface MobileTerminated {
  /** Our reply's row id, in decimal: goes with the MT so that its receipt finds the row. */
  readonly replyId: string;
  /** The address it is sent from: the one that the customer texted. */
  readonly from: string;
  readonly to: Msisdn;
  readonly text: string;
  /** Later than this the provider shall not deliver it any more; absent: as long as the provider likes. In seconds. */
  readonly validitySeconds?: number;
}

/** The states of a reply, in the order they may be passed through; a DLR or an answer moves forward only. */
export const REPLY_STATUS_RANK = {
  queued: 0,
  sending: 1,
  unknown: 1,
  accepted: 2,
  sent: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  read: 5,
} as const;

/** Where a reply stands. `unknown`: the request left and no answer came; `failed`: it will not be tried again. */
export type ReplyStatus = keyof typeof REPLY_STATUS_RANK;

/** What a provider says of an MT after it accepted it. */
export interface DeliveryReceipt {
  /** Our own id, when the provider gave it back. */
  readonly replyId?: string;
  readonly providerMessageId: string;
  readonly status: Extract<ReplyStatus, 'accepted' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'read'>;
  /** The provider's error code, as text. */
  readonly errorCode?: string;
  /** True when the code says that the recipient has opted out. */
  readonly isOptOut: boolean;
}
