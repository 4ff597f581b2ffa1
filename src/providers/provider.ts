import type { ObjectSchema } from 'joi';
import type { DeliveryReceipt, MessagePart, MobileOriginated, MobileTerminated } from '../sms/message.ts';

/** A provider's HTTP call to us, before anything is believed. */
export interface ProviderRequest {
  readonly method: string;
  /** The configured public URL of the channel's webhook with the request's own query string: what signatures cover. */
  readonly url: string;
  /** Names in lower case; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body as it came over the wire, at most 64 KB. */
  readonly body: Buffer;
  readonly remoteAddress: string;
}

/** One thing that a provider's call tells. A batch tells several. */
export type Received =
  | { readonly kind: 'message'; readonly message: MobileOriginated }
  | { readonly kind: 'part'; readonly part: MessagePart }
  | { readonly kind: 'receipt'; readonly receipt: DeliveryReceipt }
  /** Authentic but not understood: kept raw, counted, looked at. The id is made from the body when there is none. */
  | { readonly kind: 'unreadable'; readonly providerMessageId: string; readonly reason: string };

/** What the provider wants to hear once everything is committed. */
export interface Acknowledgement {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The verdict on a provider's call. `forged` becomes 403 and nothing is stored. */
export type Reception =
  | { readonly kind: 'forged'; readonly reason: string }
  | { readonly kind: 'authentic'; readonly received: readonly Received[]; readonly acknowledgement: Acknowledgement };

/**
 * What came of handing an MT to a provider, told by what the caller should do next.
 * - `accepted`: done; a DLR may follow.
 * - `throttled`: wait; no attempt is used up.
 * - `transient`: the provider surely did not take it; try again with backoff. `cause` where it is known whom it concerns.
 * - `rejected`: it will never take it; `isOptOut` when that is because the recipient opted out, `isOfRoute` when this
 *   channel cannot reach the recipient or may not (no route, no permission, a sender that is not allowed), so that another
 *   channel might.
 * - `unknown`: the request left and no answer came. It may have been sent: never retried blindly.
 *
 * `isBegun`: parts of it are out, or may be, so only this channel may finish it, whose provider knows how: on another the
 * customer would get the whole beside the beginning. A `transient` one may then have been taken in part; sent again it
 * still comes out once.
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly providerMessageId: string }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number; readonly isBegun?: true }
  | { readonly kind: 'transient'; readonly code: string; readonly cause?: TransientCause; readonly isBegun?: true }
  | { readonly kind: 'rejected'; readonly code: string; readonly isOptOut: boolean; readonly isOfRoute?: true }
  | { readonly kind: 'unknown'; readonly code: string; readonly isBegun?: true };

/**
 * Whom a passing trouble concerns, where the provider's answer says so; what it does not say is judged by what becomes of
 * the other sends.
 * - `account`: credentials, credit or the account's state: nothing of this channel is taken until somebody mends it.
 * - `no-session`: there is no session to send over.
 * - `recipient`: this phone has to wait, others need not.
 */
export type TransientCause = 'account' | 'no-session' | 'recipient';

/** An MT of which nobody knows whether it was taken. */
export interface UnansweredSend extends MobileTerminated {
  /** When the attempt began. */
  readonly attemptedAt: Date;
}

/**
 * What the provider itself says of an unanswered send.
 * - `found`: it has it; the receipt says how far it got.
 * - `absent`: it surely never took it, so it may be sent again.
 * - `unclear`: it cannot tell, or not yet, or did not answer.
 */
export type LookupOutcome =
  | { readonly kind: 'found'; readonly receipt: DeliveryReceipt }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unclear'; readonly code: string };

/**
 * What `cardwake doctor` learns from harmless calls. `warnings`: settings at the provider that would lose messages, each
 * a sentence with what to do.
 */
export type CredentialCheck =
  | { readonly kind: 'ok'; readonly warnings?: readonly string[] }
  | { readonly kind: 'failed'; readonly advice: string };

/** What a provider that speaks over sessions calls in the other direction. */
export interface SessionDoor {
  /** Resolves once all of it is committed: only then may it be acknowledged. `raw` is kept of what could not be read. */
  keep(received: readonly Received[], raw: Buffer): Promise<void>;
  /** Told of each change of a session's state, at once. */
  changed(session: SessionState): void;
}

/** One session of a channel, for the console and the metrics. */
export interface SessionState {
  /** `transceiver-1`, `receiver-2`. */
  readonly name: string;
  readonly state: 'closed' | 'connecting' | 'binding' | 'bound' | 'unbinding' | 'waiting';
  /** Since when it is in that state. */
  readonly since: Date;
  /** Requests whose responses are awaited. */
  readonly inFlight: number;
  /** Responses that belonged to none of our requests, since it was bound; absent: none. */
  readonly strayResponses?: number;
  /** Why it is not bound; absent when it is. */
  readonly reason?: string;
}

/** Connections that we open and the provider then talks over, as in SMPP. One process at a time holds a channel's. */
export interface Sessions {
  /**
   * Opens the sessions and keeps them open, through every failure, until `part`; then unbinds, lets what is under way
   * end, and resolves. Never rejects. `cut` may come before, after or without `part`: another process may be about to
   * begin. Nothing more is sent or taken then, nothing is waited for, and within half a second all connections are closed.
   */
  run(door: SessionDoor, part: AbortSignal, cut: AbortSignal): Promise<void>;
  states(): readonly SessionState[];
  /** True while there is a session to send over. */
  canSend(): boolean;
}

/** A company or gateway we exchange SMS with, for one configured channel. Created by its own file's function. */
export interface Provider {
  /** The methods its webhook is called with; absent: POST alone. What is called with another is refused at the door. */
  readonly methods?: readonly ('GET' | 'POST')[];
  /** Judges and reads a call. Pure: no I/O, no clock but the one given at creation. Never throws. */
  receive(request: ProviderRequest): Reception;
  /** Hands one MT over. Never throws and never retries; honours the signal before the request has left. */
  send(message: MobileTerminated, signal: AbortSignal): Promise<SendOutcome>;
  /** Asks what became of a send that was never answered. Absent: the provider cannot tell. Never throws. */
  lookup?(message: UnansweredSend, signal: AbortSignal): Promise<LookupOutcome>;
  /** Set when SMS come and go over sessions that we open: then `receive` is never called, and `send` needs `run`. */
  readonly sessions?: Sessions;
  /** Proves the credentials without sending anything. */
  check(): Promise<CredentialCheck>;
  /** Closes kept-alive connections. */
  close(): Promise<void>;
}

/** The neighbours of a provider, given at creation so that tests can stand in for the outside world. */
export interface Neighbours {
  readonly now: () => number;
}

/** What every provider is told of its channel. */
export interface ChannelIdentity {
  /** The key in the configuration file. */
  readonly key: string;
  /** `publicUrl` + `/webhooks/` + key: where this channel's provider calls us. */
  readonly webhookUrl: string;
  /** Our own addresses on this channel, in E.164 or as short codes. */
  readonly addresses: readonly string[];
  /** How fast the account may send. The send job keeps it by replies; a provider that splits them, by what it writes. */
  readonly messagesPerSecond?: number;
}

/** A provider as the registry knows it: the schema of its options and the function that makes it. */
export interface ProviderDefinition<Options> {
  /** A joi schema for what stands beside the common keys of the channel in `cardwake.yaml`. Secrets are required. */
  readonly options: ObjectSchema<Options>;
  /** True when SMS come over sessions alone: such a channel needs no `publicUrl`. */
  readonly hasNoWebhook?: true;
  create(channel: ChannelIdentity, options: Options, neighbours: Neighbours): Provider;
}
