import { Router } from 'express';
import type { Metrics } from '../metrics.ts';
import { within } from '../within.ts';

/** Something Cardwake needs, such as the database. */
export interface Dependency {
  /** Resolves when it answers. Asked at most once a second; an answer that takes half a second is none. */
  readonly check: () => Promise<unknown>;
  /** False when messages are still taken and kept without it: then it is `degraded`, and the process stays ready. */
  readonly isRequired: boolean;
}

/** What `/health/ready` tells. */
export interface Readiness {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly dependencies: Readonly<Record<string, 'up' | 'down' | 'degraded'>>;
}

export interface Ops {
  /** By the names that `/health/ready` shows: `database`, `queue`, `templates`. */
  readonly dependencies: Readonly<Record<string, Dependency>>;
  /** True from the first moment of SIGTERM on. */
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
}

const CHECK_TIMEOUT_MS = 500;
const CHECKS_LAST_MS = 1000;

/** `/health/live`, `/health/ready` and `/metrics`, for a process of any kind. */
export function createOps(ops: Ops): Router {
  const router = Router();
  const check = shared(CHECKS_LAST_MS, () => checkAll(ops.dependencies));
  router.get('/health/live', (_request, response) => {
    response.json({ live: true });
  });
  router.get('/health/ready', async (_request, response) => {
    const dependencies = await check();
    const draining = ops.isDraining();
    const ready = !draining && !Object.values(dependencies).includes('down');
    response.status(ready ? 200 : 503).json({ ready, draining, dependencies } satisfies Readiness);
  });
  router.get('/metrics', async (_request, response) => {
    response.type(ops.metrics.registry.contentType).send(await ops.metrics.registry.metrics());
  });
  return router;
}

async function checkAll(dependencies: Ops['dependencies']): Promise<Readiness['dependencies']> {
  const states = Object.entries(dependencies).map(async ([name, dependency]) => [name, await stateOf(dependency)]);
  return Object.fromEntries(await Promise.all(states));
}

async function stateOf({ check, isRequired }: Dependency): Promise<'up' | 'down' | 'degraded'> {
  try {
    await within(CHECK_TIMEOUT_MS, check());
    return 'up';
  } catch {
    return isRequired ? 'down' : 'degraded';
  }
}

/** Does `work` once for all who ask within `lastsMs` of its start. */
function shared<T>(lastsMs: number, work: () => Promise<T>): () => Promise<T> {
  let latest: { readonly startedAt: number; readonly result: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (latest === undefined || now - latest.startedAt > lastsMs) latest = { startedAt: now, result: work() };
    return latest.result;
  };
}
