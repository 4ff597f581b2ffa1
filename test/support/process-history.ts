import assert from 'node:assert/strict';
import { type Answer, type Deployment, sidOf } from './process-deployment.ts';
import { waitFor } from './wait-for.ts';

/** How a history came out, in figures. */
export interface Tally {
  readonly acknowledged: number;
  readonly activated: number;
  /** Replies that the provider confirmed. */
  readonly accepted: number;
  /** Replies of which nobody can know whether they went out. */
  readonly unknown: number;
  /** Replies that the fake took, confirmed or not. */
  readonly sent: number;
}

interface Row {
  readonly sid: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly phone: string;
  readonly reply: string | null;
  readonly slot: number | null;
  readonly status: string | null;
}

/** Resolves when every SMS is decided and no reply is on its way. */
export async function everythingEnds({ db }: Deployment, timeoutMs = 60_000): Promise<void> {
  const isOver = async () => {
    const { rows } = await db.query<{ open: number }>(
      `SELECT (SELECT count(*) FROM inbox WHERE state = 'received')::int
        + (SELECT count(*) FROM replies WHERE status IN ('queued', 'sending'))::int AS open`,
    );
    return rows[0]?.open === 0;
  };
  await waitFor(isOver, { what: 'every SMS and every reply to end', timeoutMs });
}

/**
 * Compares what the customers' side saw, what the database says and what the fake provider took:
 * - every SMS that was answered with 200 has one row with one outcome, and nothing that nobody sent has a row;
 * - every reply went out once; at most once where the provider's answer was lost, and then it is `unknown`;
 * - every activation has its binding, one card to one phone.
 */
export async function checkHistory(deployment: Deployment, answers: readonly Answer[]): Promise<Tally> {
  const rows = await readRows(deployment);
  const acknowledged = new Set(answers.filter(({ status }) => status === 200).map(({ customer }) => sidOf(customer)));
  const attempted = new Set(answers.map(({ customer }) => sidOf(customer)));
  const kept = new Set(rows.map(({ sid }) => sid));
  assertNone('acknowledged, but lost', acknowledged, (sid) => !kept.has(sid));
  assertNone('kept, but never sent', kept, (sid) => !attempted.has(sid));
  assertNone('without an outcome', rows, ({ state, outcome }) => state !== 'done' || outcome === null);
  assert.equal(rows.length, kept.size, 'one reply row for each SMS at most');
  const sent = checkReplies(deployment, rows);
  const activated = rows.filter(({ outcome }) => outcome === 'activated');
  const { rows: bound } = await deployment.db.query<{ phone: string }>(
    'SELECT phone FROM bindings WHERE closed_at IS NULL ORDER BY phone',
  );
  assert.deepEqual(
    bound.map(({ phone }) => phone),
    activated.map(({ phone }) => phone).toSorted(),
    'one binding for each activation',
  );
  const count = (status: string) => rows.filter((row) => row.status === status).length;
  return {
    acknowledged: acknowledged.size,
    activated: activated.length,
    accepted: count('accepted'),
    unknown: count('unknown'),
    sent,
  };
}

/** How many connections wait for what another one has locked. */
export async function waitingForLock({ db }: Deployment): Promise<number> {
  const { rowCount } = await db.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
}

/**
 * What a minute does to the replies that dead workers had in their hands; answers how many there are. For use while no
 * worker lives.
 */
export async function letLeasesRunOut({ db }: Deployment): Promise<number> {
  // The server may still be busy with the last thing that it was asked.
  const isAtRest = async () => {
    const { rowCount } = await db.query(
      `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`,
    );
    return rowCount === 0;
  };
  await waitFor(isAtRest, { what: 'the database to be at rest' });
  const { rowCount } = await db.query(`UPDATE replies SET sweep_at = clock_timestamp() WHERE status = 'sending'`);
  return rowCount ?? 0;
}

function checkReplies({ twilio }: Deployment, rows: readonly Row[]): number {
  const sent = new Map<string, string[]>();
  for (const { statusCallback, to } of twilio.accepted) {
    const reply = new URL(String(statusCallback)).searchParams.get('reply') ?? '';
    sent.set(reply, [...(sent.get(reply) ?? []), to]);
  }
  const sendings = ({ reply }: Row) => sent.get(String(reply)) ?? [];
  assertNone('sent twice', rows, (row) => sendings(row).length > 1);
  assertNone('sent to somebody else', rows, (row) => sendings(row).some((to) => to !== row.phone));
  assertNone('not sent', rows, (row) => sendings(row).length === 0 && row.status !== 'unknown');
  assertNone('neither accepted nor unknown', rows, ({ status }) => status !== 'accepted' && status !== 'unknown');
  const written = new Set(rows.map(({ reply }) => String(reply)));
  assertNone('sent, but never written', sent.keys(), (reply) => !written.has(reply));
  return twilio.accepted.length;
}

/** Shows the first few of those that are wrong. */
function assertNone<T>(what: string, all: Iterable<T>, isWrong: (one: T) => boolean): void {
  const wrong = [...all].filter(isWrong);
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} ${what}`);
}

async function readRows({ db }: Deployment): Promise<readonly Row[]> {
  const { rows } = await db.query<Row>(
    `SELECT i.provider_message_id AS sid, i.state, i.outcome, i.sender AS phone, r.id::text AS reply, r.slot, r.status
    FROM inbox i LEFT JOIN replies r ON r.inbound_id = i.id ORDER BY i.id`,
  );
  return rows;
}
