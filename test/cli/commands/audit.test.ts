import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { recordAudit } from '../../../src/store/audit.ts';
import { sealAudit } from '../../../src/store/audit-seal.ts';
import { openTestStore, type TestStore } from '../../store/open-test-store.ts';
import { runCommand } from '../run-command.ts';

describe('cardwake audit', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  const audit = (...args: string[]) => runCommand({ settings: {}, db: store.db }, 'audit', ...args);

  it('head says when nothing is sealed yet', async () => {
    assert.deepEqual((await audit('head')).out, ['Nothing is sealed yet.']);
  });

  it('verify answers 0 for a whole audit, also against a head that was printed before', async () => {
    await seal(3);
    const [head = ''] = (await audit('head')).out;
    assert.match(head, /^3:[0-9a-f]{64}$/);
    await seal(2);
    const { exitCode, out } = await audit('verify', '--head', head);
    assert.equal(exitCode, 0);
    assert.match(out[0] ?? '', /^5 sealed events checked, 0 wait for their seal; the head is 5:[0-9a-f]{64}\.$/);
    assert.equal(out[1], 'The audit is whole.');
  });

  it('verify answers 1 and names the row of a broken audit', async () => {
    await seal(3);
    await sql`UPDATE audit_events SET actor = 'cli:eve' WHERE id = 2`.execute(store.db);
    const { exitCode, out } = await audit('verify');
    assert.equal(exitCode, 1);
    assert.equal(out[0], 'position 2: event 2 or its link was altered, exchanged or put in');
    assert.equal(out.at(-1), 'The audit is BROKEN.');
  });

  it('verify shows a hundred faults and counts the rest', async () => {
    await seal(150);
    await sql`UPDATE audit_events SET actor = 'cli:eve'`.execute(store.db);
    const { out } = await audit('verify');
    assert.equal(out.filter((line) => line.startsWith('position')).length, 100);
    assert.ok(out.includes('… and 50 more'));
  });

  it('verify names cards and phones of unexplained bindings masked', async () => {
    await store.db.insertInto('cards').values({ program: 'club', number: '9643001234563452' }).execute();
    const both = { program: 'club', card: '9643001234563452', phone: '+79161234567' };
    await store.db
      .insertInto('bindings')
      .values({ ...both, proof: 'sms', actor: 'sms:1' })
      .execute();
    const { out } = await audit('verify');
    assert.equal(out[0], 'binding of card •••• 3452 and phone +7 ••• ••• 67 in club: it and the audit do not agree');
  });

  it('verify refuses a head that is none', async () => {
    const { exitCode, err } = await audit('verify', '--head', '12:abc');
    assert.equal(exitCode, 2);
    assert.match(err[0] ?? '', /64 hexadecimal digits/);
  });

  async function seal(count: number): Promise<void> {
    const event = { program: 'club', actor: 'cli:test', action: 'card.status' } as const;
    await store.db.transaction().execute((trx) =>
      recordAudit(
        trx,
        Array.from({ length: count }, () => event),
      ),
    );
    await sealAudit(store.db);
  }
});
