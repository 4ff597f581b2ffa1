import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { PhoneProof } from './phone-proof.ts';

/** Row types of the tables that migration 0002 made. */
export interface MemberTables {
  members: MembersTable;
  enrolments: EnrolmentsTable;
  code_quota: { program: string; scope: 'phone' | 'address' | 'program'; subject: string; day: string; used: number };
  api_keys: ApiKeysTable;
  idempotent_answers: IdempotentAnswersTable;
  events: EventsTable;
  opt_outs: OptOutsTable;
}

type WithDefault<T> = ColumnType<T, T | undefined, T>;

interface MembersTable {
  id: Generated<string>;
  program: string;
  /** Null once erased. */
  phone: string | null;
  phone_proof: WithDefault<PhoneProof>;
  name: string | null;
  /** `YYYY-MM-DD`. */
  birthday: string | null;
  email: string | null;
  /** Consent by name, with the time it was given: `{ "marketing": "2026-01-31T10:00:00Z" }`. */
  consents: JSONColumnType<Record<string, string>, Record<string, string> | undefined>;
  /** A name that an SMS carried: for an operator to confirm, never a fact. */
  proposed_name: string | null;
  profile: WithDefault<'incomplete' | 'complete'>;
  version: WithDefault<number>;
  created_at: WithDefault<Date>;
  updated_at: WithDefault<Date>;
  erased_at: Date | null;
}

interface EnrolmentsTable {
  id: Generated<string>;
  program: string;
  way: 'till' | 'website' | 'questionnaire';
  card: string;
  phone: string | null;
  profile: JSONColumnType<object, object | undefined>;
  consents: JSONColumnType<Record<string, string>, Record<string, string> | undefined>;
  state: 'code-sent' | 'awaiting-check' | 'done' | 'refused' | 'expired';
  outcome: string | null;
  reason: string | null;
  /** A code that was sent to the phone came back. */
  phone_proved: WithDefault<boolean>;
  code_hash: Buffer | null;
  tries_left: WithDefault<number>;
  codes_sent: WithDefault<number>;
  /** The texts that carried its codes. */
  code_replies: WithDefault<string[]>;
  resend_after: Date | null;
  expires_at: Date | null;
  shop: string | null;
  /** `key:<prefix>` and, after a slash, the person who is named in the request. */
  entered_by: string;
  decided_by: string | null;
  created_at: WithDefault<Date>;
  decided_at: Date | null;
}

interface ApiKeysTable {
  prefix: string;
  secret_hash: Buffer;
  program: string;
  shop: string | null;
  name: string;
  scopes: string[];
  created_at: WithDefault<Date>;
  created_by: string;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

interface IdempotentAnswersTable {
  key_prefix: string;
  idempotency_key: string;
  request_hash: Buffer;
  /** Null while the first request is still at work. */
  status: number | null;
  headers: JSONColumnType<Record<string, string>> | null;
  body: JSONColumnType<object> | null;
  created_at: WithDefault<Date>;
}

/** What the loyalty back end is told. */
export type EventType = 'card.activated' | 'card.switched' | 'card.blocked' | 'member.updated' | 'member.erased';

interface EventsTable {
  id: Generated<string>;
  webhook_id: Generated<string>;
  program: string;
  type: EventType;
  /** The card or member whose events stay in order. */
  subject: string;
  /** The card that the subject replaces: its events, too, go first. */
  previous_subject: string | null;
  data: JSONColumnType<object>;
  at: WithDefault<Date>;
  state: WithDefault<'queued' | 'delivered' | 'given-up'>;
  attempts: WithDefault<number>;
  next_attempt_at: WithDefault<Date>;
  /** The three days of tries begin here. */
  first_attempt_at: Date | null;
  last_error: string | null;
  delivered_at: Date | null;
}

/** Opt-outs of phones that were erased. */
interface OptOutsTable {
  program: string;
  /** A keyed hash; see `opt-outs.ts`. */
  phone_mark: Buffer;
  opted_out_at: Date;
}
