import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type ApiPlan, type FakeApi, startFakeApi } from './fake-api.ts';
import { waitFor } from './wait-for.ts';

describe('the fake API', () => {
  let api: FakeApi;
  afterEach(() => api.close());

  const start = async (otherwise?: ApiPlan) => {
    api = await startFakeApi(otherwise);
  };
  const post = (body: string, patienceMs = 5_000) =>
    fetch(`${api.origin}/send?a=1`, {
      method: 'POST',
      headers: { 'x-key': 'k' },
      body,
      signal: AbortSignal.timeout(patienceMs),
    });

  it('remembers each request as it came', async () => {
    await start({ status: 200, body: '' });
    await post('карта 😀');
    await (await fetch(`${api.origin}/balance`)).text();
    const [first, second] = api.seen;
    assert.equal(first?.method, 'POST');
    assert.equal(first?.path, '/send?a=1');
    assert.equal(first?.headers['x-key'], 'k');
    assert.equal(first?.body, 'карта 😀');
    assert.deepEqual([second?.method, second?.path, second?.body, api.seen.length], ['GET', '/balance', '', 2]);
  });

  it('answers as planned, each plan once and in order, and then as it always does', async () => {
    await start({ status: 200, body: 'always' });
    api.plan({ status: 429, headers: { 'retry-after': '7' }, body: 'slow down' }, { status: 503, body: '' });
    const throttled = await post('');
    assert.deepEqual(
      [throttled.status, throttled.headers.get('retry-after'), await throttled.text()],
      [429, '7', 'slow down'],
    );
    assert.equal((await post('')).status, 503);
    assert.equal(await (await post('')).text(), 'always');
    api.always({ status: 200, body: 'otherwise' });
    for (let time = 0; time < 2; time += 1) assert.equal(await (await post('')).text(), 'otherwise');
  });

  it('says that nothing was planned when nothing was', async () => {
    await start();
    assert.equal((await post('')).status, 501);
  });

  it('a plan that is a function sees the request, and the answer waits for what it does', async () => {
    await start();
    let isDone = false;
    api.plan(async ({ body }) => {
      await new Promise((resolve) => setImmediate(resolve));
      isDone = true;
      return { status: 200, body: `heard ${body}` };
    });
    assert.equal(await (await post('this')).text(), 'heard this');
    assert.equal(isDone, true);
  });

  it('is silent: the request came, an answer never does', async () => {
    await start('silence');
    await assert.rejects(post('taken', 200), { name: 'TimeoutError' });
    assert.equal(api.seen[0]?.body, 'taken');
  });

  it('cuts after the request came whole', async () => {
    await start('cut');
    await assert.rejects(post('taken'));
    assert.equal(api.seen[0]?.body, 'taken');
  });

  it('cuts in the middle of an answer, whose status was heard', async () => {
    await start('cut answer');
    const answer = await post('');
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
  });

  it('refuses connections from then on, and cuts those there are', async () => {
    await start('silence');
    const waiting = assert.rejects(post('x'));
    await waitFor(() => api.seen.length === 1, { what: 'the request' });
    await api.refuse();
    await waiting;
    await assert.rejects(post('y'), ({ cause }: Error) => (cause as { code?: string }).code === 'ECONNREFUSED');
  });

  it('does not remember a request that was given up in its middle, and lives on', async () => {
    await start({ status: 200, body: 'fine' });
    const socket = connect(Number(new URL(api.origin).port), '127.0.0.1');
    await new Promise<void>((resolve) => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf', () => resolve());
    });
    socket.destroy();
    assert.equal(await (await post('')).text(), 'fine');
    assert.equal(api.seen.length, 1);
  });
});
