import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createLogger } from '../../src/log.ts';
import { openQueueBackend, type QueueBackend } from '../../src/queue/backend.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { waitFor } from '../support/wait-for.ts';

const CONFIG = `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [en]
    support: "+74950000000"
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
channels:
  main:
    provider: simulator
    publicUrl: http://127.0.0.1:3000
    secret: simulator-secret-of-this-test
    addresses: ["1234"]
    program: club
`;

describe('a process that works', () => {
  let service: RunningService;
  let queue: QueueBackend;

  before(async () => {
    service = await runService({ config: CONFIG, queue: 'postgres' });
    const log = createLogger({ level: 'silent' });
    queue = openQueueBackend({ databaseUrl: service.databaseUrl, log });
  });

  after(async () => {
    await queue.close();
    await service.stop();
  });

  const counts = async (metric: string, value: number, name: string) => {
    const scraped = await (await fetch(`${service.consoleOrigin}/metrics`)).text();
    return scraped.includes(`${metric}{queue="${name}"} ${value}\n`);
  };

  it('counts jobs that it dropped because somebody else wrote them, from 0', async () => {
    assert.ok(await counts('cardwake_foreign_jobs_total', 0, 'send-main'));
    assert.ok(await counts('cardwake_foreign_jobs_total', 0, 'bind'));
    const theirs = { ids: ['1'], text: 'hello' };
    await queue.add('bind', 'bind', [{ pack: theirs, delayMs: 0 }]);
    await waitFor(() => counts('cardwake_foreign_jobs_total', 1, 'bind'), { what: 'the count' });
  });

  it('counts runs of jobs that failed', async () => {
    await sql`ALTER TABLE replies RENAME TO away`.execute(service.db);
    try {
      await queue.add('send', 'send-main', [{ pack: { ids: ['1'] }, delayMs: 0, attempts: 1 }]);
      await waitFor(() => counts('cardwake_job_failures_total', 1, 'send-main'), { what: 'the count' });
    } finally {
      await sql`ALTER TABLE away RENAME TO replies`.execute(service.db);
    }
  });
});
