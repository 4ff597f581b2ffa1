import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Intent } from '../../src/activation/intent.ts';
import { sealAudit } from '../../src/store/audit-seal.ts';
import { verifyAudit } from '../../src/store/audit-verify.ts';
import type { Database } from '../../src/store/database.ts';
import { openTestStore, type TestStore } from '../store/open-test-store.ts';
import { addCards, arrive, inbound, look, outcomes } from '../support/club.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder, openPool } from './binder.ts';

const SEED = 20_240_501;
const WAVES = 8;
const SMS_PER_WAVE = 250;
const PHONES = 70;
/** Cards at first, of which the first fifteen have a holder, and how many more the shop gets for each wave. */
const CARDS = 20;
const HELD = 15;
const MORE_CARDS = 10;
const START = Date.parse('2024-05-01T12:00:00Z');
/** Long enough for all replies of one wave to be out of sight in the next; the second wave after an offer is too late. */
const WAVE_MS = 10 * 60_000;

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The numbers from `first` up to, not including, `end`. */
const numbers = (first: number, end: number) => Array.from({ length: end - first }, (_, n) => first + n);

describe(`a storm of ${WAVES * SMS_PER_WAVE} SMS in packs of 1 to 50 over 8 bind workers`, () => {
  let store: TestStore;
  let db: Database;

  before(async function () {
    this.timeout(60_000);
    store = await openTestStore();
    db = store.db;
    await blow(store);
  });
  after(() => store.close());

  it('ends every SMS with exactly one outcome', async () => {
    const all = await outcomes(db);
    assert.equal(
      Object.values(all).reduce((sum, count) => sum + count),
      WAVES * SMS_PER_WAVE,
    );
    const expected = ['activated', 'already-active', 'card-has-another-phone', 'phone-has-another-card', 'released'];
    for (const outcome of [...expected, 'stopped', 'switched', 'switch-code-wrong', 'switch-expired', 'unknown-card']) {
      assert.ok((all[outcome] ?? 0) > 0, `the storm must bring about ${outcome}`);
    }
    assert.deepEqual([all.received, all.error], [undefined, undefined]);
  });

  it('answers every SMS once, or says why not', async () => {
    const wrong = sql`SELECT i.id FROM inbox i LEFT JOIN replies r ON r.inbound_id = i.id AND r.slot = 0
      GROUP BY i.id HAVING count(r.id) <> CASE WHEN i.silence IS NULL THEN 1 ELSE 0 END`;
    assert.deepEqual(await look(db, wrong), []);
    const untrue = sql`SELECT i.id FROM replies r JOIN inbox i ON i.id = r.inbound_id
      WHERE r.slot = 0 AND r.template <> i.outcome OR r.slot <> 0 AND r.template NOT IN ('holder-asked', 'activated')`;
    assert.deepEqual(await look(db, untrue), []);
  });

  it('explains every binding and every card by the audit', async () => {
    await sealAudit(db);
    await verifyAudit(db, { onFault: (fault) => assert.fail(fault.kind) });
    const unexplained = sql`SELECT b.id FROM bindings b JOIN inbox i ON b.actor = 'sms:' || i.id
      WHERE i.outcome NOT IN ('activated', 'switched', 'released')
      UNION ALL SELECT i.id FROM inbox i LEFT JOIN bindings b ON b.actor = 'sms:' || i.id
      WHERE i.outcome IN ('activated', 'switched', 'released') GROUP BY i.id HAVING count(b.id) <> 1`;
    assert.deepEqual(await look(db, unexplained), []);
  });

  it('never had a card with two phones or a phone with two cards, by replay of the audit', async () => {
    const { bound, statuses } = await replay(db);
    const open = sql`SELECT card, phone FROM bindings WHERE closed_at IS NULL`;
    const now = await look<{ card: string; phone: string }>(db, open);
    assert.deepEqual(bound, new Map(now.map((one) => [one.card, one.phone])));
    const cards = await look<{ number: string; status: string }>(db, sql`SELECT number, status FROM cards`);
    for (const { number, status } of cards) assert.equal(statuses.get(number) ?? 'issued', status);
  });

  it('closed bindings only by a code', async () => {
    const taken = sql`SELECT b.id FROM bindings b LEFT JOIN inbox i ON b.closed_by = 'sms:' || i.id
      WHERE b.closed_at IS NOT NULL AND (i.intent->>'kind' IS DISTINCT FROM 'code' OR i.sender <> b.phone)`;
    assert.deepEqual(await look(db, taken), []);
  });

  it('had no deadlock to get over', async () => {
    const counted = sql`SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()`;
    assert.deepEqual(await look(db, counted), [{ deadlocks: 0 }]);
  });

  it('texted no phone more than five times in a wave', async () => {
    const loud = sql`SELECT r.recipient FROM replies r JOIN inbox i ON i.id = r.inbound_id
      GROUP BY r.recipient, i.sender_raw HAVING count(*) > 5`;
    assert.deepEqual(await look(db, loud), []);
  });
});

