import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { Webhook } from 'standardwebhooks';
import { Agent, buildConnector, request } from 'undici';
import type { EventEndpoint } from '../activation/program.ts';
import { checkUrl, hostOf, isAllowedAddress, type Refusal, type UrlPolicy } from './address.ts';

/** One event as it is posted. */
export interface Post {
  /** `webhook-id`: the same at every try. */
  readonly webhookId: string;
  readonly type: string;
  /** When it happened. */
  readonly at: Date;
  readonly data: object;
}

/** What came of a try. `reason` is a word for the log and the operator; it holds nothing of the event or the answer. */
export type PostResult = { readonly kind: 'delivered' } | { readonly kind: 'failed'; readonly reason: string };

/** Posts events to loyalty back ends, signed as Standard Webhooks says. */
export interface EventPoster {
  /** Never throws and follows no redirect. 2xx within ten seconds is `delivered`. */
  post(endpoint: EventEndpoint, event: Post): Promise<PostResult>;
  close(): Promise<void>;
}

export interface PosterOptions extends UrlPolicy {
  /** All addresses of a name; the system's resolver unless told otherwise. */
  readonly lookup?: (hostname: string) => Promise<readonly LookupAddress[]>;
  readonly now: () => Date;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** A certificate authority to trust beside the system's, for tests. */
  readonly ca?: string;
}

/** What is read of an answer at most; nobody looks at it. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Opens no connection. */
export function createEventPoster(options: PosterOptions): EventPoster {
  const { now, timeoutMs = 10_000 } = options;
  const agent = new Agent({ connect: guardedConnect(options), connections: 8, pipelining: 1 });
  return {
    async post(endpoint, event) {
      const url = checkUrl(endpoint.url, options);
      if (typeof url === 'string') return { kind: 'failed', reason: refused(url) };
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const status = await send(agent, url, signed(endpoint, event, now()), signal);
        return status >= 200 && status < 300 ? { kind: 'delivered' } : { kind: 'failed', reason: `status ${status}` };
      } catch (error) {
        return { kind: 'failed', reason: reasonOf(error) };
      }
    },
    async close() {
      await agent.destroy();
    },
  };
}

interface Signed {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The payload as Standard Webhooks recommends it: type, time of what happened, data. */
function signed({ secret }: EventEndpoint, { webhookId, type, at, data }: Post, now: Date): Signed {
  const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Cardwake',
      'webhook-id': webhookId,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(webhookId, now, body),
    },
  };
}

async function send(dispatcher: Agent, url: URL, { headers, body }: Signed, signal: AbortSignal): Promise<number> {
  const answer = await request(url, { method: 'POST', dispatcher, headers, body, signal });
  // The status is the answer: a body that never ends or breaks off changes nothing about it.
  await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
  return answer.statusCode;
}

/**
 * Connects to an address that was looked at: the name is resolved once, every address of it has to be allowed, and the
 * connection goes to the first, with the name kept for TLS and the `Host` header. A name that resolves to something else
 * a moment later (DNS rebinding) gains nothing.
 */
function guardedConnect({ lookup = systemAddresses, ca, ...policy }: PosterOptions): buildConnector.connector {
  const connect = buildConnector({ timeout: 5_000, ...(ca !== undefined && { ca }) });
  return (target, settle) => {
    const host = hostOf(target);
    resolveTo(host, lookup, policy).then(
      (address) => {
        const servername = ipaddr.isValid(host) ? {} : { servername: host };
        connect({ ...target, ...servername, hostname: address }, settle);
      },
      (error: Error) => settle(error, null),
    );
  };
}

class Refused extends Error {
  override readonly name = 'Refused';
}

async function resolveTo(
  host: string,
  lookup: NonNullable<PosterOptions['lookup']>,
  policy: UrlPolicy,
): Promise<string> {
  const addresses = ipaddr.isValid(host) ? [host] : (await lookup(host)).map(({ address }) => address);
  const [first] = addresses;
  if (first === undefined || !addresses.every((address) => isAllowedAddress(address, policy))) throw new Refused();
  return first;
}

function systemAddresses(hostname: string): Promise<LookupAddress[]> {
  return systemLookup(hostname, { all: true });
}

function refused(why: Refusal): string {
  return `refused: ${why}`;
}

/** The error's code or name, never its message: a message may name what was called. */
function reasonOf(error: unknown): string {
  if (error instanceof Refused) return refused('address');
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
