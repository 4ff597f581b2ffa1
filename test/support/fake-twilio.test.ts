import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import { type FakeTwilio, startFakeTwilio, twilioError } from './fake-twilio.ts';
import { readBody } from './fake-twilio-wire.ts';

interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Record<string, string>;
}

const PUBLIC_URL = 'https://sms.example.com/webhooks/main';

describe('the fake Twilio', () => {
  let fake: FakeTwilio;
  let posts: Post[];
  const cleanUps: (() => unknown)[] = [];

  beforeEach(async () => {
    posts = [];
    const server = createServer((request, response) => {
      void readBody(request).then((body) => {
        posts.push({
          path: request.url ?? '',
          headers: request.headers,
          form: Object.fromEntries(new URLSearchParams(body)),
        });
        response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response/>');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const webhookOrigin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    fake = await startFakeTwilio({ webhookUrl: PUBLIC_URL, webhookOrigin });
    cleanUps.push(
      () => fake.close(),
      () => server.close(),
      () => server.closeAllConnections(),
    );
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });

  const SMS = { To: '+79160000567', From: '+79160000500', Body: 'Карта', StatusCallback: `${PUBLIC_URL}?reply=42` };

  function post(fields: Record<string, string> = SMS, password = fake.authToken): Promise<Response> {
    return fetch(`${fake.apiBaseUrl}/2010-04-01/Accounts/${fake.accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${fake.accountSid}:${password}`).toString('base64')}` },
      body: new URLSearchParams(fields),
    });
  }

  it('accepts a message, answers 201 with its sid and remembers what a phone would show', async () => {
    const answer = await post();
    const { sid } = (await answer.json()) as { sid: string };
    assert.equal(answer.status, 201);
    assert.match(sid, /^SM[0-9a-f]{32}$/);
    const { To: to, From: from, Body: body, StatusCallback: statusCallback } = SMS;
    assert.deepEqual(fake.accepted, [{ sid, from, to, body, statusCallback, messagingServiceSid: undefined }]);
  });

  it('knows nobody but the account, under its present token', async () => {
    assert.equal((await post(SMS, 'other')).status, 401);
    fake.authToken = 'rotated';
    assert.equal((await post(SMS, 'rotated')).status, 201);
    assert.equal(fake.accepted.length, 1);
    assert.equal(fake.requestCount, 2);
  });

  it('behaves as planned, once each, and then accepts again', async () => {
    fake.plan(twilioError(429, 20429, { 'retry-after': '3' }), { status: 200, body: '<html>' });
    const throttled = await post();
    assert.deepEqual([throttled.status, throttled.headers.get('retry-after')], [429, '3']);
    assert.equal(((await throttled.json()) as { code: number }).code, 20429);
    assert.equal(await (await post()).text(), '<html>');
    assert.equal((await post()).status, 201);
    assert.equal(fake.accepted.length, 1);
  });

  it('can take a message and break off: no answer, half an answer, or an error', async () => {
    fake.plan('cut', 'cut-answer', { ...twilioError(500, 20500), isTaken: true });
    await assert.rejects(post());
    await assert.rejects(post().then((answer) => answer.text()));
    assert.equal((await post()).status, 500);
    assert.equal(fake.accepted.length, 3);
  });

  it('can take a message and be silent', async () => {
    fake.plan('silence');
    const impatient = AbortSignal.timeout(200);
    const { apiBaseUrl, accountSid, authToken } = fake;
    const headers = { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` };
    const url = `${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`;
    await assert.rejects(fetch(url, { method: 'POST', headers, body: new URLSearchParams(SMS), signal: impatient }));
    assert.equal(fake.accepted.length, 1);
  });

  it('can report before it answers', async () => {
    fake.plan('callback-first');
    await post();
    assert.deepEqual(
      posts.map(({ form }) => form.MessageStatus),
      ['sent', 'delivered'],
    );
  });

  it('posts an SMS to where the webhook listens, signed for the configured URL', async () => {
    const answer = await fake.sendSms({
      from: '+79160000567',
      to: '+79160000500',
      body: 'کارت ۱۲',
      optOutType: 'STOP',
    });
    assert.deepEqual(answer, { status: 200, body: '<Response/>' });
    const [call] = posts;
    assert.equal(call?.path, '/webhooks/main');
    assert.equal(call?.form.Body, 'کارت ۱۲');
    assert.equal(call?.form.OptOutType, 'STOP');
    assert.equal(isGenuine(fake.authToken, PUBLIC_URL, call), true);
    assert.equal(isGenuine('other', PUBLIC_URL, call), false);
  });

  it('posts the same SMS again when it is given the same sid', async () => {
    const sid = `SM${'a'.repeat(32)}`;
    for (let time = 0; time < 2; time += 1) await fake.sendSms({ from: '+1', to: '+2', body: 'x', sid });
    assert.deepEqual(
      posts.map(({ form }) => form.MessageSid),
      [sid, sid],
    );
  });

  it('reports to the status callback of the message, signed with its query', async () => {
    await post();
    const [sms] = fake.accepted;
    assert.ok(sms);
    await fake.report(sms, 'undelivered', '21610');
    const [call] = posts;
    assert.equal(call?.path, '/webhooks/main?reply=42');
    assert.deepEqual(
      [call?.form.MessageSid, call?.form.MessageStatus, call?.form.ErrorCode],
      [sms.sid, 'undelivered', '21610'],
    );
    assert.equal(isGenuine(fake.authToken, `${PUBLIC_URL}?reply=42`, call), true);
  });

  function isGenuine(token: string, url: string, call: Post | undefined): boolean {
    return validateRequest(token, String(call?.headers['x-twilio-signature']), url, call?.form ?? {});
  }
});
