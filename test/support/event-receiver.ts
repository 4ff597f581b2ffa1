import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** What events are signed with in tests. */
export const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;

/** The payload of a request. Throws when the signature is wrong. */
export async function verified(request: IncomingMessage): Promise<unknown> {
  const body = await bodyOf(request);
  return new Webhook(SECRET).verify(body, request.headers as Record<string, string>);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** An event as a loyalty back end gets it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A loyalty back end on this machine that takes what is signed rightly. */
export interface EventReceiver {
  readonly url: string;
  /** Everything that was signed rightly, in the order of arrival, refused ones too. */
  readonly tried: readonly ReceivedEvent[];
  /** Those that were answered with 200. */
  readonly taken: readonly ReceivedEvent[];
  /** Decides the answer of each; 200 unless told otherwise. Never answered: `undefined`. */
  answer: (event: ReceivedEvent) => number | undefined;
  close(): Promise<void>;
}

/** Starts one. A wrong signature is answered with 401 and not shown. */
export async function startEventReceiver(): Promise<EventReceiver> {
  const tried: ReceivedEvent[] = [];
  const taken: ReceivedEvent[] = [];
  const server = createServer((request, response) => {
    verified(request).then(
      (payload) => {
        const event = { id: String(request.headers['webhook-id']), ...(payload as object) } as ReceivedEvent;
        tried.push(event);
        const status = receiver.answer(event);
        if (status === 200) taken.push(event);
        if (status !== undefined) response.writeHead(status).end();
      },
      () => response.writeHead(401).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: EventReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    tried,
    taken,
    answer: () => 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
