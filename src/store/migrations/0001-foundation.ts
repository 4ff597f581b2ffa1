import { type Kysely, sql } from 'kysely';

/**
 * The tables of the main job. A partial unique index, not code, is what keeps one card with one phone, and the unique
 * key on (channel, provider_message_id) is what makes a repeated webhook harmless for ever.
 *
 * `inbox` and `replies` are partitioned by month; `partitions.ts` makes their partitions. An id of theirs holds the
 * millisecond it was made in, and 20 bits of one sequence below it: a month is a range of ids, and ids are in order of
 * arrival. They fit a positive bigint until the year 2248.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  'CREATE SEQUENCE message_ids',
  `CREATE FUNCTION new_message_id() RETURNS bigint LANGUAGE sql VOLATILE
    RETURN (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint << 20) | (nextval('message_ids') & 1048575)`,
  `CREATE TABLE inbox (
    id bigint PRIMARY KEY DEFAULT new_message_id(),
    channel text NOT NULL COLLATE "C",
    provider_message_id text NOT NULL COLLATE "C",
    program text COLLATE "C",
    sender text COLLATE "C",
    sender_raw text NOT NULL COLLATE "C",
    country text,
    recipient text NOT NULL COLLATE "C",
    text text NOT NULL,
    raw bytea,
    script text,
    opt_out text,
    intent jsonb,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'done', 'quarantined')),
    attempts smallint NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sweep_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '8 seconds',
    outcome text,
    silence text,
    done_at timestamptz,
    error text
  ) PARTITION BY RANGE (id)`,
  `CREATE INDEX inbox_to_sweep ON inbox (sweep_at) WHERE state = 'received'`,
  `CREATE INDEX inbox_waiting ON inbox (received_at) WHERE state = 'received'`,
  `CREATE INDEX inbox_of_sender ON inbox (sender, id)`,
  `CREATE INDEX inbox_of_unknown_sender ON inbox (sender_raw) WHERE sender IS NULL`,
  `CREATE INDEX inbox_with_body ON inbox (id) WHERE raw IS NOT NULL`,
  `CREATE TABLE inbound_ids (
    channel text NOT NULL COLLATE "C",
    provider_message_id text NOT NULL COLLATE "C",
    inbox_id bigint,
    PRIMARY KEY (channel, provider_message_id)
  )`,
  `CREATE TABLE long_messages (
    id uuid PRIMARY KEY,
    channel text NOT NULL COLLATE "C",
    sender text COLLATE "C",
    sender_raw text NOT NULL COLLATE "C",
    recipient text NOT NULL COLLATE "C",
    reference text NOT NULL COLLATE "C",
    total integer NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    read_at timestamptz,
    is_repetition boolean NOT NULL DEFAULT false,
    inbox_id bigint
  ) WITH (fillfactor = 80)`,
  `CREATE INDEX long_messages_of_key ON long_messages (channel, sender_raw, recipient, reference, total)`,
  `CREATE INDEX long_messages_overdue ON long_messages (due_at) WHERE read_at IS NULL`,
  `CREATE INDEX long_messages_of_inbox ON long_messages (inbox_id) WHERE inbox_id IS NOT NULL`,
  `CREATE INDEX long_messages_of_sender ON long_messages (sender, sender_raw) WHERE inbox_id IS NULL`,
  `CREATE TABLE message_parts (
    channel text NOT NULL COLLATE "C",
    provider_message_id text NOT NULL COLLATE "C",
    long_message_id uuid NOT NULL REFERENCES long_messages (id),
    position integer NOT NULL,
    text bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, provider_message_id),
    CONSTRAINT message_parts_one_per_place UNIQUE (long_message_id, position)
  )`,
  `CREATE TABLE cards (
    program text NOT NULL COLLATE "C",
    number text NOT NULL COLLATE "C",
    status text NOT NULL DEFAULT 'issued' CHECK (status IN ('issued', 'awaiting-check', 'active', 'blocked', 'replaced')),
    replaced_by text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (program, number)
  ) WITH (fillfactor = 90)`,
  `CREATE TABLE bindings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program text NOT NULL COLLATE "C",
    card text NOT NULL COLLATE "C",
    phone text COLLATE "C",
    proof text NOT NULL CHECK (proof IN ('sms', 'code', 'operator', 'cashier')),
    actor text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    closed_by text,
    CONSTRAINT bindings_open_has_phone CHECK (phone IS NOT NULL OR closed_at IS NOT NULL),
    CONSTRAINT bindings_card FOREIGN KEY (program, card) REFERENCES cards (program, number)
  )`,
  `CREATE UNIQUE INDEX bindings_one_phone_per_card ON bindings (program, card) WHERE closed_at IS NULL`,
  `CREATE UNIQUE INDEX bindings_one_card_per_phone ON bindings (program, phone) WHERE closed_at IS NULL`,
  `CREATE INDEX bindings_closed_of_card ON bindings (program, card) WHERE closed_at IS NOT NULL`,
  `CREATE INDEX bindings_closed_of_phone ON bindings (program, phone) WHERE closed_at IS NOT NULL`,
  `CREATE TABLE phones (
    program text NOT NULL COLLATE "C",
    phone text NOT NULL COLLATE "C",
    locale text,
    opted_out_at timestamptz,
    failed_at timestamptz[] NOT NULL DEFAULT '{}',
    replied_at timestamptz[] NOT NULL DEFAULT '{}',
    told_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (program, phone)
  ) WITH (fillfactor = 80)`,
  `CREATE TABLE offers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program text NOT NULL COLLATE "C",
    kind text NOT NULL CHECK (kind IN ('switch', 'release')),
    phone text NOT NULL COLLATE "C",
    card text NOT NULL COLLATE "C",
    newcomer text COLLATE "C",
    code text NOT NULL,
    tries_left smallint NOT NULL,
    inbound_id bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    result text CHECK (result IN ('taken', 'expired', 'exhausted', 'superseded')),
    newcomer_told_at timestamptz,
    CHECK ((kind = 'release') = (newcomer IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX offers_one_live_per_phone ON offers (program, phone) WHERE closed_at IS NULL`,
  `CREATE INDEX offers_of_phone ON offers (program, phone)`,
  `CREATE INDEX offers_of_newcomer ON offers (program, newcomer) WHERE newcomer IS NOT NULL`,
  // Volatile, so that it reads what is committed when it is called: a statement that first locks rows and then calls it
  // does not see their ties as they were before it waited for the locks.
  `CREATE FUNCTION ties_of(of_program text, phones text[], cards text[]) RETURNS TABLE (
    card text, phone text, kind text, newcomer text, code text, tries_left smallint, expires_at timestamptz
  ) LANGUAGE plpgsql VOLATILE AS $$
  BEGIN
    RETURN QUERY
      SELECT b.card, b.phone, 'binding', NULL::text, NULL::text, NULL::smallint, NULL::timestamptz
      FROM bindings b WHERE b.program = of_program AND b.phone = ANY (phones) AND b.closed_at IS NULL
      UNION ALL
      SELECT b.card, b.phone, 'binding', NULL, NULL, NULL, NULL
      FROM bindings b WHERE b.program = of_program AND b.card = ANY (cards) AND b.closed_at IS NULL
      UNION ALL
      SELECT o.card, o.phone, o.kind, o.newcomer, o.code, o.tries_left, o.expires_at
      FROM offers o WHERE o.program = of_program AND o.phone = ANY (phones) AND o.closed_at IS NULL;
  END $$`,
  `CREATE INDEX offers_to_tell ON offers (expires_at) WHERE kind = 'release' AND newcomer_told_at IS NULL`,
  `CREATE TABLE replies (
    id bigint PRIMARY KEY DEFAULT new_message_id(),
    inbound_id bigint,
    slot smallint NOT NULL DEFAULT 0,
    program text NOT NULL COLLATE "C",
    channel text NOT NULL COLLATE "C",
    sender text NOT NULL COLLATE "C",
    recipient text NOT NULL COLLATE "C",
    template text NOT NULL,
    locale text NOT NULL,
    variables jsonb NOT NULL,
    text text,
    segments smallint,
    status text NOT NULL DEFAULT 'queued'
      CHECK (status IN ('queued', 'sending', 'unknown', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'read')),
    attempts smallint NOT NULL DEFAULT 0,
    attempted_at timestamptz,
    lookups smallint NOT NULL DEFAULT 0,
    was_resent boolean NOT NULL DEFAULT false,
    is_begun boolean NOT NULL DEFAULT false,
    first_channel text,
    first_sender text,
    moved_because text,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sweep_at timestamptz DEFAULT clock_timestamp() + interval '8 seconds',
    provider_message_id text COLLATE "C",
    error_code text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT replies_swept_until_settled CHECK ((sweep_at IS NOT NULL) = (status IN ('queued', 'sending', 'unknown')))
  ) PARTITION BY RANGE (id)`,
  // Of columns alone that a receipt leaves as they are: then its update touches no index.
  `CREATE INDEX replies_to_sweep ON replies (sweep_at) WHERE sweep_at IS NOT NULL`,
  `CREATE INDEX replies_of_recipient ON replies (recipient, id)`,
  `CREATE INDEX replies_of_provider_id ON replies (channel, provider_message_id, id) WHERE provider_message_id IS NOT NULL`,
  `CREATE TABLE parked_receipts (
    channel text NOT NULL COLLATE "C",
    provider_message_id text NOT NULL COLLATE "C",
    status text NOT NULL,
    rank smallint NOT NULL,
    error_code text,
    is_opt_out boolean NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, provider_message_id)
  )`,
  `CREATE INDEX parked_receipts_by_age ON parked_receipts (parked_at)`,
  `CREATE TABLE reply_quota (
    program text NOT NULL COLLATE "C",
    day date NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (program, day)
  )`,
  `CREATE TABLE send_rate (
    channel text COLLATE "C" PRIMARY KEY,
    free_at timestamptz NOT NULL
  )`,
  `CREATE TABLE session_leases (
    channel text COLLATE "C" PRIMARY KEY,
    holder text,
    until timestamptz NOT NULL,
    states jsonb NOT NULL,
    unbound_since timestamptz
  )`,
  `CREATE TABLE cases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program text COLLATE "C",
    kind text NOT NULL COLLATE "C" CHECK (kind IN ('card-has-another-phone', 'phone-has-another-card', 'send-unknown', 'quarantined')),
    inbound_id bigint,
    reply_id bigint,
    card text COLLATE "C",
    phone text COLLATE "C",
    opened_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolution text
  )`,
  `CREATE INDEX cases_open ON cases (program, opened_at) WHERE resolved_at IS NULL`,
  `CREATE INDEX cases_of_reply ON cases (reply_id) WHERE resolved_at IS NULL AND reply_id IS NOT NULL`,
  `CREATE UNIQUE INDEX cases_one_open_per_matter ON cases (program, kind, card, phone)
    WHERE resolved_at IS NULL AND card IS NOT NULL`,
  `CREATE TABLE audit_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    program text NOT NULL COLLATE "C",
    actor text NOT NULL,
    action text NOT NULL,
    card text COLLATE "C",
    phone text COLLATE "C",
    phone_salt uuid,
    phone_mark text,
    before jsonb,
    after jsonb
  )`,
  `CREATE INDEX audit_events_of_card ON audit_events (card) WHERE card IS NOT NULL`,
  `CREATE INDEX audit_events_of_phone ON audit_events (phone) WHERE phone IS NOT NULL`,
  `CREATE INDEX audit_events_in_order ON audit_events (txid, id)`,
  `CREATE TABLE audit_chain (
    position bigint PRIMARY KEY,
    event_id bigint NOT NULL UNIQUE,
    txid xid8 NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now()
  )`,
];
