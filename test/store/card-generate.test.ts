import assert from 'node:assert/strict';
import { type CardNumber, wellFormed } from '../../src/activation/card-number.ts';
import { generateCards, randomCardNumber, seedDemoCards } from '../../src/store/card-generate.ts';
import { PROGRAMS, program, SERIES } from '../activation/programs.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

describe('new cards', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  for (const series of Object.values(SERIES)) {
    it(`of series "${series.name}" have numbers that are well-formed and never the same`, () => {
      const numbers = Array.from({ length: 500 }, () => randomCardNumber(series));
      assert.ok(numbers.every((number) => wellFormed(series, number)));
      assert.ok(new Set(numbers).size > 490);
    });
  }

  it('are in the registry, as many as were asked for, with one event in the audit', async () => {
    const made: CardNumber[] = [];
    const onCards = async (cards: readonly CardNumber[]) => {
      made.push(...cards);
    };
    await generateCards(store.db, { program: PROGRAMS.club, count: 2_000, actor: 'cli:test', onCards });
    const rows = await store.db.selectFrom('cards').select('number').orderBy('number').execute();
    assert.deepEqual(
      made.toSorted(),
      rows.map(({ number }) => number),
    );
    assert.equal(made.length, 2_000);
    const events = await store.db.selectFrom('audit_events').select(['action', 'after']).execute();
    assert.deepEqual(events, [{ action: 'cards.generated', after: { series: 'main', added: 2_000 } }]);
  });

  it('are refused when they would fill more than a tenth of a series', async () => {
    const tight = program('tight', [{ ...SERIES.main, length: 9 }]);
    const asked = (count: number) => generateCards(store.db, { program: tight, count, actor: 'cli:test' });
    await asked(900);
    await assert.rejects(asked(101), /The series "main" has room for 100 more cards: make its numbers longer/);
    await asked(100);
    const rows = await store.db.selectFrom('cards').select('number').execute();
    assert.equal(rows.length, 1_000);
  });

  it('of the demo are made once, even by processes that start together', async () => {
    const seeded = await Promise.all([1, 2, 3, 4].map(() => seedDemoCards(store.db, PROGRAMS.club, 100)));
    assert.deepEqual(
      seeded.toSorted((a, b) => a - b),
      [0, 0, 0, 100],
    );
    assert.equal(await seedDemoCards(store.db, PROGRAMS.club, 100), 0);
    assert.equal(await seedDemoCards(store.db, PROGRAMS.plain, 100), 100);
  });
});
