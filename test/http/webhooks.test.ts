import assert from 'node:assert/strict';
import type { Provider, ProviderRequest } from '../../src/providers/provider.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { call, closeAll, dial } from './client.ts';
import { authentic, CHANNEL, fakeProvider, MESSAGE, openDoor } from './webhook-door.ts';

describe('the webhook door', () => {
  afterEach(closeAll);

  it('acknowledges as the provider wants, with what was received and the body as it came kept', async () => {
    const { door, kept } = await openDoor();
    const answer = await call(door, { ...authentic, body: 'a=%20\u0000' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['content-type'], 'text/xml');
    assert.equal(answer.body, '<Response/>');
    assert.deepEqual(kept, [{ channelKey: 'main', received: [MESSAGE], rawBody: 'a=%20\u0000' }]);
  });

  it('says nothing before everything is committed', async () => {
    const commit = deferred();
    let isAsked = false;
    const { door } = await openDoor({
      keep: () => {
        isAsked = true;
        return commit.promise;
      },
    });
    const line = dial(door);
    line.socket.write('POST /webhooks/main HTTP/1.1\r\nHost: x\r\nX-Secret: right\r\nContent-Length: 0\r\n\r\n');
    await waitFor(() => isAsked, { what: 'keep to be called' });
    const other = await call(door, { method: 'POST', path: '/webhooks/other' });
    assert.equal(other.status, 404);
    assert.equal(line.received(), '');
    commit.resolve();
    await waitFor(() => line.received().includes('<Response/>'), { what: 'the acknowledgement' });
    line.socket.destroy();
  });

  it('answers 503 with Retry-After within a second when the commit hangs', async () => {
    const { door } = await openDoor({ keep: () => new Promise(() => {}) });
    const startedAt = performance.now();
    const answer = await call(door, authentic);
    const tookMs = performance.now() - startedAt;
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '1');
    assert.ok(tookMs < 1000, `took ${tookMs} ms`);
  });

  it('answers 503 when the commit fails, and survives a commit that fails after the answer', async () => {
    const failing = await openDoor({ keep: () => Promise.reject(new Error('no database')) });
    assert.equal((await call(failing.door, authentic)).status, 503);
    const commit = deferred();
    const late = await openDoor({ keep: () => commit.promise });
    assert.equal((await call(late.door, authentic)).status, 503);
    commit.reject(new Error('too late'));
    assert.equal((await call(late.door, { method: 'POST', path: '/webhooks/main' })).status, 403);
  });

  it('answers 403 to a forged call and stores nothing', async () => {
    const { door, kept, metrics } = await openDoor();
    const answer = await call(door, { ...authentic, headers: { 'x-secret': 'wrong' } });
    assert.equal(answer.status, 403);
    assert.equal(answer.body, 'Forbidden\n');
    assert.deepEqual(kept, []);
    assert.match(await metrics.registry.metrics(), /cardwake_forged_total\{channel="main"\} 1/);
  });

  const refusals: [string, string, string, number][] = [
    ['an unknown channel', 'POST', '/webhooks/nobody', 404],
    ['no channel', 'POST', '/webhooks/', 404],
    ['more path', 'POST', '/webhooks/main/more', 404],
    ['another page', 'GET', '/', 404],
    ['a GET', 'GET', '/webhooks/main', 405],
    ['a PUT', 'PUT', '/webhooks/main', 405],
    ['a name that is not one', 'POST', '/webhooks/__proto__', 404],
    ['a path that cannot be decoded', 'POST', '/webhooks/%ff', 400],
  ];
  for (const [what, method, path, status] of refusals) {
    it(`answers ${status} to ${what}`, async () => {
      const { door, asked } = await openDoor();
      const answer = await call(door, { method, path, headers: { 'x-secret': 'right' } });
      assert.equal(answer.status, status);
      assert.equal(answer.headers['x-powered-by'], undefined);
      if (status === 405) assert.equal(answer.headers.allow, 'POST');
      assert.deepEqual(asked, []);
    });
  }

  const doors: [string, Provider['methods'], string[], string[], string][] = [
    ['that says nothing of methods', undefined, ['POST'], ['GET', 'HEAD', 'PUT', 'OPTIONS'], 'POST'],
    ['that calls with GET and POST', ['GET', 'POST'], ['GET', 'POST'], ['HEAD', 'PUT', 'OPTIONS'], 'GET, POST'],
    ['that calls with GET alone', ['GET'], ['GET'], ['HEAD', 'POST', 'DELETE', 'OPTIONS'], 'GET'],
  ];
  for (const [which, methods, open, closed, allow] of doors) {
    it(`a provider ${which} is heard by ${open.join(' and ')}, and 405 answers all else without asking it`, async () => {
      const asked: ProviderRequest[] = [];
      const provider = { ...fakeProvider(asked), ...(methods !== undefined && { methods }) };
      const { door, kept } = await openDoor({ channels: new Map([['main', { channel: CHANNEL, provider }]]) });
      for (const method of closed) {
        const answer = await call(door, { ...authentic, method, path: '/webhooks/main?text=9643', body: '' });
        assert.deepEqual([method, answer.status, answer.headers.allow], [method, 405, allow]);
      }
      assert.deepEqual([asked.length, kept.length], [0, 0]);
      for (const method of open) {
        const body = method === 'GET' ? '' : 'a=1';
        const answer = await call(door, { ...authentic, method, path: '/webhooks/main?token=secret&text=9643', body });
        assert.deepEqual([answer.status, answer.body], [201, '<Response/>']);
      }
      assert.deepEqual(
        asked.map(({ method, url }) => `${method} ${url}`),
        open.map((method) => `${method} ${CHANNEL.webhookUrl}?token=secret&text=9643`),
      );
      assert.deepEqual(
        kept.map(({ rawBody }) => rawBody),
        open.map((method) => (method === 'GET' ? 'token=&text=9643' : 'a=1')),
      );
    });
  }

  it('gives the provider the configured URL with the raw query, whatever the caller says of the host', async () => {
    const { door, asked } = await openDoor();
    const spoof = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '10.1.1.1',
      forwarded: 'host=evil.example',
    };
    const path = '/webhooks/main?reply=1&b=%2F+x&reply=2';
    await call(door, { ...authentic, path, headers: { ...authentic.headers, ...spoof } });
    await call(door, authentic);
    assert.equal(asked[0]?.url, 'https://sms.example.com/webhooks/main?reply=1&b=%2F+x&reply=2');
    assert.equal(asked[0]?.remoteAddress, '127.0.0.1');
    assert.equal(asked[1]?.url, 'https://sms.example.com/webhooks/main');
  });

  it('joins repeated headers, those too that Node would drop', async () => {
    const { door, asked } = await openDoor();
    const line = dial(door);
    line.socket.write(
      'POST /webhooks/main HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\nUser-Agent: b\r\nX-Sig: c\r\nx-sig: d\r\nContent-Length: 0\r\n\r\n',
    );
    await waitFor(() => line.received().includes('403'), { what: 'an answer' });
    assert.equal(asked[0]?.headers['user-agent'], 'a, b');
    assert.equal(asked[0]?.headers['x-sig'], 'c, d');
    line.socket.destroy();
  });

  it('takes 64 KB and answers 413 to one byte more', async () => {
    const { door, kept } = await openDoor();
    assert.equal((await call(door, { ...authentic, body: Buffer.alloc(65_536, 'a') })).status, 201);
    assert.equal((await call(door, { ...authentic, body: Buffer.alloc(65_537, 'a') })).status, 413);
    assert.equal(kept.length, 1);
  });

  it('answers 413 to a body without a length before it has ended', async () => {
    const { door, kept } = await openDoor();
    const line = dial(door);
    line.socket.write(
      'POST /webhooks/main HTTP/1.1\r\nHost: x\r\nX-Secret: right\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    line.socket.write(`11000\r\n${'a'.repeat(0x11000)}\r\n`);
    await waitFor(() => line.received().startsWith('HTTP/1.1 413'), { what: 'the refusal' });
    await line.ended;
    assert.deepEqual(kept, []);
  });

  it('does not unpack what is packed: a signature covers what came over the wire', async () => {
    const { door, asked } = await openDoor();
    await call(door, { ...authentic, headers: { 'x-secret': 'right', 'content-encoding': 'gzip' }, body: 'no gzip' });
    assert.equal(asked[0]?.body.toString(), 'no gzip');
  });

  it('refuses a request with two lengths, which a proxy may read otherwise than we', async () => {
    const { door, asked } = await openDoor();
    const line = dial(door);
    line.socket.write(
      'POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    await line.ended;
    assert.match(line.received(), /^HTTP\/1\.1 400/);
    assert.deepEqual(asked, []);
  });

  it('measures how long the answer took', async () => {
    const { door, metrics } = await openDoor();
    await call(door, authentic);
    const text = await metrics.registry.metrics();
    assert.match(text, /cardwake_webhook_seconds_count\{status="201"\} 1/);
  });

  it('answers 500 without details when a provider breaks its promise not to throw', async () => {
    const provider = fakeProvider([]);
    provider.receive = () => {
      throw new Error('secret detail');
    };
    const { door } = await openDoor({ channels: new Map([['main', { channel: CHANNEL, provider }]]) });
    const answer = await call(door, authentic);
    assert.equal(answer.status, 500);
    assert.equal(answer.body, 'Internal error\n');
  });
});
