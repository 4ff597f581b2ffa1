import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { closeAll, dial, serve } from './client.ts';

/** More than libuv takes from the kernel in one go. */
const CROWD = 1_500;
const CALLS_EACH = 6;

/** A thread of callers who come back as soon as they are answered. */
const CALLERS = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, crowd, calls } } = require('node:worker_threads');
  let left = crowd;
  const begin = [];
  for (let caller = 0; caller < crowd; caller += 1) {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    let toSend = calls;
    const send = () => {
      toSend -= 1;
      socket.write('POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\nhi');
    };
    socket.on('connect', () => {
      begin.push(send);
      if (begin.length === crowd) for (const one of begin) one();
    });
    socket.on('data', () => {
      if (toSend > 0) return send();
      socket.end();
      left -= 1;
      if (left === 0) parentPort.postMessage('done');
    });
  }
`;

/** About what a call costs, so that the callers are quicker than who answers them. */
function work(): void {
  for (const until = performance.now() + 0.1; performance.now() < until; );
}

describe('a listener that a crowd calls', () => {
  afterEach(closeAll);

  it('hears each connection once in a turn of the event loop, so that the turn ends', async () => {
    const heard = new Map<Socket, number>();
    let most = 0;
    const listening = await serve((request, response) => {
      if (heard.size === 0) setImmediate(() => heard.clear());
      const times = (heard.get(request.socket) ?? 0) + 1;
      heard.set(request.socket, times);
      most = Math.max(most, times);
      work();
      response.writeHead(503, { 'content-length': 0 }).end();
    });
    const callers = new Worker(CALLERS, {
      eval: true,
      workerData: { port: listening.port, crowd: CROWD, calls: CALLS_EACH },
    });
    try {
      await once(callers, 'message');
    } finally {
      await callers.terminate();
    }
    assert.equal(most, 1);
  });
});

describe('a connection that was answered', () => {
  afterEach(closeAll);

  const CALL = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi';

  /** Whether the connection rests when answer and request are done with. The connection has to be heard again later. */
  async function rests(listener: RequestListener): Promise<boolean> {
    const seen: boolean[] = [];
    const listening = await serve((request, response) => {
      void Promise.all([once(response, 'close'), once(request, 'close')]).then(() =>
        seen.push(request.socket.isPaused()),
      );
      listener(request, response);
    });
    const { socket } = dial(listening);
    for (const _ of ['first', 'second']) {
      socket.write(CALL);
      await once(socket, 'data');
    }
    assert.equal(seen.length, 2);
    assert.equal(seen[0], seen[1]);
    return seen[0] === true;
  }

  it('rests until the next turn when it was answered at once', async () => {
    assert.equal(await rests((_request, response) => response.end()), true);
  });

  it('rests, too, when that was as soon as its body was there', async () => {
    assert.equal(await rests((request, response) => request.resume().once('end', () => response.end())), true);
  });

  it('does not rest when the answer took longer', async () => {
    assert.equal(await rests((request, response) => request.resume() && setImmediate(() => response.end())), false);
  });
});
