import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { end, openDoors } from '../../src/http/doors.ts';
import { listen } from '../../src/http/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, dial } from './client.ts';

const ANY = { port: 0, host: '127.0.0.1' } as const;

/** Since Node 22.12, on Linux. */
const CAN_SHARE = process.platform === 'linux' && atLeast(22, 12);

function atLeast(major: number, minor: number): boolean {
  const [here = 0, below = 0] = process.versions.node.split('.').map(Number);
  return here > major || (here === major && below >= minor);
}

describe('doors', () => {
  const opened: Server[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(end));
  });

  async function open(server: HttpServer, count: number, port = 0): Promise<readonly Server[]> {
    const doors = await openDoors(server, { ...ANY, port }, count);
    opened.push(...doors);
    return doors;
  }

  it('are as many as were asked for where sockets can share a port, else one', async () => {
    const doors = await open(createServer(), 16);
    assert.equal(doors.length, CAN_SHARE ? 16 : 1);
    assert.equal(new Set(doors.map((door) => (door.address() as AddressInfo).port)).size, 1);
  });

  it('lead all to the one server, whichever a caller comes through', async () => {
    const server = createServer((_request, response) => response.end('here'));
    const used = new Set<Server>();
    for (const door of await open(server, 8)) door.on('connection', () => used.add(door));
    const { port } = server.address() as AddressInfo;
    const answers = await Promise.all(Array.from({ length: 64 }, () => call({ port }, { path: '/' })));
    assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 here']);
    // That 64 callers all come through the first of eight doors has a chance of one in 10^57.
    assert.equal(used.size > 1, CAN_SHARE);
  });

  it('are not shared with a second service', async () => {
    const first = createServer();
    await open(first, 8);
    await assert.rejects(open(createServer(), 8, (first.address() as AddressInfo).port), { code: 'EADDRINUSE' });
  });

  it('are not opened at a port that somebody else has', async () => {
    const other = createServer();
    await open(other, 1);
    await assert.rejects(open(createServer(), 8, (other.address() as AddressInfo).port), { code: 'EADDRINUSE' });
  });
});

describe('a listener with many doors', () => {
  it('takes nobody any more at any of them once it closes, and ends whoever is idle', async () => {
    const listening = await listen((_request, response) => response.end(), ANY, { doors: 8 });
    const idle = Array.from({ length: 32 }, () => dial(listening));
    await Promise.all(idle.map(({ socket }) => once(socket, 'connect')));
    await call(listening, { path: '/' });
    await listening.close(10_000);
    await Promise.all(idle.map(({ ended }) => ended));
    for (let door = 0; door < 32; door += 1) {
      const late = connect(listening.port, ANY.host);
      await assert.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' });
    }
  });

  it('lets a request in flight end at whichever door it came in', async () => {
    const answers: (() => void)[] = [];
    const listening = await listen((_request, response) => answers.push(() => response.end('done')), ANY, { doors: 8 });
    const lines = Array.from({ length: 32 }, () => dial(listening));
    for (const { socket } of lines) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => answers.length === lines.length, { what: 'the requests' });
    const closed = listening.close(10_000);
    for (const answer of answers) answer();
    await Promise.all([closed, ...lines.map(({ ended }) => ended)]);
    for (const { received } of lines) assert.match(received(), /^HTTP\/1\.1 200[\s\S]*done/);
  });
});
