import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Provider, Received } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { simulatedCall, simulatedMessage } from '../../src/providers/simulator.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { readBody } from '../support/fake-twilio-wire.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait-for.ts';

const REPLY = { replyId: '42', from: '+79160000500', to: '+79160000567' as Msisdn, text: 'Карта активна' };
const SECRET = 'secret-of-the-simulator';

describe('simulator', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  function create(port: number): Provider {
    const channel = { key: 'demo', webhookUrl: `http://127.0.0.1:${port}/webhooks/demo`, addresses: ['+79160000500'] };
    const provider = PROVIDERS.simulator.create(channel, { secret: SECRET }, { now: Date.now });
    cleanUps.push(() => provider.close());
    return provider;
  }

  const send = (provider: Provider) => provider.send(REPLY, new AbortController().signal);

  /** A webhook of ours on a free port; `answer` gives the status. */
  async function webhook(answer: (body: string, path: string) => number) {
    const server = createServer((request, response) => {
      void readBody(request).then((body) => response.writeHead(answer(body, request.url ?? '')).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as { port: number }).port;
  }

  it('accepts at once and then reports sent and delivered, in this order, to its own webhook', async () => {
    const posted: { path: string; body: string }[] = [];
    const port = await webhook((body, path) => {
      posted.push({ path, body });
      return 200;
    });
    const outcome = await send(create(port));
    assert.equal(outcome.kind, 'accepted');
    await waitFor(() => posted.length === 2, { what: 'two receipts' });
    const providerMessageId = outcome.kind === 'accepted' ? outcome.providerMessageId : '';
    const expected = ['sent', 'delivered'].map((status) => ({ replyId: '42', providerMessageId, status }));
    assert.deepEqual(
      posted.map(({ body }) => JSON.parse(body) as unknown),
      expected,
    );
    assert.deepEqual(
      posted.map(({ path }) => path),
      ['/webhooks/demo', '/webhooks/demo'],
    );
  });

  it('gives each send an id of its own', async () => {
    const provider = create(await freePort());
    const ids = (await Promise.all([send(provider), send(provider)])).map((each) => JSON.stringify(each));
    assert.equal(new Set(ids).size, 2);
  });

  it('a webhook that refuses, or is not there, changes nothing', async () => {
    const refusing = await webhook(() => 503);
    for (const port of [refusing, await freePort()]) {
      const provider = create(port);
      assert.equal((await send(provider)).kind, 'accepted');
      await provider.close();
    }
  });

  it('does not pile receipts up without bound before a webhook that is stuck', async () => {
    let posts = 0;
    let release: (() => void) | undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = createServer((_request, response) => {
      posts += 1;
      void released.then(() => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => server.close());
    const provider = create((server.address() as { port: number }).port);
    for (let count = 0; count < 3_000; count += 1) assert.equal((await send(provider)).kind, 'accepted');
    const closed = provider.close();
    release?.();
    await closed;
    assert.equal(posts, 1_000);
  });

  it('an SMS made for it is read as it was made', () => {
    const provider = create(1);
    const message = simulatedMessage({ from: '+79160000567', to: '+79160000500', text: 'Карта 9643' });
    const { method, headers, body } = simulatedCall(SECRET, message);
    const url = 'http://127.0.0.1:1/webhooks/demo';
    const reception = provider.receive({ method, url, headers, body: Buffer.from(body), remoteAddress: '::1' });
    const { id: providerMessageId, from, to, text } = message;
    const received: Received[] = [{ kind: 'message', message: { providerMessageId, from, to, text } }];
    assert.deepEqual(reception.kind === 'authentic' && reception.received, received);
  });

  it('two SMS made for it never share an id', () => {
    const sms = { from: '+1', to: '+2', text: '' };
    assert.notEqual(simulatedMessage(sms).id, simulatedMessage(sms).id);
    assert.equal(simulatedMessage({ ...sms, id: 'mine' }).id, 'mine');
  });
});
