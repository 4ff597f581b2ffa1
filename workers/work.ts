import { createEventPoster } from '../src/events/poster.ts';
import { openTemplates } from '../src/files/template-folder.ts';
import { startWorkers } from '../src/queue/worker.ts';
import type { Service } from '../src/service.ts';
import type { Database } from '../src/store/database.ts';
import { createReplyQuota } from '../src/store/reply-quota.ts';
import { createBind } from './bind.ts';
import { startEvents } from './events.ts';
import { createSend } from './send.ts';
import { startSweeper } from './sweep.ts';

/** A process that works. */
export interface Working {
  readonly db: Database;
  /** Takes no more jobs, lets those at hand end, and stops the sweeper. */
  close(graceMs: number): Promise<void>;
}

const POOL = { poolSize: 14, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000 } as const;

/** Starts all workers and the sweeper, once the database is prepared. Throws when reply texts have problems. */
export async function work(service: Service): Promise<Working> {
  const { settings, log, metrics, queue, enqueue, lines, now } = service;
  const { programs } = settings;
  const templates = await openTemplates(settings.templatesDir, [...programs.values()], {
    onChange: () => log.info('Changed reply texts are live'),
    onProblems: (problems) => log.error({ problems: problems.length }, 'Changed reply texts have problems'),
  });
  await service.prepared;
  const db = service.openPool(POOL);
  const channels = [...lines.keys()];
  const common = { db, programs, enqueue, metrics, log, now };
  const quota = createReplyQuota(db, now);
  const handlers = {
    bind: createBind({ ...common, quota }),
    send: createSend({ ...common, lines, texts: () => templates.texts(), random: Math.random }),
  };
  const workers = startWorkers(queue, handlers, { channels, log });
  const poster = createEventPoster({ isPrivateAllowed: settings.hasPrivateEventUrls, now });
  const stopEvents = startEvents({ ...common, poster, random: Math.random });
  const stopSweeper = startSweeper({ ...common, quota, channels, queue });
  return {
    db,
    async close(graceMs) {
      await Promise.all([workers.close(graceMs), stopSweeper(), stopEvents()]);
      await poster.close();
      templates.close();
    },
  };
}
