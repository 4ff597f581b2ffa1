import assert from 'node:assert/strict';
import { createConsoleApp } from '../../src/http/app.ts';
import { createOps } from '../../src/http/health.ts';
import { createPhone, type Phone, type PhoneLine, type TypedSms } from '../../src/http/phone.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { ConversationMessage } from '../../src/store/conversation.ts';
import { call, closeAll, postJson, quiet, serve } from './client.ts';

const MESSAGE: ConversationMessage = {
  id: 'sim-1',
  direction: 'in',
  text: 'Карта',
  at: '2026-03-14T10:00:00.000Z',
  status: 'done',
  outcome: 'no-card-number',
};

const LINE: PhoneLine = {
  channel: 'sim',
  provider: 'simulator',
  isRehearsal: false,
  address: '1234',
  program: 'Club',
  cards: ['9643000000000016'],
};

const PHONE: Phone = {
  lines: () => Promise.resolve([LINE]),
  conversation: (phone) => Promise.resolve(phone === '+79161234567' ? [MESSAGE] : []),
  send: () => Promise.resolve({ id: 'sim-9', status: 200 }),
};

function serveConsole({ phone = PHONE, host = '127.0.0.1' }: { phone?: Phone | undefined; host?: string } = {}) {
  const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
  return serve(createConsoleApp({ ops, phone: createPhone(phone), host, log: quiet }));
}

describe('the console listener', () => {
  afterEach(closeAll);

  const routes = ['/', '/home/home.css', '/phone', '/phone/', '/phone/phone.js', '/phone/cards', '/health/live'];
  for (const path of [...routes, '/health/ready', '/metrics', '/nothing']) {
    it(`sends strict headers with ${path}`, async () => {
      const { status, headers } = await call(await serveConsole(), { path });
      assert.equal(status, path === '/nothing' ? 404 : 200);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none';script-src 'self';style-src 'self';/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-powered-by'], undefined);
    });
  }

  it('serves pages without inline scripts, styles or handlers', async () => {
    const listening = await serveConsole();
    for (const path of ['/', '/phone']) {
      const { body } = await call(listening, { path });
      assert.match(body, /<title>/);
      assert.doesNotMatch(body, /<style|style=|\son\w+=|<script(?![^>]*src=)|https?:\/\//i);
    }
  });

  const hosts: [host: string, loopback: number, wide: number][] = [
    ['localhost:3001', 200, 200],
    ['127.0.0.1', 200, 200],
    ['[::1]:3001', 200, 200],
    ['192.168.1.5:3001', 200, 200],
    ['console.example:3001', 403, 200],
    ['evil.example', 403, 403],
    ['localhost.evil.example', 403, 403],
    ['evil.example:80@localhost.evil', 403, 403],
    ['%', 403, 403],
  ];
  for (const [host, loopback, wide] of hosts) {
    it(`answers ${loopback} to Host "${host}" on loopback, ${wide} where it listens on console.example`, async () => {
      const narrow = await serveConsole();
      assert.equal((await call(narrow, { path: '/phone/cards', headers: { host } })).status, loopback);
      assert.equal((await call(narrow, { path: '/metrics', headers: { host } })).status, loopback);
      const open = await serveConsole({ host: 'console.example' });
      assert.equal((await call(open, { path: '/phone/cards', headers: { host } })).status, wide);
      assert.equal((await call(open, { path: '/health/live', headers: { host } })).status, 200);
    });
  }

  it('links to the phone only where there is one', async () => {
    const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
    const without = await serve(createConsoleApp({ ops, host: '127.0.0.1', log: quiet }));
    assert.doesNotMatch((await call(without, { path: '/' })).body, /href="\/phone"/);
    assert.equal((await call(without, { path: '/phone' })).status, 404);
    assert.match((await call(await serveConsole(), { path: '/' })).body, /href="\/phone"/);
  });
});

