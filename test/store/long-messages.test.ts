import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { GAP } from '../../src/sms/concat.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import type { Database } from '../../src/store/database.ts';
import { claimOverdue, keepParts, type LongMessage, type NewPart, readOverdue } from '../../src/store/long-messages.ts';
import { inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { phone } from '../support/world.ts';
import { openTestPool } from './open-test-store.ts';

const ANNA = phone(0);

/** The parts of an SMS, each with the id `<name><position>`. */
function partsOf(name: string, texts: readonly string[], changes: Partial<NewPart> = {}): NewPart[] {
  return texts.map((text, n) => ({
    channel: 'main',
    providerMessageId: `${name}${n + 1}`,
    sender: ANNA,
    senderRaw: ANNA,
    recipient: '2420',
    reference: '7',
    total: texts.length,
    position: n + 1,
    text,
    waitMs: 600_000,
    ...changes,
  }));
}

/** As the inbox has it: the text with what Postgres does not take made visible. */
const readAs = ({ channel, providerMessageId, from, text, isWhole }: LongMessage) =>
  inbound(from as Msisdn, { kind: 'none' }, { channel, providerMessageId, text: JSON.stringify([text, isWhole]) });

describe('long SMS', () => {
  const store = freshStore();

  const keep = (parts: readonly NewPart[], db: Database = store.db) => keepParts(db, parts, readAs);
  const keepEach = async (parts: readonly NewPart[]) => {
    for (const part of parts) await keep([part]);
  };
  async function texts(): Promise<[text: string, isWhole: boolean][]> {
    const rows = await look<{ text: string }>(store.db, sql`SELECT text FROM inbox ORDER BY id`);
    return rows.map(({ text }) => JSON.parse(text));
  }
  const pass = (time: string) =>
    sql`UPDATE long_messages SET due_at = due_at - ${time}::interval, began_at = began_at - ${time}::interval,
      read_at = read_at - ${time}::interval`.execute(store.db);
  /** What the sweeper does once their time is over. */
  async function sweep(db: Database = store.db): Promise<number> {
    const ids = await claimOverdue(db, ['main'], 100);
    for (const id of ids) await readOverdue(db, id, readAs);
    return ids.length;
  }
  const count = async (table: string) => (await look(store.db, sql`SELECT FROM ${sql.raw(table)}`)).length;

  it('are one SMS in whatever order their parts come, one by one or together', async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const [n, order] of orders.entries()) {
      const parts = partsOf(`SM${n}-`, ['a', 'b', 'c'], { reference: String(n) });
      const inOrder = order.map((at) => parts[at] ?? assert.fail());
      if (n % 2 === 0) await keepEach(inOrder);
      else await keep(inOrder);
    }
    assert.deepEqual(
      await texts(),
      orders.map(() => ['abc', true]),
    );
  });

  it('are given on with their last part, under an id that stays', async () => {
    const [first, second] = partsOf('SM', ['a', 'b']);
    assert.deepEqual(await keep([second ?? assert.fail()]), { kept: ['new'], joined: [] });
    const { kept, joined } = await keep([first ?? assert.fail()]);
    assert.deepEqual([kept, joined.map(({ inbound: one }) => one.providerMessageId)], [['new'], ['parts:SM1']]);
    const rows = await look<{ id: string }>(
      store.db,
      sql`SELECT id FROM inbox WHERE provider_message_id = 'parts:SM1'`,
    );
    assert.deepEqual(
      joined.map(({ id }) => ({ id })),
      rows,
    );
  });

  it('are kept once when their parts come again, at any time', async () => {
    const parts = partsOf('SM', ['a', 'b']);
    await keep([...parts, ...parts]);
    await pass('3 years');
    const { kept, joined } = await keep(parts);
    assert.deepEqual([kept, joined, await count('message_parts')], [['repeated', 'repeated'], [], 2]);
    assert.deepEqual(await texts(), [['ab', true]]);
  });

  it('keep the two halves of a character that was cut', async () => {
    const text = 'карта 😀 ok';
    await keep(partsOf('SM', [text.slice(0, 7), text.slice(7)]).toReversed());
    assert.deepEqual(await texts(), [[text, true]]);
  });

  it('are told apart by channel, sender, address, reference and number of parts', async () => {
    const others: Partial<NewPart>[] = [
      { channel: 'second' },
      { senderRaw: phone(1) },
      { recipient: '2421' },
      { reference: '8' },
      { total: 3 },
    ];
    const [first, second] = partsOf('SM', ['a', 'b']);
    await keep([first ?? assert.fail()]);
    for (const [n, other] of others.entries()) {
      await keep([{ ...(second ?? assert.fail()), ...other, providerMessageId: `other${n}` }]);
    }
    assert.deepEqual([await texts(), await count('long_messages')], [[], 6]);
  });

  it('may use a reference again: later, or while the first SMS still waits', async () => {
    await keep(partsOf('A', ['a1', 'a2']));
    await keep(partsOf('B', ['b1', 'b2']));
    const [c1, c2] = partsOf('C', ['c1', 'c2']);
    const [d1, d2] = partsOf('D', ['d1', 'd2']);
    await keepEach([c1, d1, c2, d2].map((part) => part ?? assert.fail()));
    assert.deepEqual(await texts(), [
      ['a1a2', true],
      ['b1b2', true],
      ['c1c2', true],
      ['d1d2', true],
    ]);
  });

  it('that a gateway hands over again under other ids are answered once', async () => {
    await keep(partsOf('A', ['a', 'b']));
    await keepEach(partsOf('B', ['a', 'b']));
    const [again] = partsOf('C', ['a', 'b']);
    await keep([again ?? assert.fail()]);
    await pass('11 minutes');
    assert.equal(await sweep(), 1);
    assert.deepEqual([await texts(), await count('long_messages')], [[['ab', true]], 3]);
    const open = sql`SELECT FROM long_messages WHERE read_at IS NULL OR inbox_id IS NULL`;
    assert.deepEqual(await look(store.db, open), []);
    // The place that the repetition has free belongs to nobody.
    const [first, second] = partsOf('D', ['c', 'd']);
    await keepEach([second ?? assert.fail(), first ?? assert.fail()]);
    assert.deepEqual((await texts()).at(-1), ['cd', true]);
  });

  it('of the same words are a new SMS after an hour', async () => {
    await keep(partsOf('A', ['a', 'b']));
    await pass('61 minutes');
    await keep(partsOf('B', ['a', 'b']));
    assert.equal((await texts()).length, 2);
  });

  it('that stay incomplete are read once their time is over, and not before', async () => {
    await keepEach([...partsOf('A', ['a', 'b', 'c']).toSpliced(1, 1), ...partsOf('B', ['x', 'y']).slice(1)]);
    assert.equal(await sweep(), 0);
    await pass('11 minutes');
    assert.equal(await sweep(), 2);
    assert.equal(await sweep(), 0);
    assert.deepEqual(
      new Map(await texts()),
      new Map([
        [`${GAP}y`, false],
        [`a${GAP}c`, false],
      ]),
    );
    const ids = await look(store.db, sql`SELECT provider_message_id AS id FROM inbox ORDER BY 1`);
    assert.deepEqual(ids, [{ id: 'parts:A1' }, { id: 'parts:B2' }]);
  });

  it('wait as long as their channel says, and are read by those who know the channel', async () => {
    await keep(partsOf('A', ['a', 'b'], { waitMs: 60_000 }).slice(1));
    await keep(partsOf('B', ['a', 'b'], { channel: 'gone', waitMs: 60_000 }).slice(1));
    await pass('2 minutes');
    assert.deepEqual([await sweep(), await texts()], [1, [[`${GAP}b`, false]]]);
  });

  it('keep a part that comes too late, and are not read again; after a day it is another SMS', async () => {
    const [a1, a2] = partsOf('A', ['a1', 'a2']);
    await keep([a1 ?? assert.fail()]);
    await pass('11 minutes');
    await sweep();
    assert.deepEqual(await keep([a2 ?? assert.fail()]), { kept: ['new'], joined: [] });
    await pass('25 hours');
    assert.equal(await sweep(), 0);
    assert.deepEqual([await texts(), await count('message_parts')], [[[`a1${GAP}`, false]], 2]);
    await keep(partsOf('B', ['b1', 'b2']));
    assert.deepEqual((await texts()).at(-1), ['b1b2', true]);
  });

  it('are one SMS each when 16 writers of two processes hand in all parts at once, some of them twice', async () => {
    const other = openTestPool(store.url);
    const all = Array.from({ length: 12 }, (_, n) =>
      partsOf(
        `M${n}-`,
        ['a', 'b', 'c', 'd'].map((text) => `${text}${n} `),
        {
          senderRaw: phone(n % 3),
          reference: String(n),
        },
      ),
    ).flat();
    const writers = Array.from({ length: 16 }, (_, writer) =>
      all.filter((_part, n) => n % 16 === writer || n % 7 === writer % 7).toSorted(() => (writer % 2 === 0 ? 1 : -1)),
    );
    await Promise.all(
      writers.map(async (parts, n) => {
        const db = n % 2 === 0 ? store.db : other;
        for (let at = 0; at < parts.length; at += 3) await keep(parts.slice(at, at + 3), db);
      }),
    );
    await other.destroy();
    const read = await texts();
    assert.equal(read.length, 12);
    assert.deepEqual(new Map(read), new Map(Array.from({ length: 12 }, (_, n) => [`a${n} b${n} c${n} d${n} `, true])));
    assert.deepEqual([await count('long_messages'), await count('message_parts')], [12, 48]);
  });

  it('are begun once when the parts of one arrive at 16 writers in the same moment, again and again', async () => {
    for (let round = 0; round < 10; round += 1) {
      const parts = partsOf(
        `R${round}-`,
        Array.from({ length: 16 }, (_, n) => `${n} `),
        { reference: `r${round}` },
      );
      await Promise.all(parts.map((part) => keep([part])));
    }
    assert.deepEqual([await count('long_messages'), (await texts()).every(([, isWhole]) => isWhole)], [10, true]);
    assert.equal((await texts()).length, 10);
  });

  it('are read once when the last part comes while sweepers read them', async () => {
    for (let round = 0; round < 12; round += 1) {
      const [first, last] = partsOf(`R${round}-`, ['a', 'b'], { reference: `r${round}` });
      await keep([first ?? assert.fail()]);
      await pass('11 minutes');
      await Promise.all([keep([last ?? assert.fail()]), sweep(), sweep(), sweep()]);
      assert.equal((await texts()).length, round + 1);
    }
    const open = sql`SELECT FROM long_messages WHERE read_at IS NULL OR inbox_id IS NULL`;
    assert.deepEqual(await look(store.db, open), []);
  });
});
