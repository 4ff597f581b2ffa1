import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { RunningService } from './running-service.ts';

/** Everything that a service's queue holds, key by key or row by row, as text. */
export async function queueContents(service: Pick<RunningService, 'redisUrl' | 'databaseUrl'>): Promise<string[]> {
  return service.redisUrl === undefined
    ? await tableContents(service.databaseUrl)
    : await keyContents(service.redisUrl);
}

async function keyContents(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const found: string[] = [];
    for (const key of await redis.keys('*')) found.push(key, String(await redis.dumpBuffer(key)));
    return found;
  } finally {
    redis.disconnect();
  }
}

async function tableContents(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`,
    );
    const contents = await Promise.all(
      tables.map(
        async ({ name }) => (await client.query<{ row: string }>(`SELECT t::text AS row FROM bullmq.${name} t`)).rows,
      ),
    );
    return contents.flat().map(({ row }) => row);
  } finally {
    await client.end();
  }
}
