import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import { erase } from '../../src/store/erase.ts';
import { twilioError } from '../support/fake-twilio.ts';
import { tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait-for.ts';
import { openScene, type Scene } from './scene.ts';

const MINUTE_MS = 60_000;
const SIXTEEN = Array.from({ length: 16 }, (_, n) => n);

describe('confirmation codes', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());

  const register = async (phone = scene.freshPhone()) => {
    const card = await scene.freshCard();
    const { body } = await scene.website.post('/v1/registrations', { card, phone });
    return { card, phone, path: `/v1/registrations/${body.id}`, body };
  };
  const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const confirm = (path: string, code: string) => scene.website.post(`${path}/confirm`, { code });

  it('are good for ten minutes', async () => {
    const { phone, path, body } = await register();
    const minutes = (Date.parse(body.expiresAt) - Date.parse(body.resendAfter)) / MINUTE_MS;
    assert.equal(minutes, 9);
    const code = await scene.code(phone);
    scene.service.passTime(10 * MINUTE_MS);
    const late = await confirm(path, code);
    assert.deepEqual([late.status, late.body.code], [410, 'code-expired']);
    assert.equal((await scene.website.post(`${path}/resend`)).status, 202, 'another can still be asked for');
    assert.equal((await confirm(path, await scene.code(phone, 2))).body.outcome, 'activated');
  });

  it('bear five wrong tries, over all codes of a registration', async () => {
    const { phone, path } = await register();
    const code = await scene.code(phone);
    for (const left of [4, 3]) {
      const answer = await confirm(path, wrong(code));
      assert.deepEqual([answer.status, answer.body.detail], [422, `Tries left: ${left} of 5.`]);
    }
    scene.service.passTime(MINUTE_MS + 1_000);
    await scene.website.post(`${path}/resend`);
    const second = await scene.code(phone, 2);
    for (const _ of [2, 1, 0]) assert.equal((await confirm(path, wrong(second))).body.code, 'wrong-code');
    for (const answer of [await confirm(path, second), await scene.website.post(`${path}/resend`)]) {
      assert.deepEqual([answer.status, answer.body.code], [410, 'code-expired']);
    }
    assert.deepEqual(await scene.ask(sql`SELECT FROM enrolments WHERE phone = ${phone}`), [], 'nothing is kept of it');
  });

  it('count tries exactly, also sixteen at once', async () => {
    const { phone, path } = await register();
    const code = wrong(await scene.code(phone));
    const answers = await Promise.all(SIXTEEN.map(() => confirm(path, code)));
    const told = answers.map(({ body }) => body.code);
    assert.deepEqual([told.filter((one) => one === 'wrong-code').length, new Set(told).size], [5, 2]);
  });

  it('are taken once, also sixteen at once: one binding, one text', async () => {
    const { card, phone, path } = await register();
    const code = await scene.code(phone);
    const answers = await Promise.all(SIXTEEN.map(() => confirm(path, code)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ body }) => body.code === 'already-decided').length, 15);
    await scene.allSent();
    assert.equal((await scene.texts(phone, 2)).length, 2);
    assert.equal((await scene.ask(sql`SELECT FROM bindings WHERE card = ${card}`)).length, 1);
  });

  it('are sent again after a minute, three times, and not once more', async () => {
    const { phone, path } = await register();
    for (const count of [2, 3, 4]) {
      assert.equal((await scene.website.post(`${path}/resend`)).status, 429, 'too soon');
      scene.service.passTime(MINUTE_MS + 1_000);
      const answers = await Promise.all(SIXTEEN.map(() => scene.website.post(`${path}/resend`)));
      assert.equal(answers.filter(({ status }) => status === 202).length, 1);
      await scene.texts(phone, count);
    }
    scene.service.passTime(MINUTE_MS + 1_000);
    const more = await scene.website.post(`${path}/resend`);
    assert.deepEqual([more.status, more.headers.get('retry-after')], [429, null]);
    await scene.allSent();
    assert.equal((await scene.texts(phone, 4)).length, 4);
  });

  it('are five a day to one phone, from till and website together, sixteen at once', async () => {
    const phone = scene.freshPhone();
    const cards = await Promise.all(SIXTEEN.map(() => scene.freshCard()));
    const answers = await Promise.all(
      cards.map((card, n) =>
        n % 2 === 0
          ? scene.website.post('/v1/registrations', { card, phone })
          : scene.till.post('/v1/activations', { card, phone, confirm: 'code' }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 202).length, 5);
    const refused = answers.filter(({ status }) => status === 429);
    assert.deepEqual(
      [refused.length, new Set(refused.map(({ body }) => body.code))],
      [11, new Set(['too-many-codes'])],
    );
    assert.ok(Number(refused[0]?.headers.get('retry-after')) > 0);
    assert.equal((await scene.ask(sql`SELECT FROM enrolments WHERE phone = ${phone}`)).length, 5);
    await scene.allSent();
    assert.equal((await scene.texts(phone, 5)).length, 5);
    scene.service.passTime(24 * 60 * MINUTE_MS);
    assert.equal((await register(phone)).body.id !== undefined, true, 'the next day has its own');
  });

  it('are not sent to a phone that opted out, and the answer is the same', async () => {
    const phone = scene.freshPhone();
    await scene.ask(sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone}, now())`);
    const { body } = await register(phone);
    assert.deepEqual(Object.keys(body), ['id', 'expiresAt', 'resendAfter']);
    await scene.allSent();
    assert.deepEqual(await scene.texts(phone, 0), []);
  });

  it('are not sent to a phone that opted out and was erased since', async () => {
    const phone = scene.freshPhone();
    const db = openDatabase({
      url: scene.service.databaseUrl,
      pepper: scene.service.settings.pepper,
      poolSize: 2,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 30_000,
      onIdleError: () => {},
    });
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone}, now())`.execute(db);
    const [program] = scene.service.settings.programs.values();
    assert.ok(program);
    const act = await erase(db, { program, who: { phone }, actor: 'cli:test' });
    assert.equal(act?.isOptOutKept, true);
    await db.destroy();
    await register(phone);
    await scene.allSent();
    assert.deepEqual(await scene.texts(phone, 0), []);
  });

  it('are not sent to a phone that cannot take part, and the answers are the same', async () => {
    const foreign = '+491711234567' as never;
    const { body, path } = await register(foreign);
    assert.deepEqual(Object.keys(body), ['id', 'expiresAt', 'resendAfter']);
    assert.equal((await confirm(path, '000000')).body.code, 'wrong-code');
    scene.service.passTime(MINUTE_MS + 1_000);
    assert.equal((await scene.website.post(`${path}/resend`)).status, 202);
    await scene.allSent();
    assert.deepEqual(await scene.texts(foreign, 0), []);
  });

  it('are not sent late: what waited out its ten minutes stays unsent and unread', async () => {
    const phone = scene.freshPhone();
    scene.twilio.plan(twilioError(429, 20429));
    await register(phone);
    const row = () =>
      scene.ask<{ status: string; code: string; text: string }>(
        sql`SELECT status, variables ->> 'code' AS code, text FROM replies WHERE recipient = ${phone}`,
      );
    await waitFor(async () => (await row())[0]?.text, { what: 'the first attempt' });
    scene.service.passTime(10 * MINUTE_MS);
    await waitFor(async () => (await row())[0]?.status === 'failed', { what: 'the code to be given up' });
    const [kept] = await row();
    assert.equal(kept?.code, '######');
    assert.doesNotMatch(kept.text, /\b\d{6}\b/);
    assert.deepEqual(await scene.texts(phone, 0), []);
  });

  it('leave nothing behind when nobody brings them back: no phone, no card, no text', async () => {
    const { phone, card, path } = await register();
    await scene.code(phone);
    scene.service.passTime(MINUTE_MS + 1_000);
    await scene.website.post(`${path}/resend`);
    const code = await scene.code(phone, 2);
    await scene.allSent();
    const tracesOfBoth = async () => [
      await tracesOf(scene.service.databaseUrl, [phone.slice(1)]),
      await tracesOf(scene.service.databaseUrl, [card]),
    ];
    assert.deepEqual(await tracesOfBoth(), [
      ['code_quota', 'enrolments', 'phones', 'replies'],
      ['cards', 'enrolments', 'replies'],
    ]);
    // The last try takes the phone from the enrolment, which must not keep the texts from being found.
    for (const _ of [4, 3, 2, 1, 0]) await confirm(path, wrong(code));
    scene.service.passTime(71 * MINUTE_MS);
    const kept = () => scene.ask(sql`SELECT FROM enrolments WHERE card = ${card}`);
    await waitFor(async () => (await kept()).length === 0, { what: 'the sweeper to forget the registration' });
    assert.deepEqual(await tracesOfBoth(), [['code_quota'], ['cards']]);
  });
});

