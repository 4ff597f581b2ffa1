import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sql } from 'kysely';
import { rows } from '../../src/store/rows.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const COLUMNS = `n int, "mixedCase" text, id bigint, share float8, rank smallint, is_so boolean, at timestamptz,
  times timestamptz[], words text[], facts jsonb`;

/** What Postgres keeps of a text: no NUL, and no half of a character. */
const text = fc.oneof(
  fc.constantFrom('', 'NULL', 'null', '{}', '{a,b}', '"', '\\', '\\"', 'a,b', ' ', '\n', '\u2028', '\u{1f600}', "'"),
  fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\0', '').toWellFormed()),
);
const time = fc.date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
const json = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 3 }),
);
const row = fc.record(
  {
    n: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    mixedCase: fc.option(text),
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    share: fc.double({ noNaN: true, noDefaultInfinity: true }),
    rank: fc.integer({ min: -32_768, max: 32_767 }),
    is_so: fc.option(fc.boolean()),
    at: fc.option(
      fc.oneof(
        time,
        time.map((date) => date.toISOString()),
      ),
    ),
    times: fc.array(time, { maxLength: 3 }),
    words: fc.array(text, { maxLength: 3 }),
    facts: fc.option(json),
  },
  { requiredKeys: [] },
);

describe('rows as parameters', () => {
  let store: TestStore;

  before(async () => {
    store = await openTestStore();
  });

  after(() => store.close());

  async function read(list: readonly object[], pack: readonly unknown[]): Promise<unknown[]> {
    const { rows: found } = await sql`SELECT r.* FROM ${rows(list, COLUMNS, pack)}`.execute(store.db);
    return found;
  }

  const FEW: readonly unknown[] = [];
  const MANY: readonly unknown[] = Array.from({ length: 100 });

  it('arrive the same and in the same order whether they travel as JSON or as arrays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (list) => {
        const arrived = await read(list, MANY);
        assert.deepEqual(arrived, await read(list, FEW));
        assert.equal(arrived.length, list.length);
      }),
      { numRuns: 300 },
    );
  });

  it('arrive as they were sent', async () => {
    const sent = {
      n: 1,
      mixedCase: 'a "b" \\ {c},\nd',
      id: '9223372036854775807',
      share: 0.5,
      rank: -3,
      is_so: false,
      at: new Date('2026-03-14T10:00:00.123Z'),
      times: [new Date('2026-03-14T10:00:00.001Z')],
      words: ['NULL', '', '"'],
      facts: { 'a"': ['\\'] },
    };
    const nothing = Object.fromEntries(Object.keys(sent).map((name) => [name, null]));
    for (const pack of [FEW, MANY]) {
      assert.deepEqual(await read([sent, {}, sent], pack), [sent, nothing, sent]);
      assert.deepEqual(await read([{}, {}], pack), [nothing, nothing]);
      assert.deepEqual(await read([], pack), []);
    }
  });

  it('are one text of a statement for few and one for many', () => {
    const textOf = (count: number) =>
      sql`SELECT FROM ${rows(
        Array.from({ length: count }, (_, n) => ({ n })),
        COLUMNS,
      )}`.compile(store.db).sql;
    const texts = new Set([1, 2, 5, 10, 20, 50, 100, 1_000].map(textOf));
    assert.equal(texts.size, 2);
  });
});
