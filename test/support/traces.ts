import { Client } from 'pg';

/**
 * The tables, of every schema but Postgres's own, in which one of the texts stands anywhere in a row: in text, in JSON, in
 * an array, or in bytes of UTF-8 or UTF-16. A partition is named by its whole table.
 */
export async function tracesOf(databaseUrl: string, texts: readonly string[]): Promise<string[]> {
  const needles = texts.flatMap((text) => [
    text,
    Buffer.from(text).toString('hex'),
    Buffer.from(text, 'utf16le').swap16().toString('hex'),
  ]);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name
       FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE relkind IN ('r', 'p') AND NOT relispartition
         AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY relname`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rowCount } = await client.query(
        `SELECT FROM ${name} t WHERE EXISTS (SELECT FROM unnest($1::text[]) needle
           WHERE position(needle IN t::text) > 0) LIMIT 1`,
        [needles],
      );
      if (rowCount !== 0) found.push(name.replace(/^public\./, ''));
    }
    return found;
  } finally {
    await client.end();
  }
}