describe('caps on codes', () => {
  for (const [what, spell] of [
    ['writes a port behind each address', (n: number) => `203.0.113.5:${50_000 + n}`],
    ['writes what is no address', (n: number) => `visitor-${n}`],
  ] as const) {
    it(`hold for visitors behind a trusted proxy that ${what}`, async () => {
      const scene = await openScene({ codesPerBlock: 3 });
      try {
        const statuses: number[] = [];
        for (let n = 0; n < 5; n += 1) {
          const body = { card: await scene.freshCard(), phone: scene.freshPhone() };
          const from = { 'x-forwarded-for': spell(n) };
          statuses.push((await scene.website.post('/v1/registrations', body, from)).status);
        }
        assert.deepEqual(statuses, [202, 202, 202, 429, 429]);
        const warnings = scene.service.logLines.filter((line) => line.includes('is no address'));
        assert.equal(warnings.length, spell(0).startsWith('visitor') ? 1 : 0, 'the log says it once');
        assert.ok(!scene.service.logLines.some((line) => line.includes(spell(0))), 'and never names a visitor');
      } finally {
        await scene.close();
      }
    });
  }

  const cases = [
    ['a block of addresses', { codesPerBlock: 7 }],
    ['a programme', { codesPerDay: 7 }],
  ] as const;
  for (const [what, options] of cases) {
    it(`hold exactly for ${what}, sixteen at once, and undo what they refuse`, async () => {
      const scene = await openScene(options);
      try {
        const asked = await Promise.all(
          SIXTEEN.map(async () => ({ card: await scene.freshCard(), phone: scene.freshPhone() })),
        );
        const answers = await Promise.all(asked.map((body) => scene.website.post('/v1/registrations', body)));
        assert.equal(answers.filter(({ status }) => status === 202).length, 7);
        assert.equal(answers.filter(({ body }) => body.code === 'too-many-codes').length, 9);
        assert.equal((await scene.ask(sql`SELECT FROM enrolments`)).length, 7);
        await scene.allSent();
        assert.equal(scene.twilio.accepted.length, 7);
      } finally {
        await scene.close();
      }
    });
  }
});
