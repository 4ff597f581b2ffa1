import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { type FakeSmsc, startFakeSmsc } from '../support/fake-smsc.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

const CONFIG = `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [ru]
    support: "+74950000000"
    series: [{ name: main, prefix: "9643", length: 16, check: none }]
channels:
  smpp-main:
    provider: smpp
    addresses: ["2420"]
    program: club
    host: 127.0.0.1
    port: \${SMSC_PORT}
    systemId: cardwake
    password: secret
    messagesPerSecond: 100
`;

const cardOf = (n: number) => `9643${String(n).padStart(12, '0')}`;

/** A customer's SMS with their card's number. */
const sms = (customer: number) => ({
  source_addr_ton: 1,
  source_addr_npi: 1,
  source_addr: `7916000000${customer}`,
  destination_addr: '2420',
  data_coding: 8,
  short_message: Buffer.from(`Карта ${cardOf(customer)}`, 'utf16le').swap16(),
});

describe('worker processes with SMPP sessions', function () {
  this.timeout(120_000);
  let smsc: FakeSmsc;
  let db: Pool;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let env: Readonly<Record<string, string>>;
  const workers: RunningProcess[] = [];

  before(async () => {
    smsc = await startFakeSmsc();
    database = await createTestDatabase();
    db = new Pool({ connectionString: database.url, max: 2 });
    db.on('error', () => undefined);
    const folder = await temporaryFolder('smpp');
    await writeFile(join(folder, 'cardwake.yaml'), CONFIG);
    env = {
      CARDWAKE_CONFIG: join(folder, 'cardwake.yaml'),
      SMSC_PORT: String(smsc.port),
      DATABASE_URL: database.url,
      DATA_DIR: folder,
    };
    for (const _ of ['first', 'second']) await startWorker();
    await db.query(`INSERT INTO cards (program, number) SELECT 'club', unnest($1::text[])`, [[1, 2, 3, 4].map(cardOf)]);
  });

  after(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await smsc.close();
    await db.end();
    await database.drop();
  });

  async function startWorker(): Promise<RunningProcess> {
    const worker = await startProcess('workers/main.ts', env);
    workers.push(worker);
    await worker.ready();
    return worker;
  }

  /** A customer texts their card's number; resolves with the status of the answer once the reply has come, too. */
  async function text(customer: number): Promise<number> {
    const sent = smsc.submits.length;
    const { status } = await smsc.deliver(sms(customer));
    await waitFor(() => smsc.submits.length > sent, { what: `the reply to customer ${customer}`, timeoutMs: 20_000 });
    return status;
  }

  it('activate a card that is texted over a session, which one of them has', async () => {
    assert.equal(await text(1), 0);
    const accepted = `SELECT 1 FROM replies WHERE status = 'accepted'`;
    await waitFor(async () => (await db.query(accepted)).rows.length === 1, { what: 'all parts of the reply' });
    assert.equal(smsc.sessions.length, 1);
    assert.equal(smsc.submits.at(-1)?.fields.destination_addr, '79160000001');
    const { rows } = await db.query(`SELECT card, phone FROM bindings WHERE closed_at IS NULL`);
    assert.deepEqual(rows, [{ card: cardOf(1), phone: '+79160000001' }]);
  });

  it('take over from one that is killed, within ten seconds', async () => {
    const holder = await holdingWorker();
    await holder.kill();
    const killedAt = performance.now();
    await waitFor(() => smsc.sessions.length === 1 && smsc.binds.length === 2, {
      what: 'the other to have bound',
      timeoutMs: 20_000,
    });
    const took = (smsc.binds.at(-1)?.at ?? Number.POSITIVE_INFINITY) - killedAt;
    assert.ok(took < 10_000, `it took ${took} ms`);
    assert.equal(await text(2), 0);
  });

  it('that were stopped and wake up close their sessions, and send nothing twice', async () => {
    const stopped = await startWorker();
    const other = await holdingWorker();
    other.signal('SIGTERM');
    await other.endWithin(20_000);
    assert.equal(await holdingWorker(), stopped);
    const [old] = await waitFor(() => smsc.sessions.length === 1 && smsc.sessions, { what: 'its session' });
    assert.ok(old);
    const next = await startWorker();
    // It has handed a reply over, in as many parts as the first, and not heard of the last.
    const parts = partsTo(1);
    smsc.plan(...Array.from({ length: parts - 1 }, () => 'accept' as const), 'hold');
    assert.equal(await text(3), 0);
    await waitFor(() => smsc.heldCount === 1, { what: 'a reply without an answer' });
    stopped.signal('SIGSTOP');
    try {
      // Both lie there when it wakes up.
      smsc.release();
      void old.request('deliver_sm', sms(4));
      const session = await waitFor(() => smsc.sessions.find((one) => one !== old), {
        what: 'the next to have bound',
        timeoutMs: 20_000,
      });
      assert.equal(await holdingWorker(), next);
      // The SMSC gives up on the one and brings the SMS over the other.
      assert.equal((await session.request('deliver_sm', sms(4))).status, 0);
      await waitFor(() => partsTo(4) === parts, { what: 'the reply to customer 4', timeoutMs: 20_000 });
    } finally {
      stopped.signal('SIGCONT');
    }
    await old.closed;
    assert.equal(old.seen.at(-1)?.command, 'unbind');
    assert.match(stopped.output().out, /"The lease of the channel was lost: its sessions are closed"/);
    const settled = `SELECT 1 FROM replies WHERE recipient LIKE '%3' AND status IN ('accepted', 'unknown')`;
    await waitFor(async () => (await db.query(settled)).rows.length === 1, { what: 'what became of the reply' });
    assert.equal(await holdingWorker(), next);
    assert.deepEqual([partsTo(3), partsTo(4)], [parts, parts]);
    const { rows } = await db.query(`SELECT count(*)::int AS sms FROM inbox WHERE sender LIKE '%4'`);
    assert.deepEqual(rows, [{ sms: 1 }]);
  });

  it('tell the state of their sessions on /metrics, and part in good order', async () => {
    const holder = await holdingWorker();
    const scrape = async () => (await fetch(`${holder.consoleOrigin}/metrics`)).text();
    const isTold = async () => /^cardwake_session_unbound_seconds\{channel="smpp-main"\} 0$/m.test(await scrape());
    await waitFor(isTold, { what: 'the lease to tell that all are bound' });
    const metrics = await scrape();
    assert.match(metrics, /^cardwake_session_state\{channel="smpp-main",session="transceiver-1",state="bound"\} 1$/m);
    const [session] = smsc.sessions;
    holder.signal('SIGTERM');
    await session?.closed;
    assert.equal(session?.seen.at(-1)?.command, 'unbind');
    assert.deepEqual(await holder.endWithin(20_000), { code: 0, signal: null });
    // Nobody has the lease, or the one who waited for it already.
    const kept = `SELECT 1 FROM session_leases WHERE split_part(holder, ':', 2) = $1`;
    assert.equal((await db.query(kept, [String(holder.pid)])).rows.length, 0);
  });

  /** How many parts of replies a customer was sent. */
  function partsTo(customer: number): number {
    return smsc.submits.filter(({ fields }) => fields.destination_addr === `7916000000${customer}`).length;
  }

  async function holdingWorker(): Promise<RunningProcess> {
    const asked = 'SELECT split_part(holder, $1, 2) AS pid FROM session_leases';
    const holder = async () => {
      const { rows } = await db.query<{ pid: string }>(asked, [':']);
      return workers.find(({ pid }) => rows[0]?.pid === String(pid));
    };
    return waitFor(holder, { what: 'a worker to have the sessions' });
  }
});
