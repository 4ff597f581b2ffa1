import assert from 'node:assert/strict';
import { setImmediate as turnEnded } from 'node:timers/promises';
import { type Admission, createAdmission } from '../../src/http/admission.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, closeAll, dial } from './client.ts';
import { authentic, openDoor } from './webhook-door.ts';

const MAX = 400;

/** An admission, with turns of the event loop that take as long as it is told. */
function onAClock(maxWaiting = MAX) {
  let nowMs = 0;
  const admission = createAdmission({ maxWaiting, nowMs: () => nowMs });
  return {
    admission,
    turn: async (ms: number) => {
      admission.isFull();
      nowMs += ms;
      await turnEnded();
    },
  };
}

/** How many may come in now; they leave again. */
function room(admission: Admission): number {
  let entered = 0;
  for (; !admission.isFull(); entered += 1) admission.enter();
  for (let left = entered; left > 0; left -= 1) admission.leave();
  return entered;
}

describe('the admission of webhook calls', () => {
  it('lets in as many as may wait, and one more for each that leaves', () => {
    const { admission } = onAClock(2);
    admission.enter();
    assert.equal(admission.isFull(), false);
    admission.enter();
    assert.equal(admission.isFull(), true);
    admission.leave();
    assert.equal(admission.isFull(), false);
  });

  const turns: [string, number[], number][] = [
    ['turns as short as at full load leave it as it is', [200, 340], 400],
    ['a turn half as long again takes a third', [525], 267],
    ['a very long one takes half, not more', [5_000], 200],
    ['as do two of them', [700, 700], 100],
    ['a short one gives back five', [700, 50, 50], 210],
    ['however many are long, some are kept', Array.from({ length: 20 }, () => 1_000), 100],
    ['and it comes back to where it was', [1_000, 1_000, ...Array.from({ length: 70 }, () => 50)], 400],
  ];
  for (const [name, ms, expected] of turns) {
    it(name, async () => {
      const { admission, turn } = onAClock();
      for (const one of ms) await turn(one);
      assert.equal(room(admission), expected);
      assert.equal(admission.limit, expected);
    });
  }

  it('never lets in more than it was told, however slow the machine', async () => {
    const { admission, turn } = onAClock(3);
    await turn(1_000);
    assert.equal(room(admission), 3);
  });

  const crowds: [string, { newcomers: number; open: number }, number][] = [
    [
      'a crowd of new connections, when more are open than may wait, leaves as few as there ever are',
      { newcomers: 64, open: 401 },
      100,
    ],
    ['one that grows beyond what may wait, too', { newcomers: 500, open: 430 }, 100],
    ['some new connections do not', { newcomers: 63, open: 2_000 }, 400],
    [
      'nor do many where all who are there may wait, as of a provider that opens one for each call',
      { newcomers: 400, open: 400 },
      400,
    ],
  ];
  for (const [name, { newcomers, open }, expected] of crowds) {
    it(name, () => {
      const { admission } = onAClock();
      for (let left = newcomers - 1; left >= 0; left -= 1) admission.connected(open - left);
      assert.equal(admission.limit, expected);
      assert.equal(room(admission), expected);
    });
  }

  it('counts newcomers by the turn, and gives back after a crowd as after a long turn', async () => {
    const { admission, turn } = onAClock();
    for (let some = 0; some < 10; some += 1) {
      for (let one = 0; one < 63; one += 1) admission.connected(2_000);
      await turn(50);
    }
    assert.equal(admission.limit, 400);
    for (let one = 0; one < 64; one += 1) admission.connected(2_000);
    await turn(50);
    assert.equal(admission.limit, 105);
  });

  it('refuses those who come while as many as before still wait, once fewer may', async () => {
    const { admission, turn } = onAClock();
    for (let entered = 0; entered < 300; entered += 1) admission.enter();
    await turn(700);
    assert.equal(admission.isFull(), true);
    for (let left = 0; left < 101; left += 1) admission.leave();
    assert.equal(admission.isFull(), false);
  });
});

describe('a webhook door with as many calls waiting for their commit as may', () => {
  afterEach(closeAll);

  async function openFullDoor() {
    let calls = 0;
    const hang = () => {
      calls += 1;
      return new Promise<void>(() => {});
    };
    const opened = await openDoor({ keep: hang, admission: createAdmission({ maxWaiting: 2 }) });
    const waiting = Promise.all([call(opened.door, authentic), call(opened.door, authentic)]);
    await waitFor(() => calls === 2, { what: 'two calls to wait' });
    return { ...opened, waiting, calls: () => calls };
  }

  it('answers 503 at once', async () => {
    const { door, metrics, waiting, calls } = await openFullDoor();
    const startedAt = performance.now();
    const refused = await call(door, authentic);
    assert.ok(performance.now() - startedAt < 500);
    assert.equal(refused.status, 503);
    assert.equal(refused.body, 'Try again\n');
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(refused.headers['x-content-type-options'], 'nosniff');
    assert.match(await metrics.registry.metrics(), /cardwake_webhook_seconds_count\{status="503"\} 1/);
    assert.equal(calls(), 2);
    await waiting;
  });

  it('does so without reading what the call would say, and the connection can be used again', async () => {
    const { door, waiting } = await openFullDoor();
    const line = dial(door);
    line.socket.write('POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n');
    await waitFor(() => line.received().includes('503'), { what: 'a refusal' });
    line.socket.write('a=%20POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await waitFor(() => line.received().split(' 503 ').length === 3, { what: 'another' });
    line.socket.destroy();
    await waiting;
  });

  it('reads one whose length nobody knows, and then answers the same', async () => {
    const { door, waiting, calls } = await openFullDoor();
    const refused = await call(door, {
      ...authentic,
      headers: { ...authentic.headers, 'transfer-encoding': 'chunked' },
    });
    assert.equal(refused.status, 503);
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(calls(), 2);
    await waiting;
  });

  it('answers all other pages as ever', async () => {
    const { door, waiting } = await openFullDoor();
    assert.equal((await call(door, { path: '/' })).status, 404);
    await waiting;
  });
});
