import type { ProviderRequest } from '../../src/providers/provider.ts';
import type { DeliveryReceipt } from '../../src/sms/message.ts';

/**
 * The rows of the contract. A provider that has no such thing skips a row, with the reason in its subject; the run prints
 * both.
 */
export type ContractRow =
  /** Each header, parameter or field that proves a call, changed in every way; 200 random byte flips. */
  | 'forged'
  /** A flipped bit in the body is noticed. Not where nothing covers the body: a token, an address list. */
  | 'body covered'
  /** A genuine call that is older than the provider's calls are believed is refused. */
  | 'stale'
  | 'wrong content type'
  | 'batch with one bad element'
  | 'long message in parts'
  | 'receipts'
  /** Our reply id comes back in receipts. Without it receipts find their reply by the provider's id. */
  | 'reply id in receipts'
  | 'rotated secret'
  | 'throttled'
  | 'opted out';

/** An MO as the provider would tell it. */
export interface SpokenMessage {
  readonly id: string;
  /** E.164, `+79160000567`. */
  readonly from: string;
  /** E.164 or a short code. */
  readonly to: string;
  readonly text: string;
}

/** A receipt as the provider would tell it. */
export interface SpokenReceipt {
  readonly replyId: string;
  readonly providerMessageId: string;
  readonly status: Extract<DeliveryReceipt['status'], 'sent' | 'delivered' | 'undelivered' | 'failed'>;
  readonly to: string;
}

/** A call of the provider's to our webhook, not yet signed. */
export interface UnsignedCall {
  readonly method?: 'GET' | 'POST';
  /** With its `?`; absent: none. */
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Where a call's proof lies. */
export interface ProofPlaces {
  /** In lower case. */
  readonly headers?: readonly string[];
  /** Names of parameters in the query. */
  readonly query?: readonly string[];
  /** Names of fields in the body. */
  readonly body?: readonly string[];
}

/** A request that our `send` made, as the provider's API saw it. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** An answer of the provider's API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The provider's API, spoken by the fake that the contract runs on this machine. */
export interface SpokenApi {
  /** The options that lead to the fake: `{ apiBaseUrl: origin }`, whatever the provider calls it. */
  readonly at: (origin: string) => Readonly<Record<string, unknown>>;
  /** What a request asks to be sent; undefined when it is no request for an SMS. Also checks the credentials it carries. */
  readonly read: (
    request: SeenRequest,
  ) => { readonly from: string; readonly to: string; readonly text: string } | undefined;
  /** The answers that mean each outcome. The MT is the one that was asked for. */
  readonly accepted: (providerMessageId: string, to: string) => ApiAnswer;
  readonly throttled?: ApiAnswer;
  /** Surely not taken. */
  readonly transient: ApiAnswer;
  /** Never to be taken, for no fault of the account's. */
  readonly rejected: ApiAnswer;
  readonly optedOut?: ApiAnswer;
  /** May have been taken. */
  readonly unknown: ApiAnswer;
}

/** What the contract has to know of a provider. Its recorded calls lie in `fixtures/<name>/`, one file each. */
export interface Subject {
  /** Valid options, as they stand in the configuration; their secret is the one that the recorded calls are signed with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The option that holds the secret. */
  readonly secretOption: string;
  /** The same options while secrets are rotated, the present one second; absent when the provider knows a single secret. */
  readonly rotating?: Readonly<Record<string, unknown>>;
  readonly proof: ProofPlaces;
  /**
   * The call with its proof, replacing one that it has. Not made by the code under test where that can be helped.
   * `at`: when it is signed, in ms since 1970.
   */
  readonly sign: (request: ProviderRequest, secret: string, at: number) => ProviderRequest;
  /** As the provider would post it; `at` in ms since 1970. */
  readonly message: (message: SpokenMessage, at: number) => UnsignedCall;
  /** False of a text that the provider's transport cannot carry, such as NUL in XML; absent: it carries every text. */
  readonly carries?: (text: string) => boolean;
  /** The same SMS in parts of the given texts. */
  readonly parts?: (
    message: Omit<SpokenMessage, 'text'>,
    texts: readonly string[],
    at: number,
  ) => readonly UnsignedCall[];
  /** Several SMS in one call. */
  readonly batch?: (messages: readonly SpokenMessage[], at: number) => UnsignedCall;
  /** A batch in which the element at `index` cannot be read. */
  readonly brokenBatch?: (messages: readonly SpokenMessage[], index: number, at: number) => UnsignedCall;
  readonly receipt?: (receipt: SpokenReceipt, at: number) => UnsignedCall;
  /** Absent when the provider has no API of its own that we call. */
  readonly api?: SpokenApi;
  readonly skips: Partial<Readonly<Record<ContractRow, string>>>;
}
