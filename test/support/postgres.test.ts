import assert from 'node:assert/strict';
import { Client } from 'pg';
import { createEmptyDatabase, createTestDatabase } from './postgres.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function tablesIn(url: string): Promise<string[]> {
  const rows = await query(url, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  return (rows as { tablename: string }[]).map(({ tablename }) => tablename);
}

describe('a test database', () => {
  it('has the schema, and nothing that another test wrote', async () => {
    const [one, other] = [await createTestDatabase(), await createTestDatabase()];
    await query(one.url, 'CREATE TABLE only_here (id int)');
    const [inOne, inOther] = [await tablesIn(one.url), await tablesIn(other.url)];
    assert.ok(inOther.length > 0);
    assert.deepEqual(
      inOne.filter((table) => !inOther.includes(table)),
      ['only_here'],
    );
    await Promise.all([one.drop(), other.drop()]);
  });

  it('can be dropped while somebody is connected', async () => {
    const database = await createEmptyDatabase();
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    await assert.rejects(client.query('SELECT 1'));
    await client.end().catch(() => undefined);
  });

  it('folds the case of Cyrillic letters', async () => {
    const database = await createEmptyDatabase();
    assert.deepEqual(await query(database.url, `SELECT lower('КАРТА') AS word`), [{ word: 'карта' }]);
    await database.drop();
  });
});
