import { type Kysely, sql } from 'kysely';

/**
 * The other ways to activate: members with their profiles, enrolments that wait for a code or an operator, API keys with
 * their idempotency, and the outbox of events for the loyalty back end.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Version 7 of RFC 9562. Members are made by every first SMS: at random places of an index of millions each of them would
  // write a page of its own. Postgres has it only from 18 on.
  `CREATE FUNCTION time_ordered_uuid() RETURNS uuid LANGUAGE sql VOLATILE
    RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1),
      'hex')::uuid`,
  `CREATE TABLE members (
    id uuid PRIMARY KEY DEFAULT time_ordered_uuid(),
    program text NOT NULL COLLATE "C",
    phone text COLLATE "C",
    phone_proof text NOT NULL DEFAULT 'none' CHECK (phone_proof IN ('none', 'sms', 'code', 'operator', 'cashier')),
    name text,
    birthday date,
    email text,
    consents jsonb NOT NULL DEFAULT '{}',
    proposed_name text,
    profile text NOT NULL DEFAULT 'incomplete' CHECK (profile IN ('incomplete', 'complete')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    CHECK ((phone IS NULL) = (erased_at IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX members_one_per_phone ON members (program, phone) WHERE erased_at IS NULL`,
  `CREATE INDEX members_incomplete ON members (program, created_at, id) WHERE profile = 'incomplete' AND erased_at IS NULL`,
  `CREATE TABLE enrolments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    program text NOT NULL COLLATE "C",
    way text NOT NULL CHECK (way IN ('till', 'website', 'questionnaire')),
    card text NOT NULL COLLATE "C",
    phone text COLLATE "C",
    profile jsonb NOT NULL DEFAULT '{}',
    consents jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('code-sent', 'awaiting-check', 'done', 'refused', 'expired')),
    outcome text,
    reason text,
    phone_proved boolean NOT NULL DEFAULT false,
    code_hash bytea,
    tries_left smallint NOT NULL DEFAULT 5,
    codes_sent smallint NOT NULL DEFAULT 0,
    code_replies bigint[] NOT NULL DEFAULT '{}',
    resend_after timestamptz,
    expires_at timestamptz,
    shop text,
    entered_by text NOT NULL,
    decided_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz
  )`,
  `CREATE INDEX enrolments_of_phone ON enrolments (program, phone)`,
  `CREATE INDEX enrolments_to_check ON enrolments (program, created_at) WHERE state = 'awaiting-check'`,
  `CREATE UNIQUE INDEX enrolments_one_check_per_card ON enrolments (program, card) WHERE state = 'awaiting-check'`,
  `CREATE INDEX enrolments_unconfirmed ON enrolments (expires_at) WHERE state IN ('code-sent', 'expired')`,
  `CREATE INDEX replies_with_code ON replies (id)
    WHERE template = 'confirm-code' AND variables ->> 'code' <> '######'`,
  `CREATE TABLE code_quota (
    program text NOT NULL COLLATE "C",
    scope text NOT NULL COLLATE "C" CHECK (scope IN ('phone', 'address', 'program')),
    subject text NOT NULL COLLATE "C",
    day date NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (program, scope, subject, day)
  )`,
  `CREATE TABLE api_keys (
    prefix text COLLATE "C" PRIMARY KEY,
    secret_hash bytea NOT NULL,
    program text NOT NULL COLLATE "C",
    shop text,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `CREATE TABLE idempotent_answers (
    key_prefix text NOT NULL COLLATE "C" REFERENCES api_keys (prefix),
    idempotency_key text NOT NULL COLLATE "C",
    request_hash bytea NOT NULL,
    status smallint,
    headers jsonb,
    body jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key_prefix, idempotency_key)
  )`,
  `CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at)`,
  `CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id uuid NOT NULL DEFAULT gen_random_uuid(),
    program text NOT NULL COLLATE "C",
    type text NOT NULL CHECK (type IN ('card.activated', 'card.switched', 'card.blocked', 'member.updated', 'member.erased')),
    subject text NOT NULL COLLATE "C",
    previous_subject text COLLATE "C",
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'given-up')),
    attempts smallint NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    first_attempt_at timestamptz,
    last_error text,
    delivered_at timestamptz
  )`,
  `CREATE INDEX events_to_deliver ON events (program, id) WHERE state = 'queued'`,
  `CREATE INDEX events_in_line ON events (program, subject, id) WHERE state = 'queued'`,
  `CREATE INDEX events_in_line_before ON events (program, previous_subject, id)
    WHERE state = 'queued' AND previous_subject IS NOT NULL`,
  `CREATE INDEX events_of_subject ON events (program, subject)`,
  `CREATE INDEX events_of_phone ON events (program, (data ->> 'phone'))`,
  `CREATE TABLE opt_outs (
    program text NOT NULL COLLATE "C",
    phone_mark bytea NOT NULL,
    opted_out_at timestamptz NOT NULL,
    PRIMARY KEY (program, phone_mark)
  )`,
  // Volatile for the same reason as ties_of.
  `CREATE FUNCTION has_opt_outs(of_program text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
  BEGIN
    RETURN EXISTS (SELECT FROM opt_outs o WHERE o.program = of_program);
  END $$`,
];
