import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { addressKeys } from '../../src/activation/sender.ts';
import { readInbound } from '../../src/intake/read-inbound.ts';
import { isOfMessage, keepInbound, oldestUnprocessedSeconds, sweepInbound } from '../../src/store/inbox.ts';
import { inbound, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, phone } from '../support/world.ts';
import { openPool } from '../workers/binder.ts';

const sms = (providerMessageId: string, channel = 'main') =>
  inbound(phone(0), { kind: 'none' }, { providerMessageId, channel });

describe('the inbox', () => {
  const store = freshStore();

  const kept = () =>
    look<{ provider_message_id: string; count: number }>(
      store.db,
      sql`SELECT provider_message_id, count(*)::int AS count FROM inbox GROUP BY 1 ORDER BY 1`,
    );

  it('keeps an SMS that comes twice in one batch once: the first is new, the second repeated', async () => {
    const answers = await keepInbound(store.db, [sms('b'), sms('a'), sms('b')]);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ['new', 'new', 'repeated'],
    );
    assert.equal(new Set(answers.flatMap((one) => (one.kind === 'new' ? [one.id] : []))).size, 2);
  });

  it('keeps an SMS once that comes again at any time, and leaves the first as it was', async () => {
    await keepInbound(store.db, [sms('a')]);
    await sql`UPDATE inbox SET state = 'done', outcome = 'help', received_at = now() - interval '3 years'`.execute(
      store.db,
    );
    assert.deepEqual(await keepInbound(store.db, [sms('a')]), [{ kind: 'repeated' }]);
    assert.deepEqual(await outcomes(store.db), { help: 1 });
  });

  it('tells the same id of two channels apart', async () => {
    const answers = await keepInbound(store.db, [sms('a'), sms('a', 'second')]);
    assert.ok(answers.every(({ kind }) => kind === 'new'));
  });

  it('keeps each SMS once of 64 overlapping batches of two processes, without a deadlock', async () => {
    const other = openPool(store.url, 12);
    const batches = Array.from({ length: 64 }, (_, n) => {
      const ids = Array.from({ length: 30 }, (_, at) => `SM${(n * 7 + at * (n % 2 === 0 ? 1 : 11)) % 97}`);
      return n % 3 === 0 ? ids.toReversed() : ids;
    });
    const answers = await Promise.all(
      batches.map((ids, n) =>
        keepInbound(
          n % 2 === 0 ? store.db : other,
          ids.map((id) => sms(id)),
        ),
      ),
    );
    await other.destroy();
    const distinct = new Set(batches.flat()).size;
    assert.equal(answers.flat().filter(({ kind }) => kind === 'new').length, distinct);
    const rows = await kept();
    assert.deepEqual([rows.length, rows.every(({ count }) => count === 1)], [distinct, true]);
  });

  it('keeps NUL and half a surrogate pair, which Postgres does not take, as the body that they came in', async () => {
    const channel = { key: 'main', routes: [{ address: undefined, keyword: undefined, program: 'club' }] };
    const reading = {
      channel: channel as unknown as Parameters<typeof readInbound>[2]['channel'],
      programs: new Map([['club', CLUB]]),
      ownAddresses: addressKeys([]),
      onReadError: () => assert.fail(),
    };
    const body = Buffer.from('the body as it came');
    const hostile = ['a\0b', '\ud83d', 'x\udc00y\0', '😀'];
    const received = hostile.map((text, n) =>
      readInbound({ providerMessageId: `SM${n}`, from: phone(0), to: '2420', text }, body, reading),
    );
    await keepInbound(store.db, received);
    const rows = sql`SELECT text, convert_from(raw, 'UTF8') AS raw FROM inbox ORDER BY provider_message_id`;
    assert.deepEqual(await look(store.db, rows), [
      { text: 'ab', raw: body.toString() },
      { text: '\ufffd', raw: body.toString() },
      { text: 'x\ufffdy', raw: body.toString() },
      { text: '😀', raw: null },
    ]);
  });

  it('has nothing to sweep of what came just now, or is done', async () => {
    await keepInbound(store.db, [sms('a'), sms('b')]);
    await sql`UPDATE inbox SET state = 'done', sweep_at = now() - interval '1 hour' WHERE provider_message_id = 'b'`.execute(
      store.db,
    );
    assert.deepEqual(await sweepInbound(store.db, 10), []);
  });

  const waits: readonly [waited: string, next: number][] = [
    ['9 seconds', 9],
    ['40 seconds', 40],
    ['2 hours', 60],
  ];
  for (const [waited, next] of waits) {
    it(`brings back an SMS that waited ${waited}, once, and looks at it again after ${next} s`, async () => {
      const { db } = store;
      await keepInbound(db, [sms('a'), sms('b')]);
      await sql`UPDATE inbox SET sweep_at = now() - interval '1 second', received_at = now() - ${waited}::interval
        WHERE provider_message_id = 'a'`.execute(db);
      const swept = await Promise.all([sweepInbound(db, 10), sweepInbound(db, 10), sweepInbound(db, 10)]);
      assert.equal(swept.flat().length, 1);
      const again = sql`SELECT round(extract(epoch FROM sweep_at - clock_timestamp()))::int AS seconds FROM inbox
        WHERE provider_message_id = 'a'`;
      const [row] = await look<{ seconds: number }>(db, again);
      assert.ok(Math.abs((row?.seconds ?? 0) - next) <= 1, `${row?.seconds}`);
    });
  }

  it('brings back the ones that waited longest, in order of arrival', async () => {
    const { db } = store;
    const ids = (
      await keepInbound(
        db,
        ['a', 'b', 'c'].map((id) => sms(id)),
      )
    ).flatMap((one) => (one.kind === 'new' ? [one.id] : []));
    await sql`UPDATE inbox SET sweep_at = now() - place * interval '1 second'
      FROM unnest(${ids}::bigint[]) WITH ORDINALITY AS given (id, place) WHERE inbox.id = given.id`.execute(db);
    assert.deepEqual(await sweepInbound(db, 2), ids.slice(1));
  });

  it('knows how long the oldest undecided SMS has waited', async () => {
    const { db } = store;
    assert.equal(await oldestUnprocessedSeconds(db), 0);
    await keepInbound(db, [sms('a'), sms('b')]);
    await sql`UPDATE inbox SET received_at = now() - interval '90 seconds' WHERE provider_message_id = 'a'`.execute(db);
    assert.equal(Math.round(await oldestUnprocessedSeconds(db)), 90);
  });
});

describe('an error of the database', () => {
  const store = freshStore();

  const errors: readonly (readonly [what: string, state: string, isOfMessage: boolean])[] = [
    ['a value that is not one of its column', '22P02', true],
    ['a value that a check refuses', '23514', true],
    ['a text that is too long', '54000', true],
    ['a password that was changed', '28P01', false],
    ['a database that is not there', '3D000', false],
    ['a server that takes no writes', '25006', false],
    ['a column that is not there', '42703', false],
    ['a disk that is full', '53100', false],
    ['a server that shuts down', '57P01', false],
    ['a disk that cannot be read', '58030', false],
    ['a fault of Postgres itself', 'XX000', false],
  ];
  for (const [what, state, expected] of errors) {
    it(`such as ${what} is ${expected ? '' : 'not '}the fault of the SMS`, async () => {
      const raised = sql.raw(`DO $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '${state}', CONSTRAINT = 'some_check'; END $$`);
      await assert.rejects(raised.execute(store.db), (error) => isOfMessage(error) === expected);
    });
  }
});
