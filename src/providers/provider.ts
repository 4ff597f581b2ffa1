import type { ObjectSchema } from 'joi';
import type { DeliveryReceipt, MobileOriginated, MobileTerminated } from '../sms/message.ts';

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
 * - `transient`: the provider surely did not take it; try again with backoff.
 * - `rejected`: it will never take it; `isOptOut` when that is because the recipient opted out.
 * - `unknown`: the request left and no answer came. It may have been sent: never retried blindly.
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly providerMessageId: string }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number }
  | { readonly kind: 'transient'; readonly code: string }
  | { readonly kind: 'rejected'; readonly code: string; readonly isOptOut: boolean }
  | { readonly kind: 'unknown'; readonly code: string };

/** What `cardwake doctor` learns from a harmless call. */
export type CredentialCheck = { readonly kind: 'ok' } | { readonly kind: 'failed'; readonly advice: string };

/** A company or gateway we exchange SMS with, for one configured channel. Created by its own file's function. */
export interface Provider {
  /** Judges and reads a call. Pure: no I/O, no clock but the one given at creation. Never throws. */
  receive(request: ProviderRequest): Reception;
  /** Hands one MT over. Never throws and never retries; honours the signal before the request has left. */
  send(message: MobileTerminated, signal: AbortSignal): Promise<SendOutcome>;
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
}

/** A provider as the registry knows it: the schema of its options and the function that makes it. */
export interface ProviderDefinition<Options> {
  /** A joi schema for what stands beside the common keys of the channel in `cardwake.yaml`. Secrets are required. */
  readonly options: ObjectSchema<Options>;
  create(channel: ChannelIdentity, options: Options, neighbours: Neighbours): Provider;
}
