import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { queueContents } from '../support/queue-contents.ts';
import { openScene, type Scene } from './scene.ts';

for (const queue of ['postgres', 'redis'] as const) {
  describe(`the other ways to a card, queue in ${queue}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene({ queue });
    });
    after(() => scene.close());

    const profile = { name: 'Мария Иванова', birthday: '12.05.1990', email: 'maria@example.com' };
    const consents = { marketing: true };

    const bindingOf = async (card: string) =>
      (
        await scene.ask<{ phone: string; proof: string; actor: string }>(
          sql`SELECT phone, proof, actor FROM bindings WHERE card = ${card} AND closed_at IS NULL`,
        )
      )[0];
    const memberOf = async (phone: string) =>
      (
        await scene.ask<{ phone_proof: string; name: string | null; email: string | null; consents: object }>(
          sql`SELECT phone_proof, name, email, consents FROM members WHERE phone = ${phone}`,
        )
      )[0];
    const statusOf = async (card: string) =>
      (await scene.ask<{ status: string }>(sql`SELECT status FROM cards WHERE number = ${card}`))[0]?.status;

    it('a cashier who may activates at once, and the customer is texted', async () => {
      const { till } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const answer = await till.as('Анна').post('/v1/activations', { card, phone, profile, consents });
      assert.deepEqual([answer.status, answer.body], [200, { state: 'done', outcome: 'activated' }]);
      const actor = `key:${till.prefix}/Анна`;
      assert.deepEqual(await bindingOf(card), { phone, proof: 'cashier', actor });
      assert.match((await scene.texts(phone, 1))[0] ?? '', /добро пожаловать/);
      const member = await memberOf(phone);
      assert.deepEqual([member?.phone_proof, member?.name, member?.email], ['cashier', profile.name, profile.email]);
      assert.deepEqual(Object.keys(member?.consents ?? {}), ['marketing']);
      const again = await till.post('/v1/activations', { card, phone });
      assert.deepEqual([again.status, again.body.outcome], [200, 'already-active']);
    });

    it('a cashier types the code that the phone was sent, and the phone is proved', async () => {
      const { till } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const asked = await till.post('/v1/activations', { card, phone, profile, confirm: 'code' });
      assert.deepEqual([asked.status, asked.body.state], [202, 'code-sent']);
      assert.equal(await bindingOf(card), undefined);
      const path = `/v1/activations/${asked.body.id}/confirm`;
      const wrong = await till.post(path, { code: anotherCode(await scene.code(phone)) });
      assert.deepEqual([wrong.status, wrong.body.code], [422, 'wrong-code']);
      const right = await till.post(path, { code: await scene.code(phone) });
      assert.deepEqual([right.status, right.body], [200, { state: 'done', outcome: 'activated' }]);
      assert.equal((await bindingOf(card))?.proof, 'code');
      assert.equal((await memberOf(phone))?.phone_proof, 'code');
      assert.match((await scene.texts(phone, 2))[1] ?? '', /добро пожаловать/);
    });

    it('a clerk enters, the card is held, an operator approves, and the customer is texted', async () => {
      const { clerk, operator } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const entered = await clerk.as('Вера').post('/v1/activations', { card, phone, profile, consents });
      assert.deepEqual([entered.status, entered.body.state], [202, 'awaiting-check']);
      const { id } = entered.body;
      assert.deepEqual([await statusOf(card), await bindingOf(card)], ['awaiting-check', undefined]);
      const list = await operator.get('/v1/activations?state=awaiting-check&limit=200');
      const listed = list.body.activations.find((one: { id: string }) => one.id === id);
      assert.deepEqual(
        [listed.phone, listed.card, listed.shop, listed.profile.name],
        [phone, card, 'north', profile.name],
      );
      assert.equal(listed.enteredBy, `key:${clerk.prefix}/Вера`);
      const seen = await clerk.get(`/v1/activations/${id}`);
      assert.deepEqual(Object.keys(seen.body).toSorted(), ['createdAt', 'id', 'state']);
      const approved = await operator.as('Борис').post(`/v1/activations/${id}/approve`);
      assert.deepEqual([approved.status, approved.body.state, approved.body.outcome], [200, 'done', 'activated']);
      assert.deepEqual(await bindingOf(card), { phone, proof: 'operator', actor: `key:${operator.prefix}/Борис` });
      assert.equal((await memberOf(phone))?.name, profile.name);
      assert.match((await scene.texts(phone, 1))[0] ?? '', /добро пожаловать/);
      const audited = await scene.ask<{ before: { status: string }; after: { status: string } }>(
        sql`SELECT before, after FROM audit_events WHERE card = ${card} ORDER BY id`,
      );
      const steps = audited.map(({ before, after }) => `${before.status} > ${after.status}`);
      assert.deepEqual(steps, ['issued > awaiting-check', 'awaiting-check > active']);
    });

    it('an operator rejects with a reason; the card is free again and the customer is texted', async () => {
      const { clerk, operator, till } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const { body } = await clerk.post('/v1/activations', { card, phone, profile });
      const rejected = await operator.post(`/v1/activations/${body.id}/reject`, {
        reason: 'Not the number of the form',
      });
      assert.deepEqual([rejected.status, rejected.body.state], [200, 'refused']);
      assert.equal(await statusOf(card), 'issued');
      assert.match((await scene.texts(phone, 1))[0] ?? '', /не прошла проверку/);
      assert.equal((await clerk.get(`/v1/activations/${body.id}`)).body.reason, 'Not the number of the form');
      const other = await till.post('/v1/activations', { card, phone: scene.freshPhone() });
      assert.equal(other.body.outcome, 'activated');
    });

    it('a clerk’s code proves the phone, and the operator still has the last word', async () => {
      const { clerk, operator } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const asked = await clerk.post('/v1/activations', { card, phone, confirm: 'code' });
      assert.equal(asked.body.state, 'code-sent');
      const confirmed = await clerk.post(`/v1/activations/${asked.body.id}/confirm`, { code: await scene.code(phone) });
      assert.deepEqual([confirmed.status, confirmed.body.state], [202, 'awaiting-check']);
      const approved = await operator.post(`/v1/activations/${asked.body.id}/approve`);
      assert.deepEqual([approved.body.state, approved.body.phoneProved], ['done', true]);
      assert.equal((await bindingOf(card))?.proof, 'code');
    });

    it('a customer registers on the website with a code', async () => {
      const { website } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const begun = await website.post('/v1/registrations', { card, phone, profile, consents });
      assert.deepEqual([begun.status, Object.keys(begun.body)], [202, ['id', 'expiresAt', 'resendAfter']]);
      const path = `/v1/registrations/${begun.body.id}`;
      const early = await website.post(`${path}/resend`);
      assert.deepEqual([early.status, early.body.code], [429, 'too-many-codes']);
      assert.ok(Number(early.headers.get('retry-after')) <= 60);
      const first = await scene.code(phone);
      scene.service.passTime(61_000);
      assert.equal((await website.post(`${path}/resend`)).status, 202);
      const second = await scene.code(phone, 2);
      if (first !== second) {
        assert.equal((await website.post(`${path}/confirm`, { code: first })).body.code, 'wrong-code');
      }
      const done = await website.post(`${path}/confirm`, { code: second });
      assert.deepEqual([done.status, done.body], [200, { state: 'done', outcome: 'activated' }]);
      assert.deepEqual([(await bindingOf(card))?.proof, (await memberOf(phone))?.name], ['code', profile.name]);
      assert.match((await scene.texts(phone, 3))[2] ?? '', /добро пожаловать/);
    });

    it('an SMS, a till and the website meet in one member', async () => {
      const { till, twilio, website } = scene;
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      await twilio.sendSms({ from: phone, to: '+14155550100', body: card });
      await scene.texts(phone, 1);
      assert.equal((await till.post('/v1/activations', { card, phone, profile })).body.outcome, 'already-active');
      const { body } = await website.post('/v1/registrations', { card, phone });
      const confirmed = await website.post(`/v1/registrations/${body.id}/confirm`, {
        code: await scene.code(phone, 2),
      });
      assert.equal(confirmed.body.outcome, 'already-active');
      const members = await scene.ask(sql`SELECT name, phone_proof FROM members WHERE phone = ${phone}`);
      assert.deepEqual(members, [{ name: profile.name, phone_proof: 'code' }]);
    });

    it('leave no phone, card, name or code in a log line or a queue', async () => {
      await scene.allSent();
      const codes = scene.twilio.accepted.flatMap(({ body }) => /\b\d{6}\b/.exec(body)?.[0] ?? []);
      const leaks = ['7916000', '964300000', 'Мария', 'maria@', ...codes.map((code) => `"${code}"`)];
      const kept = [...scene.service.logLines, ...(await queueContents(scene.service))];
      assert.ok(scene.service.logLines.length > 0);
      assert.deepEqual(
        kept.filter((line) => leaks.some((leak) => line.includes(leak))),
        [],
      );
      assert.deepEqual(
        kept.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
        [],
      );
    });

    it('keep no code once a provider took it, and no profile once it is the member’s', async () => {
      await scene.allSent();
      const texts = await scene.ask<{ text: string; code: string }>(
        sql`SELECT text, variables ->> 'code' AS code FROM replies WHERE template = 'confirm-code'`,
      );
      assert.ok(texts.length > 0);
      for (const { text, code } of texts) {
        assert.equal(code, '######');
        assert.doesNotMatch(text, /\b\d{6}\b/);
      }
      assert.deepEqual(await scene.ask(sql`SELECT FROM enrolments WHERE profile <> '{}' OR code_hash IS NOT NULL`), []);
    });
  });
}

function anotherCode(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}
