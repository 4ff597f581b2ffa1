import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { Router } from 'express';
import Joi from 'joi';
import { ApiProblem } from '../../../src/http/api/problems.ts';
import { type Call, type Route, route } from '../../../src/http/api/route.ts';
import { createApi } from '../../../src/http/api/router.ts';
import { createPublicApp } from '../../../src/http/app.ts';
import { listen } from '../../../src/http/server.ts';
import { createLogger } from '../../../src/log.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { type ApiAnswer, type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { freePort } from '../../support/ports.ts';

const PHONE = '+79161234567';

describe('what goes wrong under /v1', () => {
  let world: ApiWorld;
  let token: string;
  const calls: Call[] = [];
  const logLines: string[] = [];
  let outcome: () => Promise<{ status: number; body?: object; headers?: Record<string, string> }>;

  const echo: Route = route<unknown, unknown, unknown>({
    id: 'echo',
    method: 'post',
    path: '/v1/echo/{id}',
    summary: 'Keeps what it is given',
    scopes: ['members:write'],
    params: Joi.object({ id: Joi.string().max(20).required() }),
    query: Joi.object({ limit: Joi.number().integer().max(10), is: Joi.boolean() }),
    body: Joi.object({
      phone: Joi.string().pattern(/^\+\d+$/),
      count: Joi.number(),
      kind: Joi.valid('a', 'b'),
      list: Joi.array().items(Joi.object({ name: Joi.string().max(3) })),
      any: Joi.object().unknown(),
    }),
    answers: { 200: { description: 'Kept.' } },
    async handle(call) {
      calls.push(call);
      return await outcome();
    },
  });
  const bare: Route = route({
    ...echo,
    id: 'bare',
    path: '/v1/bare',
    params: undefined,
    query: undefined,
    body: undefined,
  });

  before(async () => {
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logLines.push(chunk.toString());
        done();
      },
    });
    const log = createLogger({ level: 'debug', destination });
    world = await openApiWorld({ routes: [echo, bare], log });
    token = await world.giveKey('club', ['members:write']);
  });

  beforeEach(() => {
    calls.length = 0;
    logLines.length = 0;
    outcome = async () => ({ status: 200 });
  });

  after(() => world.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    world.call({ method: 'post', path, token, body, headers });
  const mistakesOf = ({ status, body }: ApiAnswer) => {
    assert.deepEqual([status, body.code], [400, 'invalid-request']);
    assert.deepEqual(calls, [], 'the handler was not called');
    return Object.fromEntries(body.mistakes.map(({ path, message }: Record<string, string>) => [path, message]));
  };

  it('is told all at once, each mistake by its path and without its value', async () => {
    const body = { phone: `tel:${PHONE}`, count: '5', kind: PHONE, list: [{ name: 'abc' }, { name: PHONE }], odd: 1 };
    const answer = await post('/v1/echo/x?limit=11&is=maybe&extra=1', body, { 'cardwake-person': 'a/b' });
    assert.deepEqual(mistakesOf(answer), {
      'query.limit': 'must be less than or equal to 10',
      'query.is': 'must be a boolean',
      'query.extra': 'is not known here',
      'body.phone': 'is not in the right form',
      'body.count': 'must be a number',
      'body.kind': 'must be one of a, b',
      'body.list.1.name': 'length must be less than or equal to 3 characters long',
      'body.odd': 'is not known here',
      'headers.cardwake-person': 'must be a name of at most 80 letters, digits and spaces, in UTF-8',
    });
    assert.ok(!answer.text.includes(PHONE.slice(1)));
  });

  it('never shows a number that stands where a name should', async () => {
    const answer = await post('/v1/echo/x', { [PHONE]: 1 });
    assert.deepEqual(mistakesOf(answer), { body: 'is not known here' });
    assert.ok(!answer.text.includes(PHONE.slice(1)));
  });

  it('becomes nothing else on the way: text of the query becomes numbers, values of the body stay what they are', async () => {
    await post(
      '/v1/echo/a%20b?limit=7&is=true',
      { count: 5 },
      { 'cardwake-person': Buffer.from('Анна, till 3').toString('latin1') },
    );
    const [{ params, query, body, person, caller, remoteAddress } = assert.fail()] = calls;
    assert.deepEqual([params, query, body], [{ id: 'a b' }, { limit: 7, is: true }, { count: 5 }]);
    assert.equal(person, 'Анна, till 3');
    assert.deepEqual([caller.program.key, [...caller.scopes], caller.shop], ['club', ['members:write'], undefined]);
    assert.match(remoteAddress, /127\.0\.0\.1$/);
  });

  const TRICKS: readonly (readonly [what: string, body: string])[] = [
    ['__proto__', '{"__proto__":{"isAdmin":true}}'],
    ['an escaped __proto__', '{"\\u005f_proto__":{"isAdmin":true}}'],
    ['__proto__ deep inside', '{"any":{"a":[{"__proto__":{"isAdmin":true}}]}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"isAdmin":true}}}'],
    ['U+0000', '{"any":{"a":"\\u0000"}}'],
    ['U+0000 in a name', '{"any":{"\\u0000":1}}'],
    ['half a surrogate pair', '{"any":{"a":"\\ud800"}}'],
    ['no JSON', `{"phone":"${PHONE}"`],
    ['a list', '[1]'],
    ['text', '"x"'],
    ['null', 'null'],
    ['100,000 brackets', '['.repeat(60_000)],
    ['deep objects', '{"a":'.repeat(10_000)],
  ];
  for (const [what, body] of TRICKS) {
    it(`is answered 400 and reaches no handler: ${what}`, async () => {
      const answer = await post('/v1/echo/x', body);
      mistakesOf(answer);
      assert.ok(!answer.text.includes(PHONE));
      assert.equal(({} as Record<string, unknown>).isAdmin, undefined);
    });
  }

  it('is a body in bytes that are no UTF-8', async () => {
    mistakesOf(await post('/v1/echo/x', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])));
  });

  for (const path of [
    '/v1/echo/%ff',
    '/v1/echo/%',
    '/v1/echo/%00',
    '/v1/echo/x?limit=%00',
    '/v1/echo/x?__proto__=1',
    '/v1/echo/x?limit=1&limit=2',
  ]) {
    it(`is the path ${path}`, async () => {
      mistakesOf(await post(path, {}));
    });
  }

  it('is a field in a body where none is known; no body and {} are alike', async () => {
    mistakesOf(await post('/v1/bare', { a: 1 }));
    assert.equal((await post('/v1/bare', {})).status, 200);
    assert.equal((await post('/v1/bare', undefined)).status, 200);
  });

  for (const headers of [
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/json; charset=windows-1251' },
    { 'content-type': 'application/jsonp' },
    { 'content-encoding': 'gzip' },
  ]) {
    it(`is answered 415: ${Object.values(headers).join()}`, async () => {
      const { status, body } = await post('/v1/echo/x', '{}', headers as unknown as Record<string, string>);
      assert.deepEqual([status, body.code], [415, 'not-acceptable-body']);
    });
  }

  it('is answered 413 above 64 KB, and 64 KB are taken', async () => {
    const ofBytes = (bytes: number) => `{"any":{"a":"${'x'.repeat(bytes - 16)}"}}`;
    assert.equal((await post('/v1/echo/x', ofBytes(65_536))).status, 200);
    const { status, body } = await post('/v1/echo/x', ofBytes(65_537));
    assert.deepEqual([status, body.code], [413, 'body-too-large']);
  });

  it('is another method, with those that there are', async () => {
    const { status, headers, body } = await world.call({ method: 'get', path: '/v1/echo/x', token });
    assert.deepEqual([status, body.code, headers.get('allow')], [405, 'method-not-allowed', 'POST']);
  });

  for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/echo', '/v1/echo/x/', '/v1/Echo/x', '/v1/echo/x/y']) {
    it(`is no path of ours: ${path}`, async () => {
      const { status, body } = await post(path, {});
      assert.deepEqual([status, body.code], [404, 'not-found']);
    });
  }

  it('is told by a handler with its headers', async () => {
    outcome = () =>
      Promise.reject(new ApiProblem('too-many-codes', 'Wait a little.', { headers: { 'retry-after': '42' } }));
    const { status, headers, body } = await post('/v1/bare', {});
    assert.deepEqual([status, headers.get('retry-after'), headers.get('cache-control')], [429, '42', 'no-store']);
    assert.deepEqual(body, {
      type: '/docs/problems#too-many-codes',
      title: 'No more codes for now',
      status: 429,
      detail: 'Wait a little.',
      code: 'too-many-codes',
    });
    assert.deepEqual(logLines, []);
  });

  it('is a fault of ours: the answer has an id and nothing else, the log has the rest under it', async () => {
    outcome = () => Promise.reject(new Error(`secret of ${PHONE}`));
    const { status, body, text } = await post('/v1/bare', {});
    assert.deepEqual([status, body.code], [500, 'internal']);
    assert.ok(!text.includes('secret'));
    const [, id] = /^urn:uuid:(.+)$/.exec(body.instance) ?? assert.fail(body.instance);
    assert.equal(logLines.length, 1);
    assert.ok(logLines[0]?.includes(String(id)));
    assert.ok(!logLines[0]?.includes(PHONE));
  });

  it('is the database: 503 with Retry-After, and a process whose database is not prepared yet', async () => {
    outcome = () => Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    const away = await post('/v1/bare', {});
    const unprepared = await world.listenAgain({ isReady: () => false });
    const early = await world.call({ method: 'post', path: '/v1/bare', token, body: {} }, unprepared);
    for (const { status, body, headers } of [away, early]) {
      assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'unavailable', '2']);
    }
  });

  it('is not what the caller knows already: an ETag that still holds is answered 304', async () => {
    const get = route({ ...bare, id: 'get', method: 'get', path: '/v1/get' });
    const origin = await world.listenAgain({ routes: [get] });
    outcome = async () => ({ status: 200, body: { a: 1 }, headers: { etag: '"one"' } });
    const ask = (tags: string) =>
      world.call({ method: 'get', path: '/v1/get', token, headers: { 'if-none-match': tags } }, origin);
    for (const tags of ['"one"', 'W/"one"', '"zero", "one"', '*']) {
      const { status, text, headers } = await ask(tags);
      assert.deepEqual([status, text, headers.get('etag')], [304, '', '"one"']);
    }
    assert.equal((await ask('"two"')).status, 200);
  });
});

describe('the API without a database', () => {
  it('answers 503 as a problem, in time', async () => {
    const world = await openApiWorld();
    const url = `postgres://nobody@127.0.0.1:${await freePort()}/nothing`;
    const options = { poolSize: 2, connectTimeoutMs: 500, statementTimeoutMs: 500, onIdleError: () => {} };
    const db = openDatabase({ url, ...options });
    const api = createApi({ ...world.parts, db });
    const listening = await listen(createPublicApp({ webhooks: Router(), api, log: world.parts.log }), {
      port: 0,
      host: '127.0.0.1',
    });
    const token = await world.giveKey('club', ['cards:read']);
    const request = { method: 'get', path: '/v1/cards/9643000000000009', token };
    const { status, body } = await world.call(request, `http://127.0.0.1:${listening.port}`);
    assert.deepEqual([status, body.code], [503, 'unavailable']);
    await listening.close(0);
    await db.destroy();
    await world.close();
  });
});
