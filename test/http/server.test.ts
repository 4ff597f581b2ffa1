import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { listen } from '../../src/http/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, closeAll, dial, serve } from './client.ts';

const ANY = { port: 0, host: '127.0.0.1' } as const;

describe('a listener', () => {
  afterEach(closeAll);

  it('cuts off within ten seconds who never ends the headers, and who never ends the body', async () => {
    const listening = await serve((request) => request.resume());
    const startedAt = performance.now();
    const [headers, body, silent] = [dial(listening), dial(listening), dial(listening)];
    headers.socket.write('POST / HTTP/1.1\r\nX-Slow: ');
    body.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na');
    await Promise.all([headers.ended, body.ended, silent.ended]);
    assert.ok(performance.now() - startedAt < 10_000);
  }).timeout(12_000);

  it('keeps an idle connection longer than a load balancer does', async () => {
    const { server } = await serve((_request, response) => response.end());
    assert.ok(server.keepAliveTimeout > 60_000);
  });

  it('bounds the connections of all its doors together, and takes another when one has left', async () => {
    const listening = await listen((_request, response) => response.end(), ANY, { doors: 8, maxConnections: 2 });
    try {
      const [first, second] = [dial(listening), dial(listening)];
      await Promise.all([once(first.socket, 'connect'), once(second.socket, 'connect')]);
      await dial(listening).ended;
      second.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await waitFor(() => second.received().startsWith('HTTP/1.1 200'), { what: 'the answer to one who was let in' });
      first.socket.end();
      await first.ended;
      const isLetIn = () =>
        call(listening, { path: '/' }).then(
          () => true,
          () => false,
        );
      await waitFor(isLetIn, { what: 'the place of the one who has left' });
    } finally {
      await listening.close(0);
    }
  });

  it('tells of each connection at any of its doors how many are open with it', async () => {
    const told: number[] = [];
    const listening = await serve((_request, response) => response.end(), {
      doors: 8,
      onConnection: (open) => told.push(open),
    });
    const lines = [dial(listening), dial(listening), dial(listening)];
    await waitFor(() => told.length === 3, { what: 'three connections' });
    for (const { socket } of lines.slice(1)) socket.end();
    await Promise.all(lines.slice(1).map(({ ended }) => ended));
    const nextIsSecond = async () => {
      await call(listening, { path: '/' });
      return told.at(-1) === 2;
    };
    await waitFor(nextIsSecond, { what: 'two to have left' });
    assert.deepEqual(told.slice(0, 3), [1, 2, 3]);
  });

  it('rejects when the port is taken', async () => {
    const { port } = await serve((_request, response) => response.end());
    await assert.rejects(
      listen(() => {}, { port, host: '127.0.0.1' }),
      { code: 'EADDRINUSE' },
    );
  });
});

describe('closing a listener', () => {
  afterEach(closeAll);

  it('lets a request in flight end, tells its caller to leave and takes no new connection', async () => {
    let answer: (() => void) | undefined;
    const listening = await serve((_request, response) => {
      answer = () => response.end('done');
    });
    const line = dial(listening);
    line.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => answer, { what: 'the request' });
    let isClosed = false;
    const closed = listening.close(10_000).then(() => {
      isClosed = true;
    });
    const late = dial(listening);
    await late.ended;
    assert.equal(late.received(), '');
    assert.equal(isClosed, false);
    answer?.();
    await Promise.all([closed, line.ended]);
    assert.match(line.received(), /^HTTP\/1\.1 200/);
    assert.match(line.received(), /connection: close/i);
    assert.match(line.received(), /done/);
  });

  it('ends idle connections, those too that never sent anything', async () => {
    const listening = await serve((_request, response) => response.end());
    const silent = dial(listening);
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      get({ port: listening.port, host: '127.0.0.1', agent }, (response) => response.resume().once('end', resolve));
    });
    await listening.close(10_000);
    await silent.ended;
    agent.destroy();
  });

  it('cuts what is still in flight when the grace is over', async () => {
    const listening = await serve(() => {});
    const line = dial(listening);
    line.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const isInFlight = () =>
      new Promise((resolve) => listening.server.getConnections((_, count) => resolve(count === 1)));
    await waitFor(isInFlight, { what: 'the connection' });
    await listening.close(50);
    await line.ended;
    assert.equal(line.received(), '');
  });
});
