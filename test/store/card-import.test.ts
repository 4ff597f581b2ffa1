import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { bodyLength, completeCheckDigit } from '../../src/activation/card-number.ts';
import { type ImportRow, importCards } from '../../src/store/card-import.ts';
import { PROGRAMS, SERIES } from '../activation/programs.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

describe('the import of cards', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  it('adds what is new with its status, and says why it did not take the rest', async () => {
    const { counts, rejects } = await load([
      [card(1), ''],
      [card(2), 'blocked'],
      [spaced(card(3)), 'issued'],
      [card(1), ''],
      ['9643001234563453', ''],
      ['964300', ''],
      ['1234', ''],
      [card(4), 'lost'],
    ]);
    assert.deepEqual(counts, { rows: 8, added: 3, alreadyThere: 0, rejected: 5 });
    assert.deepEqual(rejects, [
      [4, 'this card stands earlier in the file'],
      [5, 'wrong check digit'],
      [6, 'wrong length for its card series'],
      [7, 'no card series begins like this'],
      [8, 'the status must be issued, blocked or empty'],
    ]);
    assert.deepEqual(await registry(), { [card(1)]: 'issued', [card(2)]: 'blocked', [card(3)]: 'issued' });
  });

  it('may be repeated: nothing changes and nothing is rejected', async () => {
    const rows = Array.from({ length: 25 }, (_, n) => [card(n), ''] as const);
    await load(rows);
    const before = await registry();
    const { counts, rejects } = await load(rows.map(([number]) => [number, 'blocked'] as const));
    assert.deepEqual(counts, { rows: 25, added: 0, alreadyThere: 25, rejected: 0 });
    assert.deepEqual(rejects, []);
    assert.deepEqual(await registry(), before);
  });

  it('may be interrupted: what was committed stays, and the next run does the rest', async () => {
    const rows = Array.from({ length: 25 }, (_, n) => [card(n), ''] as const);
    const interrupted = load(rows, { failsAfter: 24 });
    await assert.rejects(interrupted, /interrupted/);
    assert.equal(Object.keys(await registry()).length, 20);
    const { counts } = await load(rows);
    assert.deepEqual(counts, { rows: 25, added: 5, alreadyThere: 20, rejected: 0 });
  });

  it('that fails in a chunk ends with its error, after the chunk beside it is committed', async () => {
    await sql`ALTER TABLE cards ADD CONSTRAINT not_this CHECK (number <> ${sql.lit(card(5))})`.execute(store.db);
    const rows = Array.from({ length: 45 }, (_, n) => [card(n), ''] as const);
    await assert.rejects(load(rows), /not_this/);
    assert.deepEqual(
      Object.keys(await registry()),
      rows.slice(10, 20).map(([number]) => number),
    );
  });

  it('finds a card that stands twice, however far apart', async () => {
    const rows = Array.from({ length: 35 }, (_, n) => [card(n % 32), ''] as const);
    const { counts, rejects } = await load(rows);
    assert.deepEqual(counts, { rows: 35, added: 32, alreadyThere: 0, rejected: 3 });
    assert.deepEqual(
      rejects.map(([line]) => line),
      [33, 34, 35],
    );
  });

  it('takes the first of two rows of a card also when both chunks are under way at once', async () => {
    const rows = Array.from({ length: 60 }, (_, n) => [card(n % 10), n < 10 ? 'blocked' : 'issued'] as const);
    const { counts, rejects } = await load(rows);
    assert.deepEqual(counts, { rows: 60, added: 10, alreadyThere: 0, rejected: 50 });
    assert.deepEqual(
      rejects.map(([line]) => line).toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, n) => n + 11),
    );
    assert.deepEqual([...new Set(Object.values(await registry()))], ['blocked']);
  });

  it('keeps in the audit which file it was and what each chunk added', async () => {
    await load(Array.from({ length: 15 }, (_, n) => [card(n), ''] as const));
    const events = await store.db
      .selectFrom('audit_events')
      .select(['actor', 'action', 'after'])
      .orderBy('id')
      .execute();
    const file = { name: 'cards.csv', sha256: 'f00d' };
    const byLines = events.toSorted((a, b) => JSON.stringify(a.after).localeCompare(JSON.stringify(b.after)));
    assert.deepEqual(byLines, [
      { actor: 'cli:test', action: 'cards.imported', after: { ...file, lines: '1–10', added: 10, alreadyThere: 0 } },
      { actor: 'cli:test', action: 'cards.imported', after: { ...file, lines: '11–15', added: 5, alreadyThere: 0 } },
    ]);
  });

  it('of two overlapping lists at once adds each card once', async () => {
    const rows = Array.from({ length: 400 }, (_, n) => [card(n), ''] as const);
    const [one, other] = await Promise.all([load(rows), load(rows.toReversed())]);
    assert.equal(one.counts.added + other.counts.added, 400);
    assert.equal(Object.keys(await registry()).length, 400);
  });

  async function load(cards: readonly (readonly [string, string])[], { failsAfter = Infinity } = {}) {
    const rejects: [number, string][] = [];
    const counts = await importCards(store.db, {
      program: PROGRAMS.club,
      actor: 'cli:test',
      file: { name: 'cards.csv', sha256: 'f00d' },
      rows: rowsOf(cards, failsAfter),
      chunkRows: 10,
      onReject: async (row, reason) => {
        rejects.push([row.line, reason]);
      },
    });
    return { counts, rejects };
  }

  async function registry(): Promise<Record<string, string>> {
    const rows = await store.db.selectFrom('cards').select(['number', 'status']).orderBy('number').execute();
    return Object.fromEntries(rows.map(({ number, status }) => [number, status]));
  }
});

async function* rowsOf(cards: readonly (readonly [string, string])[], failsAfter: number): AsyncGenerator<ImportRow> {
  for (const [index, [number, status]] of cards.entries()) {
    if (index === failsAfter) throw new Error('interrupted');
    yield { line: index + 1, number, status };
  }
}

function card(n: number): string {
  const body = SERIES.main.prefix + String(n).padStart(bodyLength(SERIES.main) - SERIES.main.prefix.length, '0');
  return completeCheckDigit(SERIES.main, body);
}

function spaced(number: string): string {
  return number.replaceAll(/(.{4})(?=.)/g, '$1 ');
}