/** Sends wave after wave; what is texted back are the codes of the offers that are live by then. */
async function blow({ db, url }: TestStore): Promise<void> {
  const random = seeded(SEED);
  const limits = { ...CLUB.limits, attempts: 40 };
  const pools = [openPool(url, 8), openPool(url, 8)];
  const quotaDb = openPool(url, 2);
  let nowMs = START;
  const options = { quotaDb, programs: [clubWith({ limits })], now: () => new Date(nowMs) };
  const workers = Array.from({ length: 8 }, (_, n) => binder(pools[n % 2] ?? db, options));
  await addCards(
    db,
    numbers(0, CARDS).map((n) => ({ number: card(n), ...(n < HELD && { holder: phone(n) }) })),
  );
  for (let wave = 0; wave < WAVES; wave += 1) {
    const codes = await liveCodes(db);
    const cards = CARDS + wave * MORE_CARDS;
    if (wave > 0)
      await addCards(
        db,
        numbers(cards - MORE_CARDS, cards).map((n) => ({ number: card(n) })),
      );
    const texts = numbers(0, SMS_PER_WAVE).map(() => textOf(random, codes, cards, wave));
    const jobs = packs(await arrive(db, texts), random);
    await Promise.all(workers.map((worker) => drain(worker, jobs)));
    // What two jobs named while one held it, and what nobody's job names any more: the sweeper's part.
    const left = await look<{ id: string }>(db, sql`SELECT id FROM inbox WHERE state = 'received' ORDER BY id`);
    for (const { id } of left) await workers[0]?.bind([id]);
    nowMs += WAVE_MS;
  }
  await Promise.all([...pools, quotaDb].map((pool) => pool.destroy()));
}

async function drain(worker: ReturnType<typeof binder>, jobs: string[][]): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    await worker.bind(job);
    const again = worker.again.splice(0);
    if (again.length > 0) jobs.push(again);
  }
}

/** Packs of 1 to 50 in order of arrival; every eighth id is in a second job as well. */
function packs(ids: readonly string[], random: () => number): string[][] {
  const jobs: string[][] = [];
  for (let at = 0; at < ids.length; ) {
    const size = 1 + Math.floor(random() ** 2 * 50);
    jobs.push(ids.slice(at, at + size));
    at += size;
  }
  const twice = ids.filter(() => random() < 0.125);
  return [...jobs, ...(twice.length > 0 ? [twice.slice(0, 50)] : [])];
}

async function liveCodes(db: Database): Promise<Map<string, string>> {
  const offers = sql`SELECT phone, code FROM offers WHERE closed_at IS NULL`;
  return new Map((await look<{ phone: string; code: string }>(db, offers)).map((one) => [one.phone, one.code]));
}

function textOf(random: () => number, codes: ReadonlyMap<string, string>, cards: number, wave: number) {
  const pick = (below: number) => Math.floor(random() * below);
  const from = phone(pick(PHONES));
  const code = codes.get(from);
  const chance = random();
  const rare: Intent[] = [
    { kind: 'help' },
    { kind: 'none' },
    { kind: 'several' },
    { kind: 'mistyped', fault: 'length' },
  ];
  const intent: Intent =
    chance < 0.3 && code !== undefined
      ? { kind: 'code', code: random() < 0.8 ? code : '0000' }
      : chance > 0.97
        ? { kind: random() < 0.5 ? 'stop' : 'start' }
        : chance > 0.92
          ? (rare[pick(4)] ?? { kind: 'none' })
          : { kind: 'card', card: card(pick(cards + 2)) };
  return inbound(from, intent, { senderRaw: `wave ${wave}` });
}

/** The bindings and statuses that the audit's events lead to, by id: ids are taken under the rows' locks. */
async function replay(db: Database): Promise<{ bound: Map<string, string>; statuses: Map<string, string> }> {
  const events = await look<{ action: string; card: string; phone: string; after: { status?: string } | null }>(
    db,
    sql`SELECT action, card, phone, after FROM audit_events ORDER BY id`,
  );
  const bound = new Map<string, string>();
  const holding = new Map<string, string>();
  const statuses = new Map(numbers(0, HELD).map((n) => [card(n) as string, 'active']));
  for (const { action, card: number, phone: who, after } of events) {
    if (action === 'binding.opened') {
      assert.ok(!bound.has(number) && !holding.has(who));
      bound.set(number, who);
      holding.set(who, number);
    } else if (action === 'binding.closed') {
      assert.equal(bound.get(number), who);
      bound.delete(number);
      holding.delete(who);
    }
    if (after?.status !== undefined) statuses.set(number, after.status);
  }
  return { bound, statuses };
}
