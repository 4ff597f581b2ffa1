import type { Router } from 'express';
import { openTemplates } from '../files/template-folder.ts';
import { createIntake } from '../intake/intake.ts';
import { keepUpMonths } from '../month-upkeep.ts';
import type { Service } from '../service.ts';
import type { Database } from '../store/database.ts';
import { listLeases } from '../store/leases.ts';
import { createReplyQuota } from '../store/reply-quota.ts';
import { createAdmission, turnAway } from './admission.ts';
import { createApi } from './api/router.ts';
import { createConsoleApp, createPublicApp } from './app.ts';
import { createChannelBoard } from './channel-board.ts';
import { createOps } from './health.ts';
import { createPhone } from './phone.ts';
import { phoneChannels } from './phone-channels.ts';
import { listen } from './server.ts';
import { createWebhooks } from './webhooks.ts';

/** A process that listens: to providers on one port, to people on another. */
export interface Serving {
  /** The ports in use, also where 0 was asked for. */
  readonly port: number;
  readonly consolePort: number;
  /** Ready turns red at once; then requests in flight end and what they brought is committed. */
  close(graceMs: number): Promise<void>;
}

/** Statements of a webhook have to fail while its provider still waits. */
const POOL = { poolSize: 10, connectTimeoutMs: 800, statementTimeoutMs: 5_000 } as const;

/** A till waits longer than a provider, and must not take a connection from one. */
const API_POOL = { poolSize: 10, connectTimeoutMs: 2_000, statementTimeoutMs: 5_000 } as const;

/**
 * Of a minute's calls at three times the peak 4,180 were never heard with one socket, and with 16 or more all were. The
 * slowest refusal came after 2.3 s with 64, 1.0 to 1.3 s with 256, 0.9 s at the most with 512.
 */
const DOORS = 512;

/**
 * Starts to listen. Until the database is prepared every call is answered with 503, so that providers try again. Throws
 * when reply texts have problems.
 */
export async function serve(service: Service): Promise<Serving> {
  const { settings, log, metrics, lines, enqueue } = service;
  const db = service.openPool(POOL);
  let isDraining = false;
  const intake = createIntake({ db, programs: settings.programs, lines, enqueue, metrics, log });
  const keep: typeof intake.keep = (channel, received, rawBody) =>
    service.isPrepared()
      ? intake.keep(channel, received, rawBody)
      : Promise.reject(new Error('The database is not prepared yet'));
  const admission = createAdmission();
  metrics.collectAdmitted(() => admission.limit);
  const webhooks = createWebhooks({ channels: lines, keep, admission, metrics, log });
  const api = await openApi(service);
  const { trustedProxies } = settings;
  const providers = await listen(
    createPublicApp({ webhooks, api: api.router, trustedProxies, log }),
    { port: settings.port },
    { doors: DOORS, onConnection: (open) => admission.connected(open), isAnswered: turnAway(admission, metrics) },
  );
  const phone = phoneChannels({ settings, db, port: () => providers.port, keep });
  const consoleApp = createConsoleApp({
    ops: createOps({ metrics, isDraining: () => isDraining, dependencies: service.dependencies(db) }),
    channels: createChannelBoard(lines, () => listLeases(db)),
    host: settings.consoleHost,
    log,
    ...(phone !== undefined && { phone: createPhone(phone) }),
  });
  const people = await listen(consoleApp, { port: settings.consolePort, host: settings.consoleHost });
  const stopMonths = makeMonthsAhead(service, db);
  return {
    port: providers.port,
    consolePort: people.port,
    async close(graceMs) {
      isDraining = true;
      await providers.close(graceMs);
      await intake.drain();
      await stopMonths();
      await people.close(1_000);
      api.close();
    },
  };
}

/** SMS are kept here also while no worker runs, in whatever month. What is old is dropped by the workers. */
function makeMonthsAhead({ prepared, log, now }: Service, db: Database): () => Promise<void> {
  let stop = () => Promise.resolve();
  let isStopped = false;
  prepared.then(
    () => {
      if (!isStopped) stop = keepUpMonths({ db, log, now, messagesMonths: undefined });
    },
    // Told by whoever waits for it.
    () => undefined,
  );
  return async () => {
    isStopped = true;
    await stop();
  };
}

async function openApi(service: Service): Promise<{ readonly router: Router; close(): void }> {
  const { settings, log, metrics, lines, enqueue, now } = service;
  const { programs, templatesDir } = settings;
  const templates = await openTemplates(templatesDir, [...programs.values()], {
    onChange: () => log.info('Changed reply texts are live'),
    onProblems: (problems) => log.error({ problems: problems.length }, 'Changed reply texts have problems'),
  });
  const db = service.openPool(API_POOL);
  const quota = createReplyQuota(db, now);
  const texts = () => templates.texts();
  const router = createApi(
    { db, programs, lines, enqueue, quota, texts, metrics, log, now },
    { isReady: () => service.isPrepared() },
  );
  return { router, close: () => templates.close() };
}
