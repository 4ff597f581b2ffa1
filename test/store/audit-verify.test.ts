import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { recordAudit } from '../../src/store/audit.ts';
import { sealAudit } from '../../src/store/audit-seal.ts';
import { type AuditFault, auditHead, type KnownHead, verifyAudit } from '../../src/store/audit-verify.ts';
import { type Database, transact } from '../../src/store/database.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

/** Six bindings were opened and each was sealed at its own place: positions and event ids are 1 to 6. */
const LENGTH = 6;

interface Tampering {
  readonly what: string;
  readonly by: string;
  readonly shows: readonly AuditFault[];
}

const at = (position: number) => ({ position: String(position), eventId: String(position) });
const altered = (position: number): AuditFault => ({ kind: 'altered', ...at(position) });
const eventDeleted = (position: number): AuditFault => ({ kind: 'event-deleted', ...at(position) });
const unexplained = (n: number): AuditFault => ({
  kind: 'binding-unexplained',
  program: 'club',
  card: card(n),
  phone: phone(n),
});
const change = (column: string, value: string): Tampering => ({
  what: `altering the ${column} of an event`,
  by: `UPDATE audit_events SET ${column} = ${value} WHERE id = 3`,
  shows: [altered(3)],
});

const TAMPERINGS: readonly Tampering[] = [
  change('txid', `'7'`),
  change('at', `at + interval '1 microsecond'`),
  change('actor', `'sms:99'`),
  change('before', `'{}'`),
  change('after', `'{"proof": "code"}'`),
  change('after', 'NULL'),
  {
    ...change('program', `'bazaar'`),
    shows: [altered(3), { ...unexplained(3), program: 'bazaar' } as AuditFault, unexplained(3)],
  },
  { ...change('action', `'card.status'`), shows: [altered(3), unexplained(3)] },
  {
    ...change('card', `'${card(7)}'`),
    shows: [altered(3), unexplained(3), { ...unexplained(3), card: card(7) } as AuditFault],
  },
  {
    ...change('phone', `'${phone(0)}'`),
    shows: [altered(3), { ...unexplained(3), phone: phone(0) } as AuditFault, unexplained(3)],
  },
  ...[1, 3, LENGTH].map((n) => ({
    what: `deleting event ${n} of ${LENGTH}`,
    by: `DELETE FROM audit_events WHERE id = ${n}`,
    shows: [eventDeleted(n), unexplained(n)],
  })),
  {
    what: 'renumbering an event',
    by: 'UPDATE audit_events SET id = DEFAULT WHERE id = 3',
    shows: [eventDeleted(3), { kind: 'event-unchained', eventId: '7' }],
  },
  {
    what: 'deleting an event and its link',
    by: 'WITH gone AS (DELETE FROM audit_events WHERE id = 3) DELETE FROM audit_chain WHERE position = 3',
    shows: [{ kind: 'links-deleted', first: '3', last: '3' }, unexplained(3)],
  },
  {
    what: 'deleting the first two links',
    by: 'DELETE FROM audit_chain WHERE position <= 2',
    shows: [
      { kind: 'links-deleted', first: '1', last: '2' },
      { kind: 'event-unchained', eventId: '1' },
      { kind: 'event-unchained', eventId: '2' },
    ],
  },
  {
    what: 'exchanging two events',
    by: `UPDATE audit_events e SET card = o.card, phone = o.phone FROM audit_events o WHERE e.id + o.id = 7 AND e.id IN (3, 4)`,
    shows: [altered(3), altered(4)],
  },
  {
    what: 'exchanging the places of two links',
    by: `UPDATE audit_chain SET position = -position WHERE position IN (3, 4);
      UPDATE audit_chain SET position = position + 7 WHERE position < 0`,
    shows: [
      { kind: 'altered', position: '3', eventId: '4' },
      { kind: 'altered', position: '4', eventId: '3' },
      altered(5),
    ],
  },
  {
    what: 'putting an event in among the sealed ones',
    by: `INSERT INTO audit_events (id, txid, program, actor, action) OVERRIDING SYSTEM VALUE
      SELECT 1000, txid, program, actor, 'card.status' FROM audit_events WHERE id = 3`,
    shows: [{ kind: 'event-unchained', eventId: '1000' }],
  },
  {
    what: 'putting an event in with a link of its own',
    by: `UPDATE audit_chain SET position = position + 100 WHERE position > 3;
      UPDATE audit_chain SET position = position - 99 WHERE position > 100;
      INSERT INTO audit_events (id, txid, program, actor, action) OVERRIDING SYSTEM VALUE
        SELECT 1000, txid, program, actor, 'card.status' FROM audit_events WHERE id = 3;
      INSERT INTO audit_chain (position, event_id, txid, hash)
        SELECT 4, 1000, txid, sha256('guess') FROM audit_chain WHERE position = 3`,
    shows: [
      { kind: 'altered', position: '4', eventId: '1000' },
      { kind: 'altered', position: '5', eventId: '4' },
      { kind: 'altered', position: '6', eventId: '5' },
      { kind: 'altered', position: '7', eventId: '6' },
    ],
  },
  {
    what: 'altering only a hash',
    by: `UPDATE audit_chain SET hash = sha256('x') WHERE position = 3`,
    shows: [{ kind: 'hash-altered', ...at(3) }],
  },
  {
    what: 'altering when a link was sealed',
    by: `UPDATE audit_chain SET sealed_at = sealed_at - interval '1 day' WHERE position = 3`,
    shows: [altered(3)],
  },
  {
    what: "altering a link's transaction",
    by: `UPDATE audit_chain SET txid = '7' WHERE position = 3`,
    shows: [altered(3)],
  },
  {
    what: 'altering two events side by side and another',
    by: `UPDATE audit_events SET actor = 'cli:eve' WHERE id IN (2, 3, 5)`,
    shows: [altered(2), altered(3), altered(5)],
  },
  {
    what: 'closing a binding without an event',
    by: `UPDATE bindings SET closed_at = now(), closed_by = 'cli:eve' WHERE card = '${card(2)}'`,
    shows: [unexplained(2)],
  },
  { what: 'deleting a binding', by: `DELETE FROM bindings WHERE card = '${card(2)}'`, shows: [unexplained(2)] },
];