describe('the phone page’s API', () => {
  afterEach(closeAll);
  const sms = { from: '+79161234567', channel: 'sim', to: '1234', text: 'Карта' };

  it('sends what was typed and gives the id it got', async () => {
    const sent: TypedSms[] = [];
    const send: Phone['send'] = (typed) => {
      sent.push(typed);
      return Promise.resolve({ id: 'sim-9', status: 200 });
    };
    const answer = await postJson(await serveConsole({ phone: { ...PHONE, send } }), '/phone/messages', sms);
    assert.equal(answer.status, 202);
    assert.deepEqual(JSON.parse(answer.body), { id: 'sim-9' });
    assert.deepEqual(sent, [sms]);
  });

  const failures: [what: string, send: Phone['send'], status: number, sentence: RegExp][] = [
    ['the store is away', () => Promise.resolve({ id: 'x', status: 503 }), 503, /could not be kept/],
    ['the webhook refuses', () => Promise.resolve({ id: 'x', status: 403 }), 502, /status 403/],
    ['the channel is live', () => Promise.resolve('shut'), 404, /Only channels in rehearsal and simulators/],
    ['nobody listens', () => Promise.reject(new Error('ECONNREFUSED')), 502, /Nothing answers/],
  ];
  for (const [what, send, status, sentence] of failures) {
    it(`says kindly that ${what}`, async () => {
      const answer = await postJson(await serveConsole({ phone: { ...PHONE, send } }), '/phone/messages', sms);
      assert.equal(answer.status, status);
      assert.match(answer.body, sentence);
    });
  }

  it('shows a conversation once, and again only when something changed', async () => {
    let messages = [MESSAGE];
    const listening = await serveConsole({ phone: { ...PHONE, conversation: () => Promise.resolve(messages) } });
    const ask = async (after?: string) => {
      const { body } = await postJson(listening, '/phone/conversation', { phone: '+79161234567', after });
      return JSON.parse(body) as { messages: ConversationMessage[]; cursor: string };
    };
    const first = await ask();
    assert.deepEqual(first.messages, [MESSAGE]);
    assert.deepEqual((await ask(first.cursor)).messages, []);
    messages = [MESSAGE, { ...MESSAGE, id: 'reply-1', direction: 'out', status: 'queued' }];
    assert.equal((await ask(first.cursor)).messages.length, 2);
  });

  it('shows the conversation on the channel that was asked for', async () => {
    const conversation: Phone['conversation'] = (_phone, channel) =>
      Promise.resolve(channel === 'sim' ? [MESSAGE] : []);
    const listening = await serveConsole({ phone: { ...PHONE, conversation } });
    for (const [channel, count] of [
      ['sim', 1],
      ['other', 0],
    ] as const) {
      const { body } = await postJson(listening, '/phone/conversation', { phone: '+79161234567', channel });
      assert.equal((JSON.parse(body) as { messages: unknown[] }).messages.length, count);
    }
  });

  it('gives the addresses with free cards', async () => {
    const { body } = await call(await serveConsole(), { path: '/phone/cards' });
    assert.deepEqual(JSON.parse(body), { lines: await PHONE.lines() });
  });

  const misunderstood: [string, unknown][] = [
    ['no sender', { text: 'a' }],
    ['no text', { from: '+7916' }],
    ['a text of 1,601 characters', { from: '+7916', text: 'a'.repeat(1601) }],
    ['a list', []],
    ['an id that is none', { ...sms, id: 'a b' }],
    ['something more', { ...sms, secret: 'x' }],
  ];
  for (const [what, body] of misunderstood) {
    it(`answers 400 to ${what}`, async () => {
      assert.equal((await postJson(await serveConsole(), '/phone/messages', body)).status, 400);
    });
  }

  it('answers 400 to what is not JSON and 413 to a long body', async () => {
    const listening = await serveConsole();
    const headers = { 'content-type': 'application/json' };
    const send = (body: string) => call(listening, { method: 'POST', path: '/phone/messages', headers, body });
    assert.equal((await send('{')).status, 400);
    assert.equal((await send(JSON.stringify({ from: 'a'.repeat(20_000) }))).status, 413);
  });

  const strangers: [string, Record<string, string>, number][] = [
    ['our own page', { origin: 'http://127.0.0.1:3001', 'sec-fetch-site': 'same-origin' }, 202],
    ['a program', {}, 202],
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-site' }, 403],
    ['an old browser on another site', { origin: 'https://evil.example' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['a browser that hides the origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
  ];
  for (const [who, headers, status] of strangers) {
    it(`answers ${status} to a post from ${who}`, async () => {
      const listening = await serveConsole();
      const answer = await postJson(listening, '/phone/messages', sms, { host: '127.0.0.1:3001', ...headers });
      assert.equal(answer.status, status);
    });
  }
});
