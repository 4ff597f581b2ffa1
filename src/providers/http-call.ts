import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher, Pool } from 'undici';

/** One request to a provider. The path carries the query; the origin belongs to the caller. */
export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * What came of a call, told by what may be done next.
 * - `answered`: the status arrived. `isWhole` is false when the body was cut: by the peer, the deadline or our cap.
 * - `never-left`: not one byte of the request was written; it is safe to make the call again.
 * - `unanswered`: the request was written and no status came. Whether it was acted upon cannot be known.
 */
export type CallResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Names in lower case; of a repeated header the first. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      readonly isWhole: boolean;
    }
  | { readonly kind: 'never-left'; readonly code: string }
  | { readonly kind: 'unanswered'; readonly code: string };

/** Makes calls to one origin over kept-alive connections. */
export interface HttpCaller {
  /** Never throws, never repeats, never follows a redirect. The signal counts only until the request is written. */
  call(request: HttpCall, signal?: AbortSignal): Promise<CallResult>;
  /** Waits for the calls under way, then closes the connections; later calls are `never-left`. */
  close(): Promise<void>;
}

export interface HttpCallerOptions {
  /** For a whole call: the wait for a free connection, connecting, the answer's headers and its body. */
  readonly timeoutMs: number;
  /** Connections to the origin at once; default 64. */
  readonly connections?: number;
}

/** The most that is kept of an answer's body; the rest is not read. */
export const MAX_ANSWER_BYTES = 64 * 1024;

const MAX_CONNECT_MS = 5_000;

/**
 * The one way in which providers call out. `origin` is scheme, host and port. undici is loaded with the first call (19 MB),
 * so that processes that only receive never pay for it.
 */
export function httpCaller(origin: string, { timeoutMs, connections = 64 }: HttpCallerOptions): HttpCaller {
  let pool: Promise<Pool> | undefined;
  let closed: Promise<void> | undefined;
  return {
    async call(request, signal) {
      if (closed !== undefined) return { kind: 'never-left', code: 'closed' };
      pool ??= openPool(origin, timeoutMs, connections);
      const opened = await pool;
      if (signal?.aborted) return { kind: 'never-left', code: 'aborted' };
      return new Promise((resolve) => begin(opened, request, { timeoutMs, signal, resolve }));
    },
    close() {
      closed ??= Promise.resolve(pool).then((opened) => opened?.close());
      return closed;
    },
  };
}

async function openPool(origin: string, timeoutMs: number, connections: number): Promise<Pool> {
  const undici = await import('undici');
  return new undici.Pool(origin, {
    connections,
    connect: { timeout: Math.min(timeoutMs, MAX_CONNECT_MS) },
    // One deadline covers headers and body: undici's own begin anew with each chunk, so an answer that trickles
    // would never end.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

interface Terms {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: CallResult) => void;
}

function begin(pool: Pool, request: HttpCall, { timeoutMs, signal, resolve }: Terms): void {
  // undici calls onRequestStart on an open connection, in the same turn and right before the first byte is written;
  // a throw there takes the request back unwritten. So until `wire` is set nothing has left, and from then on it may.
  let wire: Dispatcher.DispatchController | undefined;
  let answer: Answer | undefined;
  let isSettled = false;

  const settle = (result: CallResult) => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(deadline);
    signal?.removeEventListener('abort', recall);
    resolve(result);
  };
  const fail = (code: string) => {
    if (answer !== undefined) settle(answered(answer, false));
    else settle({ kind: wire === undefined ? 'never-left' : 'unanswered', code });
  };
  const recall = () => {
    if (wire === undefined) fail('aborted');
  };
  const deadline = setTimeout(() => {
    fail('timeout');
    wire?.abort(new Error('timeout'));
  }, timeoutMs);

  signal?.addEventListener('abort', recall);
  pool.dispatch(
    { method: request.method, path: request.path, headers: { ...request.headers }, body: request.body ?? null },
    {
      onRequestStart(controller) {
        if (isSettled) throw new Error('given up while waiting for a connection');
        wire = controller;
      },
      onResponseStart(_controller, status, headers) {
        if (status >= 200) answer = { status, headers, chunks: [], bytes: 0 };
      },
      onResponseData(controller, chunk) {
        if (answer === undefined || keep(answer, chunk)) return;
        settle(answered(answer, false));
        controller.abort(new Error('the answer is too long'));
      },
      onResponseEnd() {
        if (answer !== undefined) settle(answered(answer, true));
      },
      onResponseError: (_controller, error) => fail(codeOf(error)),
    },
  );
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly chunks: Buffer[];
  bytes: number;
}

/** Keeps what fits; false when something did not. */
function keep(answer: Answer, chunk: Buffer): boolean {
  const room = MAX_ANSWER_BYTES - answer.bytes;
  answer.chunks.push(chunk.subarray(0, room));
  answer.bytes += Math.min(chunk.length, room);
  return chunk.length <= room;
}

function answered({ status, headers, chunks }: Answer, isWhole: boolean): CallResult {
  const first = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return { kind: 'answered', status, headers: Object.fromEntries(first), body: Buffer.concat(chunks), isWhole };
}

/** The error's code, never its message: a message may name what was called. */
function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
