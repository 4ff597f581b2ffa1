import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Session } from '../../../src/providers/smpp/session.ts';

const TERMS = { kind: 'transceiver', bind: {}, window: 100, responseTimeoutMs: 1_000 } as const;

/** A socket that tells how many PDUs left in each of its system calls. */
function countingSocket(calls: number[]): Socket {
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      calls.push(1);
      done();
    },
    writev: (chunks, done) => {
      calls.push(chunks.length);
      done();
    },
  });
  return Object.assign(socket, { setNoDelay: () => socket }) as unknown as Socket;
}

describe('What a session of SMPP writes', () => {
  it('in one turn of the event loop leaves in one system call, whoever wrote it', async () => {
    const calls: number[] = [];
    const session = new Session(countingSocket(calls), { ...TERMS, enquireLinkMs: 60_000, temporaryStatus: 8 });
    const submit = () => void session.submit({ command: 'submit_sm', fields: {} });
    // All of them run in one turn, each with the microtasks that it begins.
    for (let count = 0; count < 20; count += 1) setImmediate(submit);
    await nextTurn();
    submit();
    await nextTurn();
    assert.deepEqual(calls, [21]);
    submit();
    await nextTurn();
    assert.deepEqual(calls, [21, 1]);
    await session.close(0, 0);
  });

  it('leaves before the session ends', async () => {
    const calls: number[] = [];
    const session = new Session(countingSocket(calls), { ...TERMS, enquireLinkMs: 60_000, temporaryStatus: 8 });
    void session.submit({ command: 'submit_sm', fields: {} });
    await session.close(0, 0);
    assert.deepEqual(calls, [1]);
  });
});
