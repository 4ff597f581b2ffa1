import { type Request, type Response, Router } from 'express';
import type { Channel } from '../config.ts';
import { errorReporter } from '../error-reporter.ts';
import type { Line } from '../lines.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Acknowledgement, ProviderRequest, Received } from '../providers/provider.ts';
import { within } from '../within.ts';
import { type Admission, createAdmission } from './admission.ts';
import { readBody } from './body.ts';
import { comeBack, refuse, refuseUnread } from './refuse.ts';
import { remoteAddress } from './remote-address.ts';

/** No provider's call about SMS comes near this. */
const MAX_BODY_BYTES = 64 * 1024;

/** A provider waits 2 s at the least, so the answer has to leave within one. */
const KEEP_TIMEOUT_MS = 900;

export interface Webhooks {
  readonly channels: ReadonlyMap<string, Line>;
  /** Resolves once all that was received is committed; a rejection means that nothing may be acknowledged. */
  readonly keep: (channelKey: string, received: readonly Received[], rawBody: Buffer) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** One of its own unless told. */
  readonly admission?: Admission;
}

/**
 * The door that providers call: `POST /webhooks/:channel`, and GET for those that call so. It answers as the provider
 * wants after the commit, 403 to a forged call without touching the store, 405 to a method that the provider does not
 * use, 413 above 64 KB, and 503 within a second of the body's end when the store does not take the message, so that the
 * provider tries again.
 */
export function createWebhooks(door: Webhooks): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const report = errorReporter((channel, failure) =>
    door.log.error({ channel, ...failure }, 'A webhook call could not be kept'),
  );
  const { admission = createAdmission() } = door;
  router.all('/webhooks/:channel', async (request, response) => {
    timeAnswer(door.metrics, response);
    const call = await readCall(door, request, response);
    if (call === undefined) return;
    // Others came while this one was read; most who are too many are turned away before (`turnAway`).
    if (admission.isFull()) return comeBack(response);
    admission.enter();
    try {
      await answer(door, call, response, report);
    } finally {
      admission.leave();
    }
  });
  return router;
}

interface Call {
  readonly line: Line;
  readonly request: ProviderRequest;
}

/** The call, complete; undefined when it was refused or its caller went away. */
async function readCall(door: Webhooks, request: Request, response: Response): Promise<Call | undefined> {
  const line = door.channels.get(String(request.params.channel));
  if (line === undefined) {
    refuseUnread(request, response, 404, 'No such channel');
    return undefined;
  }
  const methods: readonly string[] = line.provider.methods ?? ['POST'];
  // HEAD is no GET here: it would commit a message and could not carry the acknowledgement.
  if (!methods.includes(request.method)) {
    response.setHeader('allow', methods.join(', '));
    refuseUnread(request, response, 405, `Only ${methods.join(' and ')}`);
    return undefined;
  }
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === 'too-large') refuseUnread(request, response, 413, 'At most 64 KB');
  return body instanceof Buffer ? { line, request: providerRequest(line.channel, request, body) } : undefined;
}

function providerRequest(channel: Channel, request: Request, body: Buffer): ProviderRequest {
  const query = request.originalUrl.indexOf('?');
  return {
    method: request.method,
    url: query === -1 ? channel.webhookUrl : channel.webhookUrl + request.originalUrl.slice(query),
    headers: joinedHeaders(request),
    body,
    remoteAddress: remoteAddress(request),
  };
}

/**
 * Of headers that came twice Node drops some, and it gives `set-cookie` as a list. Where neither came, the headers that it
 * has read already are the same.
 */
function joinedHeaders(request: Request): ProviderRequest['headers'] {
  const { headers, rawHeaders } = request;
  const isPlain = Object.keys(headers).length * 2 === rawHeaders.length && headers['set-cookie'] === undefined;
  if (isPlain) return headers as ProviderRequest['headers'];
  return Object.fromEntries(Object.entries(request.headersDistinct).map(([name, all]) => [name, all?.join(', ')]));
}

async function answer(
  door: Webhooks,
  { line, request }: Call,
  response: Response,
  report: (channel: string, error: unknown) => void,
): Promise<void> {
  const { key } = line.channel;
  const reception = line.provider.receive(request);
  if (reception.kind === 'forged') {
    door.metrics.forged.inc({ channel: key });
    door.log.warn({ channel: key, reason: reception.reason }, 'A webhook call was forged');
    return refuse(response, 403, 'Forbidden');
  }
  try {
    await within(KEEP_TIMEOUT_MS, door.keep(key, reception.received, rawOf(request)));
  } catch (error) {
    report(key, error);
    return comeBack(response);
  }
  acknowledge(response, reception.acknowledgement);
}

/** What the call told, as it came: the body, or the query of a GET, which has none, without the secret that proves it. */
function rawOf({ method, url, body }: ProviderRequest): Buffer {
  if (method !== 'GET') return body;
  const query = url.split('?').slice(1).join('?');
  return Buffer.from(query.replaceAll(/(?<=^|&)token=[^&]*/g, 'token='));
}

function acknowledge(response: Response, { status, contentType, body }: Acknowledgement): void {
  // A text, not bytes: Node joins it to the headers, so that the answer is one piece to write and not two.
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}

function timeAnswer(metrics: Metrics, response: Response): void {
  const beganMs = performance.now();
  response.once('finish', () => {
    metrics.webhookSeconds.observe({ status: response.statusCode }, (performance.now() - beganMs) / 1000);
  });
}
