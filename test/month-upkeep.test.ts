import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createLogger } from '../src/log.ts';
import { keepUpMonths, type MonthNeighbours } from '../src/month-upkeep.ts';
import { listPartitions, preparePartitions } from '../src/store/partitions.ts';
import { monthsAgo, moveTo } from './store/in-month.ts';
import { openTestStore, type TestStore } from './store/open-test-store.ts';
import { addReplies } from './store/outbox.ts';
import { waitFor } from './support/wait-for.ts';

describe('the upkeep of the months', () => {
  let store: TestStore;
  let lines: Record<string, unknown>[];
  beforeEach(async () => {
    store = await openTestStore();
    lines = [];
  });
  afterEach(() => store.close());

  function keepUp(changes: Partial<MonthNeighbours> = {}): () => Promise<void> {
    const destination = { write: (line: string) => lines.push(JSON.parse(line)) };
    return keepUpMonths({
      db: store.db,
      log: createLogger({ level: 'info', destination }),
      messagesMonths: undefined,
      now: () => new Date(),
      ...changes,
    });
  }
  const months = async () => (await listPartitions(store.db)).length;
  const told = (words: string) =>
    waitFor(() => lines.find(({ msg }) => String(msg).startsWith(words)), { what: `a line that says ${words}` });

  it('makes the partitions that are missing when it starts, and ends when it is told to', async () => {
    for (const { name } of await listPartitions(store.db)) await sql`DROP TABLE ${sql.table(name)}`.execute(store.db);
    const stop = keepUp();
    await told('Partitions were made ahead');
    await stop();
    assert.equal(await months(), 6);
  });

  it('drops what is old and tells of what stays', async () => {
    const [waiting = ''] = await addReplies(store.db, [{}]);
    await moveTo(store.db, 'replies', waiting, monthsAgo(6));
    const stop = keepUp({ messagesMonths: 3 });
    const kept = await told('An old month of messages stays');
    await stop();
    assert.deepEqual(kept.waiting, ['replies to send: 1']);
    // Two months at a time, both tables, but for the one partition.
    assert.equal(((await told('Old months of messages were dropped')).partitions as string[]).length, 3);
  });

  it('drops two months at a time, the oldest first, and the others the next times', async () => {
    await preparePartitions(store.db, monthsAgo(9));
    const years = [2001, 2002, 2003];
    for (const year of years) await preparePartitions(store.db, new Date(Date.UTC(year, 11)));
    const runs: unknown[] = [];
    for (let run = 0; run < 6; run += 1) {
      const stop = keepUp({ messagesMonths: 12 });
      await stop();
    }
    for (const { msg, partitions } of lines) if (String(msg).startsWith('Old months')) runs.push(partitions);
    assert.deepEqual(runs.slice(0, 2), [
      ['inbox_2001_12', 'replies_2001_12', 'inbox_2002_01', 'replies_2002_01'],
      ['inbox_2002_02', 'replies_2002_02', 'inbox_2002_12', 'replies_2002_12'],
    ]);
    assert.equal(runs.length, 5);
  });

  it('drops nothing while the database’s clock and this machine’s are more than a day apart, and says so', async () => {
    await preparePartitions(store.db, monthsAgo(9));
    const before = await months();
    const stop = keepUp({ messagesMonths: 3, now: () => new Date(Date.now() - 25 * 3_600_000) });
    const { error } = await told('The months of messages were not kept up');
    await stop();
    assert.match(JSON.stringify(error), /more than a day apart/);
    assert.equal(await months(), before);
  });

  it('survives a database that is away, and says so', async () => {
    const away = await openTestStore();
    await away.close();
    const stop = keepUp({ db: away.db });
    await told('The months of messages were not kept up');
    await stop();
  });
});
