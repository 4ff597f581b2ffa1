import type { RequestListener } from 'node:http';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Listening, listen, type Terms } from '../../src/http/server.ts';
import { createLogger } from '../../src/log.ts';

export const quiet = createLogger({ level: 'silent' });

const opened: Listening[] = [];

/** Serves an app on a free port until `closeAll`. */
export async function serve(app: RequestListener, terms?: Terms): Promise<Listening> {
  const listening = await listen(app, { port: 0, host: '127.0.0.1' }, terms);
  opened.push(listening);
  return listening;
}

/** For `afterEach`: ends what `serve` started, with every connection. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((listening) => listening.close(0)));
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** One request on a connection of its own; unlike fetch it sends any Host header. */
export function call(
  { port }: Pick<Listening, 'port'>,
  { method = 'GET', path, headers, body }: Call,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** `POST` of a JSON value. */
export function postJson(
  to: Listening,
  path: string,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const body = JSON.stringify(value);
  return call(to, { method: 'POST', path, body, headers: { 'content-type': 'application/json', ...headers } });
}

/** A bare TCP connection that remembers what it got; `ended` resolves when the server has closed it. */
export function dial({ port }: Listening): { socket: Socket; received: () => string; ended: Promise<void> } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, received: () => text, ended };
}
