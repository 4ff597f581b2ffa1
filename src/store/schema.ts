import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Proof } from '../activation/proof.ts';
import type { CardStatus, OfferResult } from '../activation/world.ts';
import type { ReplyStatus } from '../sms/message.ts';
import type { MemberTables } from './member-tables.ts';

/** Row types of every table, for kysely. A `bigint` travels as a decimal string: it does not fit a JavaScript number. */
export interface Tables extends MemberTables {
  inbox: InboxTable;
  inbound_ids: InboundIdsTable;
  long_messages: LongMessagesTable;
  message_parts: MessagePartsTable;
  cards: CardsTable;
  bindings: BindingsTable;
  phones: PhonesTable;
  offers: OffersTable;
  replies: RepliesTable;
  parked_receipts: ParkedReceiptsTable;
  reply_quota: { program: string; day: string; used: number };
  send_rate: { channel: string; free_at: Date };
  session_leases: SessionLeasesTable;
  cases: CasesTable;
  audit_events: AuditEventsTable;
  audit_chain: AuditChainTable;
}

type Id = Generated<string>;
type WithDefault<T> = ColumnType<T, T | undefined, T>;

interface InboxTable {
  id: Id;
  channel: string;
  provider_message_id: string;
  program: string | null;
  /** E.164, when the sender ID is a phone that may take part. */
  sender: string | null;
  sender_raw: string;
  country: string | null;
  recipient: string;
  text: string;
  /** The body as it came, kept when it could not be read or the text had to be cleaned. */
  raw: Buffer | null;
  script: string | null;
  opt_out: string | null;
  intent: JSONColumnType<object> | null;
  received_at: WithDefault<Date>;
  state: WithDefault<'received' | 'done' | 'quarantined'>;
  attempts: WithDefault<number>;
  next_attempt_at: WithDefault<Date>;
  sweep_at: WithDefault<Date>;
  outcome: string | null;
  silence: string | null;
  done_at: Date | null;
  error: string | null;
}

/** The id of every SMS that ever came; rows of months that were dropped stay. */
interface InboundIdsTable {
  channel: string;
  provider_message_id: string;
  /** Null for a part of a long SMS that was read into nothing. */
  inbox_id: string | null;
}

/** An SMS that came in parts; rows of the same key are different SMS, under a reference that was used again. */
interface SessionLeasesTable {
  channel: string;
  /** Null: given back. */
  holder: string | null;
  until: Date;
  states: unknown;
  /** Since when not every session is bound; null: all are. */
  unbound_since: Date | null;
}

interface LongMessagesTable {
  id: string;
  channel: string;
  /** E.164, when the sender ID is a phone that may take part. */
  sender: string | null;
  sender_raw: string;
  recipient: string;
  reference: string;
  total: number;
  began_at: WithDefault<Date>;
  /** When it is read without the parts that did not come. */
  due_at: Date;
  read_at: Date | null;
  /** All its parts had been read before, under other ids: it was closed unread. */
  is_repetition: WithDefault<boolean>;
  /** What it was read into. */
  inbox_id: string | null;
}

interface MessagePartsTable {
  channel: string;
  provider_message_id: string;
  long_message_id: string;
  position: number;
  /** UTF-16, big-endian: a part may end in the middle of a surrogate pair, which `text` cannot hold. */
  text: Buffer;
  received_at: WithDefault<Date>;
}

interface CardsTable {
  program: string;
  number: string;
  status: WithDefault<CardStatus>;
  replaced_by: string | null;
  created_at: WithDefault<Date>;
  updated_at: WithDefault<Date>;
}

interface BindingsTable {
  id: Id;
  program: string;
  card: string;
  /** Null once erased, which only a closed binding can be. */
  phone: ColumnType<string | null, string, string | null>;
  proof: Proof;
  /** `sms:<inbox id>`, `operator:<name>`, `cli:<user>`. */
  actor: string;
  opened_at: WithDefault<Date>;
  closed_at: Date | null;
  closed_by: string | null;
}

