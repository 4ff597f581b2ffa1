import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import {
  type HttpCaller,
  type HttpCallerOptions,
  httpCaller,
  MAX_ANSWER_BYTES,
} from '../../src/providers/http-call.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait-for.ts';

const POST = { method: 'POST', path: '/send', headers: { 'content-type': 'text/plain' }, body: 'hello' } as const;

describe('httpCaller', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  function call(origin: string, options: HttpCallerOptions = { timeoutMs: 5_000 }): HttpCaller {
    const caller = httpCaller(origin, options);
    cleanUps.push(() => caller.close());
    return caller;
  }

  /** A server of HTTP; `seen` has the paths that arrived. */
  async function http(listener: RequestListener): Promise<{ origin: string; seen: string[] }> {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      request.resume().on('end', () => listener(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`, seen };
  }

  /** A server of bare TCP. */
  async function tcp(onConnection: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as { port: number }).port;
  }

  describe('answered', () => {
    it('gives status, headers in lower case and body, and keeps the connection for the next call', async () => {
      const connections = new Set<Socket>();
      const { origin } = await http((request, response) => {
        connections.add(request.socket);
        response.setHeader('X-Twice', ['a', 'b']).setHeader('Retry-After', '7').writeHead(429).end('slow down');
      });
      const caller = call(origin, { timeoutMs: 5_000, connections: 1 });
      for (let time = 0; time < 3; time += 1) {
        const result = await caller.call(POST);
        assert.equal(result.kind, 'answered');
        assert.equal(result.kind === 'answered' && result.status, 429);
        assert.equal(result.kind === 'answered' && result.headers['retry-after'], '7');
        assert.equal(result.kind === 'answered' && result.headers['x-twice'], 'a');
        assert.equal(result.kind === 'answered' && result.body.toString(), 'slow down');
        assert.equal(result.kind === 'answered' && result.isWhole, true);
      }
      assert.equal(connections.size, 1);
    });

    it('does not follow a redirect', async () => {
      const { origin, seen } = await http((_request, response) => response.writeHead(307, { location: '/else' }).end());
      const result = await call(origin).call(POST);
      assert.equal(result.kind === 'answered' && result.status, 307);
      assert.deepEqual(seen, ['/send']);
    });

    it('keeps 64 KB of an answer of 10 MB and hangs up', async () => {
      let hasHungUp = false;
      const { origin } = await http((_request, response) => {
        response.on('close', () => {
          hasHungUp = true;
        });
        // Never ended: the connection closes only if the caller closes it.
        response.writeHead(200).write(Buffer.alloc(10 * 1024 * 1024, 'x'));
      });
      const result = await call(origin, { timeoutMs: 60_000 }).call(POST);
      assert.equal(result.kind === 'answered' && result.body.length, MAX_ANSWER_BYTES);
      assert.equal(result.kind === 'answered' && result.isWhole, false);
      await waitFor(() => hasHungUp, { what: 'the connection to be closed' });
    });

    it('knows the status of an answer that was cut in its middle', async () => {
      const { origin } = await http((_request, response) => {
        response.writeHead(201, { 'content-length': 1_000 });
        response.write('{"sid":', () => response.socket?.destroy());
      });
      const result = await call(origin).call(POST);
      assert.equal(result.kind === 'answered' && result.status, 201);
      assert.equal(result.kind === 'answered' && result.isWhole, false);
      assert.equal(result.kind === 'answered' && result.body.toString(), '{"sid":');
    });

    it('does not wait longer than the deadline for a body that trickles', async () => {
      const { origin } = await http((_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(timer));
      });
      const result = await call(origin, { timeoutMs: 300 }).call(POST);
      assert.equal(result.kind === 'answered' && result.isWhole, false);
    });
  });

  describe('unanswered', () => {
    it('when the server reads the request and is silent', async () => {
      const { origin, seen } = await http(() => undefined);
      const result = await call(origin, { timeoutMs: 300 }).call(POST);
      assert.deepEqual(result, { kind: 'unanswered', code: 'timeout' });
      assert.deepEqual(seen, ['/send']);
    });

    it('when the server reads the request and closes', async () => {
      const { origin } = await http((request) => request.socket.destroy());
      const result = await call(origin).call(POST);
      assert.equal(result.kind, 'unanswered');
    });

    it('when the server reads the request and resets', async () => {
      const { origin } = await http((request) => request.socket.resetAndDestroy());
      const result = await call(origin).call(POST);
      assert.deepEqual(result, { kind: 'unanswered', code: 'ECONNRESET' });
    });

    it('when the answer is cut within its headers, or is no HTTP', async () => {
      for (const answer of ['HTTP/1.1 201 Crea', 'SSH-2.0-OpenSSH\r\n\r\n']) {
        const port = await tcp((socket) => socket.once('data', () => socket.end(answer)));
        const result = await call(`http://127.0.0.1:${port}`).call(POST);
        assert.equal(result.kind, 'unanswered', answer);
      }
    });

    it('also when it is called off after it left: that is too late', async () => {
      const { origin, seen } = await http(() => undefined);
      const abort = new AbortController();
      const result = call(origin, { timeoutMs: 600 }).call(POST, abort.signal);
      await waitFor(() => seen.length === 1, { what: 'the request to arrive' });
      abort.abort();
      assert.deepEqual(await result, { kind: 'unanswered', code: 'timeout' });
    });
  });

  describe('never-left', () => {
    it('when the connection is refused', async () => {
      const result = await call(`http://127.0.0.1:${await freePort()}`).call(POST);
      assert.deepEqual(result, { kind: 'never-left', code: 'ECONNREFUSED' });
    });

    it('when TLS cannot be agreed on, and no byte of the request is on the wire', async () => {
      const heard: Buffer[] = [];
      const port = await tcp((socket) => socket.on('data', (chunk) => socket.end(heard.push(chunk) ? 'no TLS' : '')));
      const result = await call(`https://127.0.0.1:${port}`).call(POST);
      assert.equal(result.kind, 'never-left');
      assert.doesNotMatch(Buffer.concat(heard).toString('latin1'), /send|hello/);
    });

    it('when TLS is never answered', async () => {
      const port = await tcp(() => undefined);
      const result = await call(`https://127.0.0.1:${port}`, { timeoutMs: 300 }).call(POST);
      assert.equal(result.kind, 'never-left');
    });

    it('when it was called off before', async () => {
      const { origin, seen } = await http((_request, response) => response.end());
      const result = await call(origin).call(POST, AbortSignal.abort());
      assert.deepEqual(result, { kind: 'never-left', code: 'aborted' });
      assert.deepEqual(seen, []);
    });

    it('when it is called off, or its time is up, while it waits for a connection', async () => {
      const { origin, seen } = await http((request, response) => {
        if (request.url === '/last') response.end();
      });
      const caller = call(origin, { timeoutMs: 500, connections: 1 });
      const abort = new AbortController();
      const first = caller.call({ ...POST, path: '/first' });
      const calledOff = caller.call({ ...POST, path: '/called-off' }, abort.signal);
      const timedOut = caller.call({ ...POST, path: '/timed-out' });
      await waitFor(() => seen.length === 1, { what: 'the first request to arrive' });
      abort.abort();
      assert.deepEqual(await calledOff, { kind: 'never-left', code: 'aborted' });
      assert.deepEqual(await first, { kind: 'unanswered', code: 'timeout' });
      assert.deepEqual(await timedOut, { kind: 'never-left', code: 'timeout' });
      const last = await caller.call({ ...POST, path: '/last' });
      assert.equal(last.kind, 'answered');
      assert.deepEqual(seen, ['/first', '/last']);
    });

    it('when it cannot be written as HTTP', async () => {
      const { origin, seen } = await http((_request, response) => response.end());
      const result = await call(origin).call({ ...POST, headers: { 'x-bad': 'a\r\nb' } });
      assert.equal(result.kind, 'never-left');
      assert.deepEqual(seen, []);
    });

    it('after the caller was closed', async () => {
      const { origin } = await http((_request, response) => response.end());
      const caller = httpCaller(origin, { timeoutMs: 500 });
      await caller.close();
      const result = await caller.call(POST);
      assert.equal(result.kind, 'never-left');
    });
  });

  it('closing waits for the calls under way', async () => {
    let answer: (() => void) | undefined;
    const { origin } = await http((_request, response) => {
      answer = () => response.end('done');
    });
    const caller = httpCaller(origin, { timeoutMs: 5_000 });
    const result = caller.call(POST);
    await waitFor(() => answer, { what: 'the request to arrive' });
    const closed = caller.close();
    answer?.();
    assert.equal((await result).kind, 'answered');
    await closed;
  });
});