describe('cardwake audit verify', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
    for (let n = 1; n <= LENGTH; n += 1) await openBinding(store.db, n);
    await sealAudit(store.db);
  });
  afterEach(() => store.close());

  it('finds nothing in a chain that nobody touched, and says where it ends', async () => {
    const { faults, verdict } = await verify(store.db);
    assert.deepEqual(faults, []);
    assert.equal(verdict.checked, LENGTH);
    assert.deepEqual(verdict.head, await auditHead(store.db));
  });

  it('finds nothing after any number of later events, with every head that was ever kept', async () => {
    const head = await auditHead(store.db);
    for (let n = LENGTH + 1; n <= LENGTH + 3; n += 1) await openBinding(store.db, n);
    await sealAudit(store.db);
    assert.deepEqual((await verify(store.db, head)).faults, []);
  });

  it('tells how many events are not sealed yet, without calling that a fault', async () => {
    await openBinding(store.db, LENGTH + 1);
    const { faults, verdict } = await verify(store.db);
    assert.deepEqual(faults, []);
    assert.equal(verdict.unsealed, 1);
  });

  for (const { what, by, shows } of TAMPERINGS) {
    it(`names the rows after ${what}`, async () => {
      for (const statement of by.split(';')) await sql.raw(statement).execute(store.db);
      const { faults, verdict } = await verify(store.db);
      assert.deepEqual(faults, shows);
      assert.equal(verdict.faults, shows.length);
    });
  }

  it('cannot see by itself that the end was cut off, but does with the head that was kept', async () => {
    const head = await auditHead(store.db);
    await cutOff(store.db, 5);
    assert.deepEqual((await verify(store.db)).faults, []);
    assert.deepEqual((await verify(store.db, head)).faults, [{ kind: 'head-missing', position: '6' }]);
  });

  it('sees with the kept head that an end was cut off and has grown again', async () => {
    const head = await auditHead(store.db);
    await cutOff(store.db, 5);
    for (const n of [8, 9, 10]) await openBinding(store.db, n);
    await sealAudit(store.db);
    assert.deepEqual((await verify(store.db, head)).faults, [{ kind: 'head-differs', position: '6' }]);
  });
});

function card(n: number): string {
  return `964300000000000${n}`;
}

function phone(n: number): string {
  return `+7916000000${n}`;
}

async function openBinding(db: Database, n: number): Promise<void> {
  await transact(db, async (trx) => {
    const [both, actor] = [{ program: 'club', card: card(n), phone: phone(n) }, `sms:${n}`];
    await trx
      .insertInto('cards')
      .values({ program: 'club', number: card(n), status: 'active' })
      .execute();
    await trx
      .insertInto('bindings')
      .values({ ...both, proof: 'sms', actor })
      .execute();
    await recordAudit(trx, [{ ...both, actor, action: 'binding.opened', after: { proof: 'sms' } }]);
  });
}

/** What somebody would do who wants to hide the last changes: everything about them is gone. */
async function cutOff(db: Database, first: number): Promise<void> {
  await sql`DELETE FROM audit_chain WHERE position >= ${first}`.execute(db);
  await sql`DELETE FROM audit_events WHERE id >= ${first}`.execute(db);
  for (let n = first; n <= LENGTH; n += 1) await sql`DELETE FROM bindings WHERE card = ${card(n)}`.execute(db);
}

async function verify(db: Database, head?: KnownHead) {
  const faults: AuditFault[] = [];
  const verdict = await verifyAudit(db, { head, onFault: (fault) => faults.push(fault) });
  return { faults, verdict };
}