interface PhonesTable {
  program: string;
  phone: string;
  locale: string | null;
  opted_out_at: Date | null;
  /** When this phone's latest failed attempts were, oldest first; at most as many as the limit. */
  failed_at: WithDefault<Date[]>;
  /** When this phone's latest replies were made, oldest first; at most as many as the limit. */
  replied_at: WithDefault<Date[]>;
  /** Until when the phone was told to wait, once it made too many attempts. */
  told_until: Date | null;
  created_at: WithDefault<Date>;
}

interface OffersTable {
  id: Id;
  program: string;
  kind: 'switch' | 'release';
  /** Who must send the code back. */
  phone: string;
  /** The card that is asked for. */
  card: string;
  /** For a release: who asks for it. */
  newcomer: string | null;
  code: string;
  tries_left: number;
  inbound_id: string;
  made_at: WithDefault<Date>;
  expires_at: Date;
  closed_at: Date | null;
  result: OfferResult | null;
  /** For a release: when the newcomer learned how it ended. */
  newcomer_told_at: Date | null;
}

interface RepliesTable {
  id: Id;
  inbound_id: string | null;
  /** 0: to the author of the SMS; 1 and up: to somebody else because of it. */
  slot: WithDefault<number>;
  program: string;
  channel: string;
  sender: string;
  recipient: string;
  template: string;
  locale: string;
  variables: JSONColumnType<object>;
  text: string | null;
  segments: number | null;
  status: WithDefault<ReplyStatus>;
  attempts: WithDefault<number>;
  /** When the latest attempt began. */
  attempted_at: WithDefault<Date | null>;
  /** How often the provider was asked what became of that attempt. */
  lookups: WithDefault<number>;
  /** It was sent again although it may have gone out, as the channel's policy wants; that happens once. */
  was_resent: WithDefault<boolean>;
  /** Parts of it are out, or may be: only its own channel may finish it. */
  is_begun: WithDefault<boolean>;
  /** The channel and the address of ours that it had before it moved to the fallback; that happens once. */
  first_channel: WithDefault<string | null>;
  first_sender: WithDefault<string | null>;
  /** Why it moved: the provider's code, or `circuit-open`. */
  moved_because: WithDefault<string | null>;
  next_attempt_at: WithDefault<Date>;
  /** When the sweeper looks at it; `infinity` while an operator has it, null once it is settled. */
  sweep_at: WithDefault<Date | null>;
  provider_message_id: string | null;
  error_code: string | null;
  created_at: WithDefault<Date>;
  accepted_at: Date | null;
  finished_at: Date | null;
}

/** A receipt whose reply does not have its provider's id yet. */
interface ParkedReceiptsTable {
  channel: string;
  provider_message_id: string;
  status: string;
  rank: number;
  error_code: string | null;
  is_opt_out: boolean;
  parked_at: WithDefault<Date>;
}

interface CasesTable {
  id: Id;
  program: string | null;
  kind: 'card-has-another-phone' | 'phone-has-another-card' | 'send-unknown' | 'quarantined';
  inbound_id: string | null;
  reply_id: string | null;
  card: string | null;
  phone: string | null;
  opened_at: WithDefault<Date>;
  resolved_at: Date | null;
  resolution: string | null;
}

interface AuditEventsTable {
  id: Id;
  txid: Generated<string>;
  at: WithDefault<Date>;
  program: string;
  actor: string;
  action: string;
  card: string | null;
  /** Null once erased; the mark stays. */
  phone: string | null;
  /** What hides the phone in the mark; null once erased. */
  phone_salt: ColumnType<string | null, string | null | undefined, string | null>;
  /** What the chain seals instead of the phone; see `audit-hash.ts`. */
  phone_mark: ColumnType<string | null, string | null | undefined, string | null>;
  before: JSONColumnType<object> | null;
  after: JSONColumnType<object> | null;
}

interface AuditChainTable {
  position: string;
  event_id: string;
  txid: string;
  hash: Buffer;
  sealed_at: WithDefault<Date>;
}
