import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createEventPoster, type EventPoster, type PosterOptions } from '../../src/events/poster.ts';
import { SECRET, verified } from '../support/event-receiver.ts';

const EVENT = {
  webhookId: '7f3c1f5e-7d0a-4b56-9b5e-0c8d2f1a9e10',
  type: 'card.activated',
  at: new Date('2026-01-31T10:00:00.123Z'),
  data: { card: '9643001234563452', by: 'sms' },
};
const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

describe('an event poster', () => {
  const open: { close(): void }[] = [];
  const posters: EventPoster[] = [];
  afterEach(async () => {
    await Promise.all(posters.splice(0).map((poster) => poster.close()));
    for (const server of open.splice(0)) server.close();
  });

  async function listen(server: Server): Promise<number> {
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  const receive = async (handle: RequestListener) => `http://127.0.0.1:${await listen(createServer(handle))}/hook`;

  function poster(options: Partial<PosterOptions> = {}): EventPoster {
    const made = createEventPoster({ isPrivateAllowed: true, now: () => new Date(), ...options });
    posters.push(made);
    return made;
  }

  const post = (url: string, options?: Partial<PosterOptions>) => poster(options).post({ url, secret: SECRET }, EVENT);

  it('posts JSON that the library of Standard Webhooks verifies', async () => {
    const seen: { headers: IncomingMessage['headers']; payload: unknown }[] = [];
    const url = await receive((request, response) => {
      void verified(request).then((payload) => {
        seen.push({ headers: request.headers, payload });
        response.writeHead(204).end();
      });
    });
    assert.deepEqual(await post(url), { kind: 'delivered' });
    assert.deepEqual(seen[0]?.payload, { type: EVENT.type, timestamp: '2026-01-31T10:00:00.123Z', data: EVENT.data });
    assert.equal(seen[0]?.headers['webhook-id'], EVENT.webhookId);
    assert.equal(seen[0]?.headers['content-type'], 'application/json');
  });

  for (const status of [300, 301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503]) {
    it(`takes ${status} for a failure and follows nothing`, async () => {
      let calls = 0;
      const url = await receive((_request, response) => {
        calls += 1;
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
      assert.deepEqual(await post(url), { kind: 'failed', reason: `status ${status}` });
      assert.equal(calls, 1);
    });
  }

  it('takes the status for the answer when the body never ends or is endless', async () => {
    const trickle = (response: ServerResponse) => response.writeHead(200).write('…');
    const flood = (response: ServerResponse) => {
      response.writeHead(200);
      const pour = (): unknown => !response.destroyed && response.write('x'.repeat(65_536), () => setImmediate(pour));
      pour();
    };
    for (const answer of [trickle, flood]) {
      const url = await receive((_request, response) => answer(response));
      assert.deepEqual(await post(url, { timeoutMs: 300 }), { kind: 'delivered' });
    }
  });

  it('gives up on a receiver that does not answer in time', async () => {
    const url = await receive(() => undefined);
    assert.deepEqual(await post(url, { timeoutMs: 200 }), { kind: 'failed', reason: 'TimeoutError' });
  });

  it('tells by a code that nobody listens or the line breaks', async () => {
    const port = await listen(createServer());
    open.splice(0)[0]?.close();
    assert.deepEqual(await post(`http://127.0.0.1:${port}/`), { kind: 'failed', reason: 'ECONNREFUSED' });
    const url = await receive((request) => request.socket.destroy());
    assert.deepEqual(await post(url), { kind: 'failed', reason: 'UND_ERR_SOCKET' });
  });

  it('refuses an address without opening a connection', async () => {
    const result = await post('https://127.0.0.1/', { isPrivateAllowed: false });
    assert.deepEqual(result, { kind: 'failed', reason: 'refused: address' });
  });

  /** Answers each question with the next of the lists; counts the questions. */
  function resolver(...answers: readonly string[][]) {
    const asked: string[] = [];
    const lookup = (name: string): Promise<readonly LookupAddress[]> => {
      const found = answers[Math.min(asked.length, answers.length - 1)] ?? [];
      asked.push(name);
      return Promise.resolve(found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    };
    return { lookup, asked };
  }

  for (const addresses of [
    ['127.0.0.1'],
    ['10.1.2.3'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:192.168.0.1'],
    ['8.8.8.8', '10.0.0.1'],
    ['2606:4700::1', 'fd00::1'],
    [],
  ]) {
    it(`refuses a name that resolves to ${addresses.join(' and ') || 'nothing'}`, async () => {
      const { lookup } = resolver(addresses);
      const result = await post('https://loyalty.example/', { isPrivateAllowed: false, lookup });
      assert.deepEqual(result, { kind: 'failed', reason: 'refused: address' });
    });
  }

  it('connects to the address that it looked at, whatever the name resolves to a moment later', async () => {
    const names: { server: string | false | null | undefined; host: string | undefined }[] = [];
    const tls = { key: fixture('key.pem'), cert: fixture('certificate.pem') };
    const server = createTlsServer(tls, (request, response) => {
      names.push({ server: (request.socket as TLSSocket).servername, host: request.headers.host });
      response.writeHead(200).end();
    });
    const port = await listen(server);
    const { lookup, asked } = resolver(['127.0.0.1'], ['169.254.169.254']);
    const result = await post(`https://loyalty.example:${port}/`, { lookup, ca: fixture('certificate.pem') });
    assert.deepEqual(result, { kind: 'delivered' });
    assert.deepEqual(names, [{ server: 'loyalty.example', host: `loyalty.example:${port}` }]);
    assert.deepEqual(asked, ['loyalty.example'], 'the name is resolved once');
  });

  it('looks anew for each connection: a name that has moved to a private address is refused then', async () => {
    const { lookup, asked } = resolver(['10.0.0.1'], ['127.0.0.1']);
    const one = poster({ isPrivateAllowed: false, lookup });
    const endpoint = { url: 'https://loyalty.example/', secret: SECRET };
    for (const _ of [1, 2]) {
      assert.deepEqual(await one.post(endpoint, EVENT), { kind: 'failed', reason: 'refused: address' });
    }
    assert.equal(asked.length, 2);
  });

  it('does not trust a certificate of another name', async () => {
    const tls = { key: fixture('key.pem'), cert: fixture('certificate.pem') };
    const port = await listen(createTlsServer(tls, (_request, response) => response.end()));
    const { lookup } = resolver(['127.0.0.1']);
    const result = await post(`https://other.example:${port}/`, { lookup, ca: fixture('certificate.pem') });
    assert.deepEqual(result, { kind: 'failed', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});
