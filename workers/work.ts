import { createEventPoster } from '../src/events/poster.ts';
import { openTemplates } from '../src/files/template-folder.ts';
import { createIntake } from '../src/intake/intake.ts';
import type { Metrics } from '../src/metrics.ts';
import { keepUpMonths } from '../src/month-upkeep.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import { type QueueName, sendQueue } from '../src/queue/catalog.ts';
import { startWorkers } from '../src/queue/worker.ts';
import type { Service } from '../src/service.ts';
import type { Database } from '../src/store/database.ts';
import { createReplyQuota } from '../src/store/reply-quota.ts';
import { createAttempts, type SendNeighbours } from './attempt.ts';
import { type BindNeighbours, createBind } from './bind.ts';
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
  const templates = await openTexts(service);
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
  const isOverSessions = channels.length < lines.size;
  const openJobs = jobsOf(queue, carrying, { ...common, quota, isOverSessions });
  const endJobs = openJobs(channels, true);
  const sessions = keepSessions({
    db,
    lines,
    log,
    keep: (channel, received, raw) => intake.keep(channel, received, raw),
    openSending: (channel) => openJobs([channel], false),
  });
  metrics.collectSessions(() => sessions.states());
  const poster = createEventPoster({ isPrivateAllowed: settings.hasPrivateEventUrls, now });
  const stops = [
    startEvents({ ...common, poster, random: Math.random }),
    startSweeper({ ...common, lines, quota, queue }),
    startLookups({ ...sending, lines }),
    keepUpMonths({ db, log, now, messagesMonths: settings.retention.messagesMonths }),
  ];
  return {
    db,
    async close(graceMs) {
      await Promise.all([endJobs(graceMs), sessions.close(graceMs), ...stops.map((stop) => stop())]);
      await rehearsals.drain();
      await intake.drain();
      await poster.close();
      templates.close();
    },
  };
}

/**
 * Opens jobs, and with them what is sent without one. The function that it gives ends both, in so many milliseconds; with 0
 * all sends are called off before it returns.
 */
function jobsOf(queue: QueueBackend, carrying: SendNeighbours, binding: Omit<BindNeighbours, 'sendNow'>) {
  const attempts = createAttempts(carrying);
  const sendNow = createSendNow(carrying, attempts);
  const handlers = { bind: createBind({ ...binding, sendNow }), send: createSend(carrying, attempts) };
  return (channels: readonly string[], isBinding: boolean) => {
    const counting = countJobs(carrying.metrics, [
      ...(isBinding ? (['bind'] as const) : []),
      ...channels.map(sendQueue),
    ]);
    const workers = startWorkers(queue, handlers, { channels, isBinding, log: carrying.log, ...counting });
    const ends = channels.map((channel) => sendNow.open(channel));
    const endSending = (graceMs: number) => Promise.all(ends.map((end) => end(graceMs)));
    return async (graceMs: number) => {
      const endAt = performance.now() + graceMs;
      const calledOff = graceMs === 0 ? endSending(0) : undefined;
      await workers.close(graceMs);
      // What the last packs decided still goes out.
      await (calledOff ?? endSending(Math.max(0, endAt - performance.now())));
    };
  };
}

/** Counts from 0 what fails and what is not ours: to Prometheus a counter that begins with 1 has not risen. */
function countJobs({ jobFailures, foreignJobs }: Metrics, queues: readonly QueueName[]) {
  for (const queue of queues) for (const counter of [jobFailures, foreignJobs]) counter.inc({ queue }, 0);
  return {
    onFailed: (queue: QueueName) => jobFailures.inc({ queue }),
    onTampered: (queue: QueueName) => foreignJobs.inc({ queue }),
  };
}

function openTexts({ settings: { templatesDir, programs }, log }: Service) {
  return openTemplates(templatesDir, [...programs.values()], {
    onChange: () => log.info('Changed reply texts are live'),
    onProblems: (problems) => log.error({ problems: problems.length }, 'Changed reply texts have problems'),
  });
}
