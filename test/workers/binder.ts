import type { Program } from '../../src/activation/program.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { type BindNeighbours, createBind } from '../../workers/bind.ts';
import { CLUB } from '../support/world.ts';

/** One metrics registry for all tests: what it counts is not what they look at. */
export const metrics = createMetrics();
export const log = createLogger({ level: 'silent' });

/** Every reply takes the way over the queue. */
const NOTHING_AT_ONCE: BindNeighbours['sendNow'] = {
  take: () => Promise.resolve({ count: 0, send: () => {}, giveBack: () => {} }),
  putBack: () => {},
};

/** A bind worker with its own quota, and what it enqueued. */
export function binder(db: Database, { programs = [CLUB], quotaDb = db, ...changes }: BinderOptions = {}) {
  const replies: string[] = [];
  const again: string[] = [];
  const now = changes.now ?? (() => new Date());
  const handle = createBind({
    db,
    programs: new Map(programs.map((one) => [one.key, one])),
    quota: createReplyQuota(quotaDb, now),
    sendNow: NOTHING_AT_ONCE,
    isOverSessions: false,
    enqueue: { bind: (ids) => again.push(...ids), send: (_channel, ids) => replies.push(...ids) },
    metrics,
    log,
    ...changes,
    now,
  });
  const { signal } = new AbortController();
  return { bind: (ids: readonly string[]) => handle({ ids }, { signal }), replies, again };
}

interface BinderOptions extends Partial<Omit<BindNeighbours, 'programs' | 'db'>> {
  readonly programs?: readonly Program[];
  /** A second connection is needed while a pack's is held: many packs at once on one pool want another for the quota. */
  readonly quotaDb?: Database;
}

/** A further pool on the same database, as another process has. */
export function openPool(url: string, poolSize: number): Database {
  const timeouts = { connectTimeoutMs: 10_000, statementTimeoutMs: 30_000 };
  return openDatabase({ url, poolSize, ...timeouts, onIdleError: () => {} });
}
