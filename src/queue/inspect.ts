import { type Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { type Finding, ok, unless } from '../finding.ts';
import { within } from '../within.ts';
import { connect } from './redis.ts';
import { parseRedisUrl } from './redis-url.ts';

const PATIENCE_MS = 3_000;
const IMPATIENT = {
  connectTimeout: 2_000,
  maxRetriesPerRequest: 0,
} as const satisfies CommonRedisOptions;

/**
 * Looks at the settings of the Redis that carries the queue, on a Cluster at every master's. A Redis that does not
 * answer within three seconds is a finding, too. Asks with INFO only, which managed services allow. Never shows the URL.
 */
export async function inspectRedis(url: string): Promise<Finding[]> {
  let lastError: Error | undefined;
  const client = connect(parseRedisUrl(url), IMPATIENT, (error) => {
    lastError = error;
  });
  try {
    return await within(PATIENCE_MS, inspectNodes(client));
  } catch (error) {
    return [unreachable(lastError ?? (error as Error))];
  } finally {
    client.disconnect();
  }
}

function unreachable(error: Error): Finding {
  return {
    level: 'problem',
    what: `it does not answer: ${error.message || error.name}`,
    advice: 'check REDIS_URL and that Redis runs; until then messages are kept and answered late, by the sweeper',
  };
}

async function inspectNodes(client: Redis | Cluster): Promise<Finding[]> {
  if (client instanceof Redis) return infoFindings(parseInfo(await client.info()));
  await client.ping();
  const found = await Promise.all(client.nodes('master').map(async (node) => parseInfo(await node.info())));
  return found.flatMap(infoFindings);
}

/** `INFO` as a map: `redis_version` → `7.2.4`. */
function parseInfo(info: string): ReadonlyMap<string, string> {
  const pairs = info.split('\r\n').map((line) => line.split(':', 2) as [string, string | undefined]);
  return new Map(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function infoFindings(info: ReadonlyMap<string, string>): Finding[] {
  const version = info.get('redis_version') ?? 'of an unknown version';
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  return [
    unless(isAtLeast62(version), `Redis ${version}`, {
      level: 'problem',
      what: `Redis ${version} is too old for BullMQ`,
      advice: 'use Redis 6.2 or newer',
    }),
    unless(policy === 'noeviction', 'maxmemory-policy is noeviction', {
      level: 'problem',
      what: `maxmemory-policy is ${policy}: when memory runs out, Redis throws jobs away`,
      advice: 'set maxmemory-policy noeviction in redis.conf',
    }),
    info.get('aof_enabled') === '1'
      ? ok('the append-only file is on')
      : {
          level: 'warning',
          what: 'the append-only file is off: after a restart of Redis every job waits for the sweeper',
          advice: 'set appendonly yes in redis.conf',
        },
  ];
}

function isAtLeast62(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}
