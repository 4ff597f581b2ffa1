import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { recordAudit } from '../../src/store/audit.ts';
import { sealAudit } from '../../src/store/audit-seal.ts';
import { type AuditFault, verifyAudit } from '../../src/store/audit-verify.ts';
import type { Database } from '../../src/store/database.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

describe('the audit sealer', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  it('has nothing to do in an empty database', async () => {
    assert.deepEqual(await sealAudit(store.db), { sealed: 0 });
  });

  it('chains every event once, in batches', async () => {
    await store.db.transaction().execute((trx) =>
      recordAudit(
        trx,
        Array.from({ length: 2_345 }, (_, n) => event(n)),
      ),
    );
    assert.deepEqual(await sealAudit(store.db), { sealed: 2_345 });
    assert.deepEqual(await sealAudit(store.db), { sealed: 0 });
    assert.deepEqual(await chained(store.db), await inOrder(store.db));
    assert.deepEqual(await faultsOf(store.db), []);
  });

  it('waits for a transaction that began to write earlier, so that nothing is ever slipped in before a sealed event', async () => {
    await store.db.connection().execute(async (early) => {
      await sql`BEGIN`.execute(early);
      await recordAudit(early as never, [event(1)]);
      await store.db.transaction().execute((late) => recordAudit(late, [event(2)]));
      assert.deepEqual(await sealAudit(store.db), { sealed: 0 });
      await sql`COMMIT`.execute(early);
    });
    assert.deepEqual(await sealAudit(store.db), { sealed: 2 });
    assert.deepEqual(await faultsOf(store.db), []);
  });

  it('with 16 writers that commit in any order and 4 sealers at once, chains every event once and in order', async () => {
    const written = new AbortController();
    const seal = async () => {
      let sealed = 0;
      do sealed += (await sealAudit(store.db)).sealed;
      while (!written.signal.aborted);
      return sealed;
    };
    const sealers = [seal(), seal(), seal(), seal()];
    await Promise.all(Array.from({ length: 16 }, (_, writer) => writeMany(store.db, writer)));
    written.abort();
    const sealed = (await Promise.all(sealers)).reduce((sum, count) => sum + count, 0);
    const rest = await sealAudit(store.db);
    assert.equal(sealed + rest.sealed, 16 * 10 * 3);
    assert.ok(sealed > 0, 'some events were sealed while others were being written');
    assert.deepEqual(await chained(store.db), await inOrder(store.db));
    assert.deepEqual(await faultsOf(store.db), []);
  });

  it('goes on after the database was restored into a cluster whose transactions are numbered from the start', async () => {
    await store.db.transaction().execute((trx) => recordAudit(trx, [event(1), event(2)]));
    // As a dump brings them: one is in the chain, one is not, and both have numbers of another cluster.
    await sql`UPDATE audit_events SET txid = (900000000000 + id)::text::xid8`.execute(store.db);
    await sql`INSERT INTO audit_chain (position, event_id, txid, hash) SELECT 1, id, txid, '' FROM audit_events ORDER BY id LIMIT 1`.execute(
      store.db,
    );
    await store.db.transaction().execute((trx) => recordAudit(trx, [event(3)]));
    assert.deepEqual(await sealAudit(store.db), { sealed: 2 });
    await store.db.transaction().execute((trx) => recordAudit(trx, [event(4)]));
    assert.deepEqual(await sealAudit(store.db), { sealed: 1 });
    assert.deepEqual(await chained(store.db), ['1', '2', '3', '4']);
    assert.deepEqual(
      (await faultsOf(store.db)).filter((fault) => fault.kind === 'event-unchained'),
      [],
    );
  });

  it('hashes as its description says, byte by byte', async () => {
    await store.db.transaction().execute((trx) => recordAudit(trx, [{ ...event(1), before: { b: 1, a: ['ж'] } }]));
    await sealAudit(store.db);
    const { rows } = await sql<{ hash: Buffer; text: string[] }>`
      SELECT hash, ARRAY[position::text, to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), id::text,
        e.txid::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'club', 'cli:test', 'card.status',
        '9643000000000001', NULL, '{"a": ["ж"], "b": 1}', NULL] AS text
      FROM audit_chain c JOIN audit_events e ON e.id = event_id`.execute(store.db);
    const [row] = rows;
    const bytes = row?.text.map((value) => {
      if (value === null) return Buffer.of(0);
      const length = Buffer.byteLength(value);
      return Buffer.concat([Buffer.of(1, 0, 0, length >> 8, length & 255), Buffer.from(value)]);
    });
    const expected = createHash('sha256').update(Buffer.concat([Buffer.alloc(32), ...(bytes ?? [])]));
    assert.deepEqual(row?.hash, expected.digest());
  });
});

function event(n: number) {
  return { program: 'club', actor: 'cli:test', action: 'card.status', card: `964300000000000${n}` } as const;
}

/** Ten transactions of three events; some roll back first, and each holds its events back for a moment of its own. */
async function writeMany(db: Database, writer: number): Promise<void> {
  for (let n = 0; n < 10; n += 1) {
    if ((writer + n) % 5 === 0) await rollBackOne(db);
    await db.transaction().execute(async (trx) => {
      await recordAudit(trx, [event(1)]);
      await sql`SELECT pg_sleep(${((writer * 7 + n * 3) % 10) / 1000})`.execute(trx);
      await recordAudit(trx, [event(2), event(3)]);
    });
  }
}

async function rollBackOne(db: Database): Promise<void> {
  const cancelled = db.transaction().execute(async (trx) => {
    await recordAudit(trx, [event(9)]);
    throw new Error('cancelled');
  });
  await assert.rejects(cancelled, /cancelled/);
}

async function chained(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('audit_chain').select('event_id').orderBy('position').execute();
  return rows.map((row) => row.event_id);
}

async function inOrder(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('audit_events').select('id').orderBy('txid').orderBy('id').execute();
  return rows.map((row) => row.id);
}

async function faultsOf(db: Database): Promise<AuditFault[]> {
  const faults: AuditFault[] = [];
  await verifyAudit(db, { onFault: (fault) => faults.push(fault) });
  return faults;
}
