import assert from 'node:assert/strict';
import { type ApiCaller, apiCaller } from '../support/api-caller.ts';
import { openScene, type Scene } from './scene.ts';

for (const queue of ['postgres', 'redis'] as const) {
  describe(`SMS and questionnaire, queue in ${queue}`, () => {
    let scene: Scene;
    let desk: ApiCaller;
    before(async () => {
      scene = await openScene({ queue });
      desk = await apiCaller(scene.service, { scopes: ['members:read', 'members:write', 'cards:read'] });
    });
    after(() => scene.close());

    const memberOf = async (phone: string) => {
      const { body } = await desk.get(`/v1/members?phone=${encodeURIComponent(phone)}`);
      assert.equal(body.members.length, 1);
      return body.members[0];
    };
    const text = (from: string, body: string) => scene.twilio.sendSms({ from, to: '+14155550100', body });

    it('an operator types a paper form, and the customer is texted', async () => {
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const entered = await desk.post('/v1/questionnaires', { phone, card, profile: { name: 'Анна Ким' } });
      assert.deepEqual([entered.status, entered.body.outcome], [201, 'activated']);
      assert.match((await scene.texts(phone, 1))[0] ?? '', /добро пожаловать/);
      const member = await memberOf(phone);
      assert.deepEqual([member.id, member.card, member.phoneProof], [entered.body.member, card, 'none']);
      assert.equal((await desk.get(`/v1/cards/${card}`)).body.state, 'active');
    });

    it('an SMS activates with a name to propose; the operator finds, confirms and completes the member', async () => {
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      await text(phone, `${card} Мария`);
      await scene.texts(phone, 1);
      const listed = (await desk.get('/v1/members?profile=incomplete&limit=200')).body.members;
      const found = listed.find((member: { phone: string }) => member.phone === phone);
      assert.deepEqual([found.proposedName, found.name, found.phoneProof], ['Мария', null, 'sms']);
      const read = await desk.get(`/v1/members/${found.id}`);
      const response = await fetch(`${scene.service.origin}/v1/members/${found.id}`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${desk.key}`,
          'content-type': 'application/json',
          'if-match': read.headers.get('etag') ?? '',
        },
        body: JSON.stringify({ name: 'Мария Иванова', birthday: '12.05.1990' }),
      });
      assert.equal(response.status, 200);
      const member = await memberOf(phone);
      assert.deepEqual([member.name, member.profile, member.proposedName], ['Мария Иванова', 'complete', null]);
    });

    it('a form and then the SMS of the same customer meet in one member, whose phone is proved now', async () => {
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      const { body } = await desk.post('/v1/questionnaires', { phone, card, profile: { name: 'Анна Ким' } });
      await text(phone, `карта ${card} Аня`);
      await scene.texts(phone, 2);
      const member = await memberOf(phone);
      assert.deepEqual([member.id, member.phoneProof, member.name], [body.member, 'sms', 'Анна Ким']);
      assert.equal(member.proposedName, null);
    });

    it('the SMS and then the form meet in one member, too', async () => {
      const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
      await text(phone, `${card} Аня`);
      await scene.texts(phone, 1);
      const before = await memberOf(phone);
      const { status, body } = await desk.post('/v1/questionnaires', { phone, card, profile: { name: 'Анна Ким' } });
      assert.deepEqual([status, body.outcome, body.member, body.isNew], [200, 'already-active', before.id, false]);
      assert.deepEqual([(await memberOf(phone)).name, (await memberOf(phone)).phoneProof], ['Анна Ким', 'sms']);
    });

    it('a programme that takes no forms says so', async () => {
      const shy = await apiCaller(scene.service, { scopes: ['members:write'], program: 'shy' });
      const body = { phone: scene.freshPhone(), card: '771000000001' };
      const answer = await shy.post('/v1/questionnaires', body);
      assert.deepEqual([answer.status, answer.body.code], [403, 'way-closed']);
    });

    it('no name, phone or card gets into the log', () => {
      assert.doesNotMatch(scene.service.logLines.join('\n'), /Мария|Анна|Ким|Аня|\+7916|96430000/);
    });
  });
}
