import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createLogger } from '../src/log.ts';
import { keepUpMonths, type MonthNeighbours } from '../src/month-upkeep.ts';
import { listPartitions } from '../src/store/partitions.ts';
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
    const [waiting = '', done = ''] = await addReplies(store.db, [{}, { status: 'delivered' }]);
    await moveTo(store.db, 'replies', waiting, monthsAgo(6));
    await moveTo(store.db, 'replies', done, monthsAgo(9));
    const stop = keepUp({ messagesMonths: 3 });
    const kept = await told('An old month of messages stays');
    await stop();
    assert.deepEqual(kept.waiting, ['replies to send: 1']);
    // Of twelve old partitions, made three months at a time for both tables, all but the one.
    assert.equal(((await told('Old months of messages were dropped')).partitions as string[]).length, 11);
  });

  it('survives a database that is away, and says so', async () => {
    const away = await openTestStore();
    await away.close();
    const stop = keepUp({ db: away.db });
    await told('The months of messages were not kept up');
    await stop();
  });
});
