import { createEventPoster } from '../src/events/poster.ts';
import { openTemplates } from '../src/files/template-folder.ts';
import { createIntake } from '../src/intake/intake.ts';
import { startWorkers } from '../src/queue/worker.ts';
import type { Service } from '../src/service.ts';
import type { Database } from '../src/store/database.ts';
import { createReplyQuota } from '../src/store/reply-quota.ts';
import { createAttempt } from './attempt.ts';
import { createBind } from './bind.ts';
import { createCircuits } from './circuit.ts';
import { startEvents } from './events.ts';
import { startLookups } from './lookup.ts';
import { tellRehearsals } from './rehearsal.ts';
import { createSend } from './send.ts';
import { createSendNow } from './send-now.ts';
import { keepSessions } from './sessions.ts';
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
  // Whoever has the sessions of a channel also sends its replies.
  const channels = [...lines].flatMap(([key, { provider }]) => (provider.sessions === undefined ? [key] : []));
  const common = { db, programs, enqueue, metrics, log, now };
  const quota = createReplyQuota(db, now);
  const intake = createIntake({ ...common, lines });
  const rehearsals = tellRehearsals(lines, (channel, received, raw) => intake.keep(channel, received, raw));
  const circuits = createCircuits(lines, { metrics, log, random: Math.random });
  const hasSession = (channel: string) => sessions.canSend(channel);
  const sending = { ...common, circuits, hasSession, random: Math.random };
  const carrying = { ...sending, lines: rehearsals.lines, texts: () => templates.texts() };
  const attempt = createAttempt(carrying);
  const sendNow = createSendNow(carrying, attempt);
  const handlers = { bind: createBind({ ...common, quota, sendNow }), send: createSend(carrying, attempt) };
  const workers = startWorkers(queue, handlers, { channels, log });
  const sendingNow = channels.map((channel) => sendNow.open(channel));
  const sessions = keepSessions({
    db,
    lines,
    log,
    keep: (channel, received, raw) => intake.keep(channel, received, raw),
    openSending: (channel) => {
      const senders = startWorkers(queue, handlers, { channels: [channel], isBinding: false, log });
      const endNow = sendNow.open(channel);
      return async (graceMs) => void (await Promise.all([senders.close(graceMs), endNow(graceMs)]));
    },
  });
  metrics.collectSessions(() => sessions.states());
  const poster = createEventPoster({ isPrivateAllowed: settings.hasPrivateEventUrls, now });
  const stopEvents = startEvents({ ...common, poster, random: Math.random });
  const stopSweeper = startSweeper({ ...common, lines, quota, queue });
  const stopLookups = startLookups({ ...sending, lines });
  return {
    db,
    async close(graceMs) {
      const endSending = () => Promise.all(sendingNow.map((endNow) => endNow(graceMs)));
      await Promise.all([
        // What the last packs decided still goes out.
        workers.close(graceMs).then(endSending),
        sessions.close(graceMs),
        stopSweeper(),
        stopLookups(),
        stopEvents(),
      ]);
      await rehearsals.drain();
      await intake.drain();
      await poster.close();
      templates.close();
    },
  };
}
