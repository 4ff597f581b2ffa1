import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Program } from '../../src/activation/program.ts';
import { createEventPoster, type EventPoster } from '../../src/events/poster.ts';
import { claimEvents, listEvents, replayEvents } from '../../src/store/event-delivery.ts';
import { type NewEvent, recordEvents } from '../../src/store/events.ts';
import { startEvents } from '../../workers/events.ts';
import { look } from '../support/club.ts';
import { type EventReceiver, type ReceivedEvent, SECRET, startEventReceiver } from '../support/event-receiver.ts';
import { freshStore } from '../support/fresh-store.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, clubWith, phone } from '../support/world.ts';
import { log, metrics } from './binder.ts';

const HOUR_MS = 3_600_000;

describe('the delivery of events', () => {
  const store = freshStore();
  let receiver: EventReceiver;
  let program: Program;
  let passedMs: number;
  let stops: (() => Promise<void>)[];
  let posters: EventPoster[];
  const now = () => new Date(Date.now() + passedMs);

  beforeEach(async () => {
    receiver = await startEventReceiver();
    program = clubWith({ events: { url: receiver.url, secret: SECRET } });
    // A second ahead: the database, whose clock is finer, never finds an event that is not due yet.
    [passedMs, stops, posters] = [1_000, [], []];
  });
  afterEach(async () => {
    await stopAll();
    await receiver.close();
  });

  function start(workers = 1, programs: readonly Program[] = [program]): void {
    for (let n = 0; n < workers; n += 1) {
      const poster = createEventPoster({ isPrivateAllowed: true, now: () => new Date(), timeoutMs: 2_000 });
      posters.push(poster);
      stops.push(
        startEvents({
          db: store.db,
          programs: new Map(programs.map((one) => [one.key, one])),
          poster,
          metrics,
          log,
          now,
          random: () => 0.999,
          lookEveryMs: 5,
        }),
      );
    }
  }

  async function stopAll(): Promise<void> {
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await Promise.all(posters.splice(0).map((poster) => poster.close()));
  }

  const record = (events: readonly NewEvent[]) => store.db.transaction().execute((trx) => recordEvents(trx, events));
  const activated = (n: number): NewEvent => ({
    program: 'club',
    actor: 'sms:1',
    type: 'card.activated',
    card: card(n),
    phone: phone(n),
    proof: 'sms',
  });
  const blocked = (n: number): NewEvent => ({
    program: 'club',
    actor: 'cli:olga',
    type: 'card.blocked',
    card: card(n),
  });
  const switched = (from: number, to: number): NewEvent => ({
    program: 'club',
    actor: 'sms:2',
    type: 'card.switched',
    card: card(to),
    previousCard: card(from),
    phone: phone(from),
    proof: 'code',
  });
  const ids = async () =>
    (await look<{ webhook_id: string }>(store.db, sql`SELECT webhook_id FROM events ORDER BY id`)).map(
      (row) => row.webhook_id,
    );
  const states = () =>
    look<{ state: string; count: number }>(
      store.db,
      sql`SELECT state, count(*)::int AS count FROM events GROUP BY 1 ORDER BY 1`,
    );
  const taken = (count: number) =>
    waitFor(() => receiver.taken.length >= count, { what: `${count} events taken`, timeoutMs: 20_000 });
  const settled = (state: string, count: number) =>
    waitFor(async () => (await states()).some((row) => row.state === state && row.count === count), {
      what: `${count} events ${state}`,
      timeoutMs: 20_000,
    });

  it('tells what happened, signed, with the card and the phone in full', async () => {
    await record([activated(0), switched(0, 1), blocked(1)]);
    start();
    await taken(3);
    const { data, type, timestamp } = receiver.taken[0] ?? assert.fail();
    assert.deepEqual([type, Math.abs(Date.parse(timestamp) - Date.now()) < 60_000], ['card.activated', true]);
    assert.deepEqual(data, { program: 'club', card: card(0), phone: phone(0), proof: 'sms', by: 'sms' });
    assert.deepEqual(receiver.taken[1]?.data, {
      program: 'club',
      card: card(1),
      previousCard: card(0),
      phone: phone(0),
      proof: 'code',
      by: 'sms',
    });
    assert.deepEqual(receiver.taken[2]?.data, { program: 'club', card: card(1), by: 'cli' });
    await settled('delivered', 3);
  });

  it('keeps the order of each card under failures with four workers, and loses none', async () => {
    const [cards, rounds] = [12, 6];
    for (let round = 0; round < rounds; round += 1) {
      await record(Array.from({ length: cards }, (_, n) => (round % 2 === 0 ? activated(n) : blocked(n))));
    }
    let calls = 0;
    receiver.answer = () => {
      calls += 1;
      return calls % 4 === 0 ? 500 : 200;
    };
    start(4);
    const passing = setInterval(() => {
      passedMs += 3_000;
    }, 50);
    await settled('delivered', cards * rounds).finally(() => clearInterval(passing));
    const order = new Map((await ids()).map((id, place) => [id, place]));
    for (let n = 0; n < cards; n += 1) {
      const places = receiver.taken.filter(({ data }) => data.card === card(n)).map(({ id }) => order.get(id) ?? -1);
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
        `card ${n}`,
      );
      assert.equal(new Set(places).size, rounds);
    }
  });

  it('lets a failing event hold up its own card and no other', async () => {
    await record([activated(0), blocked(0), ...Array.from({ length: 10 }, (_, n) => activated(n + 1))]);
    receiver.answer = ({ data }) => (data.card === card(0) ? 503 : 200);
    start(2);
    await taken(10);
    assert.deepEqual([...new Set(receiver.tried.filter(isOf(card(0))).map(({ type }) => type))], ['card.activated']);
    receiver.answer = () => 200;
    passedMs += 30_000;
    await taken(12);
    assert.deepEqual(
      receiver.taken.filter(isOf(card(0))).map(({ type }) => type),
      ['card.activated', 'card.blocked'],
    );
  });

  it('lets a back end that hangs hold up its own programme and no other', async () => {
    const slow = await startEventReceiver();
    slow.answer = () => undefined;
    const bazaar = { ...program, key: 'bazaar', events: { url: slow.url, secret: SECRET } };
    await record(Array.from({ length: 40 }, (_, n): NewEvent => ({ ...activated(n), program: 'bazaar' })));
    await record(Array.from({ length: 10 }, (_, n) => activated(n)));
    const began = Date.now();
    start(1, [bazaar, program]);
    await taken(10);
    assert.ok(Date.now() - began < 1_900, 'before the first of the others has run out of time');
    await stopAll();
    await slow.close();
  });

  it('tells of a switch after what happened to the old card, and of the old card after the switch', async () => {
    await record([activated(0), switched(0, 1), blocked(0), blocked(1)]);
    const inLine = async () =>
      (await claimEvents(store.db, { program: 'club', limit: 10, now: now() })).map(({ type }) => type);
    assert.deepEqual(await inLine(), ['card.activated']);
    await sql`UPDATE events SET state = 'delivered' WHERE type = 'card.activated'`.execute(store.db);
    assert.deepEqual(await inLine(), ['card.switched']);
    await sql`UPDATE events SET state = 'delivered' WHERE type = 'card.switched'`.execute(store.db);
    assert.deepEqual(await inLine(), ['card.blocked', 'card.blocked']);
  });

  it('tries for three days with growing pauses, then gives up and goes on with the next of the card', async () => {
    await record([activated(0), blocked(0)]);
    receiver.answer = ({ type }) => (type === 'card.activated' ? 500 : 200);
    const began = now().getTime();
    start();
    let tries = 0;
    while (!(await states()).some(({ state }) => state === 'given-up')) {
      await waitFor(() => receiver.tried.length > tries, { what: 'another try', timeoutMs: 10_000 });
      tries = receiver.tried.length;
      const due = await waitFor(() => nextTry(tries), { what: 'the try to be written down', timeoutMs: 10_000 });
      passedMs += Math.max(0, due.getTime() - now().getTime());
    }
    const days = (now().getTime() - began) / (24 * HOUR_MS);
    assert(days >= 3 && days < 3.1, `given up after ${days} days`);
    assert(tries > 72 && tries < 100, `${tries} tries`);
    await taken(1);
    assert.equal(receiver.taken[0]?.type, 'card.blocked');
    assert.equal((await listEvents(store.db, all, 10)).at(-1)?.lastError, 'status 500');
  });

  /** When the next try is due, once so many are written down; for a given-up event at once. */
  async function nextTry(tries: number): Promise<Date | undefined> {
    const [row] = await look<{ at: Date; state: string; attempts: number }>(
      store.db,
      sql`SELECT next_attempt_at AS at, state, attempts FROM events ORDER BY id LIMIT 1`,
    );
    if (row?.state === 'given-up') return now();
    // While a try is under way its row is leased for a minute; no backoff is near that.
    const isLeased = Math.abs((row?.at.getTime() ?? 0) - now().getTime() - 60_000) < 5_000;
    return row?.attempts === tries && !isLeased ? row.at : undefined;
  }

  it('replays with the same ids, so that a receiver knows what it has', async () => {
    await record([activated(0), activated(1), blocked(0)]);
    start();
    await settled('delivered', 3);
    const first = receiver.taken.map(({ id }) => id);
    assert.equal(await replayEvents(store.db, { ...all, subject: card(0) }), 2);
    await taken(5);
    assert.deepEqual(
      receiver.taken.slice(3).map(({ id, type }) => [id, type]),
      [
        [(await ids())[0], 'card.activated'],
        [(await ids())[2], 'card.blocked'],
      ],
    );
    assert.equal(new Set(receiver.taken.map(({ id }) => id)).size, new Set(first).size);
    await settled('delivered', 3);
    assert.equal(await replayEvents(store.db, { ...all, isFailedOnly: true }), 0);
    assert.equal(await replayEvents(store.db, { ...all, since: new Date(Date.now() + HOUR_MS) }), 0);
    assert.equal(await replayEvents(store.db, { ...all, program: 'bazaar' }), 0);
  });

  it('delivers again, with the same id, what a worker that died had in hand', async () => {
    await record([activated(0)]);
    // The worker took it, posted it, and died before it could write that down.
    const [claimed] = await claimEvents(store.db, { program: 'club', limit: 1, now: now() });
    start();
    assert.deepEqual(await claimEvents(store.db, { program: 'club', limit: 1, now: now() }), [], 'it is leased');
    assert.equal(receiver.tried.length, 0);
    passedMs += 61_000;
    await taken(1);
    assert.equal(receiver.taken[0]?.id, claimed?.webhook_id);
  });

  it('ends with the deliveries at hand written down', async () => {
    await record(Array.from({ length: 8 }, (_, n) => activated(n)));
    start(2);
    await taken(1);
    await stopAll();
    const delivered = (await states()).find(({ state }) => state === 'delivered')?.count;
    assert.equal(delivered, receiver.taken.length);
  });

  it('leaves the events of programmes alone that have no back end any more', async () => {
    await record([{ ...activated(0), program: 'bazaar' }, activated(1)]);
    start();
    await settled('delivered', 1);
    assert.deepEqual(await states(), [
      { state: 'delivered', count: 1 },
      { state: 'queued', count: 1 },
    ]);
  });

  const all = { program: 'club', isFailedOnly: false };
  const isOf = (number: CardNumber) => (event: ReceivedEvent) => event.data.card === number;
});
