import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ApiAnswer, SeenRequest } from '../providers/subject.ts';

/**
 * What happens to one request, once it was read to its end.
 * An object is answered as it stands. `silence`: no answer ever. `cut`: the connection is reset.
 * `cut answer`: a 200 whose body ends before the length it promised.
 */
export type ApiBehaviour = ApiAnswer | 'silence' | 'cut' | 'cut answer';

/** A behaviour, or a function that makes one for the request. It may do something first: the answer waits for it. */
export type ApiPlan = ApiBehaviour | ((request: SeenRequest) => ApiBehaviour | Promise<ApiBehaviour>);

/** A provider's API on this machine. It knows no provider: what it answers is given. */
export interface FakeApi {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Every request that came whole, in the order of their ends. */
  readonly seen: readonly SeenRequest[];
  /** One plan for each of the coming requests. */
  plan(...plans: readonly ApiPlan[]): void;
  /** From now on, what happens to requests without a plan of their own. */
  always(plan: ApiPlan): void;
  /** Cuts every connection and refuses all further ones, for good. */
  refuse(): Promise<void>;
  close(): Promise<void>;
}

const NOT_PLANNED: ApiAnswer = { status: 501, body: 'nothing was planned for this request' };

/** Starts an API on a free port of 127.0.0.1; `otherwise` is what happens to requests without a plan. */
export async function startFakeApi(otherwise: ApiPlan = NOT_PLANNED): Promise<FakeApi> {
  const seen: SeenRequest[] = [];
  const plans: ApiPlan[] = [];
  let usual = otherwise;
  const server = createServer((request, response) => {
    void readBody(request).then(
      async (body) => {
        const { method = '', url: path = '', headersDistinct } = request;
        const headers = Object.fromEntries(
          Object.entries(headersDistinct).map(([name, values]) => [name, values?.join(', ')]),
        );
        const asked = { method, path, headers, body };
        seen.push(asked);
        const plan = plans.shift() ?? usual;
        behave(typeof plan === 'function' ? await plan(asked) : plan, response);
      },
      () => undefined, // Gone before its end.
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    plan: (...more) => void plans.push(...more),
    always: (plan) => {
      usual = plan;
    },
    refuse,
    close: refuse,
  };
}

function behave(behaviour: ApiBehaviour, response: ServerResponse): void {
  switch (behaviour) {
    case 'silence':
      return;
    case 'cut':
      response.socket?.resetAndDestroy();
      return;
    case 'cut answer':
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('{', () => response.socket?.destroy());
      return;
    default:
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
