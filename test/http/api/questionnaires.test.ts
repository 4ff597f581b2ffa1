import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type ApiAnswer, type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { addCards, look } from '../../support/club.ts';
import { card, phone } from '../../support/world.ts';

describe('paper forms and corrections by API', () => {
  let world: ApiWorld;
  let token: string;
  let n = 0;
  before(async () => {
    world = await openApiWorld();
    token = await world.giveKey('club', ['members:read', 'members:write']);
  });
  beforeEach(async () => {
    n += 1;
    await addCards(world.db, [{ number: card(n) }]);
  });
  after(() => world.close());

  const spelled = () => `8 ${phone(n).slice(2, 5)} ${phone(n).slice(5, 8)}-${phone(n).slice(8)}`;
  const form = (changes: object = {}) => ({
    phone: spelled(),
    card: card(n),
    profile: { name: 'Анна Ким' },
    ...changes,
  });
  const enter = (body: object, headers: Record<string, string> = {}) =>
    world.call({ method: 'POST', path: '/v1/questionnaires', token, body, headers });
  const read = (id: string) => world.call({ method: 'GET', path: `/v1/members/${id}`, token });
  const patch = (id: string, etag: string | undefined, body: object) =>
    world.call({
      method: 'PATCH',
      path: `/v1/members/${id}`,
      token,
      body,
      headers: { 'cardwake-person': 'Olga', ...(etag !== undefined && { 'if-match': etag }) },
    });
  const problem = ({ status, body }: ApiAnswer) => ({ status, code: body.code, paths: paths(body) });
  const paths = ({ mistakes = [] }: { mistakes?: { path: string }[] }) => mistakes.map(({ path }) => path);

  it('a form is entered in any spelling, and read back as it is kept', async () => {
    const profile = { name: ' Анна  Ким ', birthday: '12.05.1990', email: 'anna@example.com' };
    const entered = await enter(form({ profile, consents: { marketing: true } }), { 'cardwake-person': 'Olga' });
    assert.equal(entered.status, 201);
    assert.deepEqual(entered.body, { outcome: 'activated', member: entered.body.member, isNew: true });
    const { body: member } = await read(entered.body.member);
    assert.deepEqual(
      [member.phone, member.card, member.name, member.birthday, member.email, member.profile, member.phoneProof],
      [phone(n), card(n), 'Анна Ким', '1990-05-12', 'anna@example.com', 'complete', 'none'],
    );
    assert.deepEqual(Object.keys(member.consents), ['marketing']);
    assert.ok(Math.abs(Date.parse(member.consents.marketing) - Date.now()) < 60_000);
    const actors = await look<{ actor: string; action: string }>(
      world.db,
      sql`SELECT DISTINCT actor FROM audit_events WHERE phone = ${phone(n)} OR card = ${card(n)}`,
    );
    assert.deepEqual(actors, [{ actor: `key:${token.split('.')[0]}/Olga` }]);
    const again = await enter(form({ profile }));
    assert.deepEqual([again.status, again.body.outcome, again.body.isNew], [200, 'already-active', false]);
  });

  it('a form that comes again may say that the phone was proved meanwhile', async () => {
    const { member } = (await enter(form())).body;
    assert.equal((await enter(form({ phoneProved: true }))).status, 200);
    assert.equal((await read(member)).body.phoneProof, 'operator');
  });

  const mistaken: readonly (readonly [what: string, change: object, paths: readonly string[]])[] = [
    ['no phone', { phone: undefined }, ['body.phone']],
    ['a phone that is a number', { phone: 79161234567 }, ['body.phone']],
    ['an empty name', { profile: { name: '' } }, ['body.profile.name']],
    ['a name of digits', { profile: { name: '12345' } }, ['body.profile.name']],
    ['a name with markup', { profile: { name: '<b>Анна</b>' } }, ['body.profile.name']],
    ['a name of 81 letters', { profile: { name: 'я'.repeat(81) } }, ['body.profile.name']],
    ['a birthday to come', { profile: { birthday: '2999-01-01' } }, ['body.profile.birthday']],
    ['a birthday that is none', { profile: { birthday: '31.02.1990' } }, ['body.profile.birthday']],
    ['an American birthday', { profile: { birthday: '05/12/1990' } }, ['body.profile.birthday']],
    ['an e-mail without a domain', { profile: { email: 'anna@' } }, ['body.profile.email']],
    ['an e-mail that is two', { profile: { email: 'a@example.com, b@example.com' } }, ['body.profile.email']],
    ['an unknown field', { loyalty: 'gold' }, ['body.loyalty']],
    ['an unknown fact', { profile: { name: 'Анна', height: 170 } }, ['body.profile.height']],
    ['a consent that is not given', { consents: { marketing: false } }, ['body.consents.marketing']],
    ['a consent at a time', { consents: { marketing: '2026-01-01' } }, ['body.consents.marketing']],
    ['a consent of a strange name', { consents: { 'Marketing!': true } }, ['body.consents']],
    ['a proof in words', { phoneProved: 'yes' }, ['body.phoneProved']],
  ];
  for (const [what, change, where] of mistaken) {
    it(`a form with ${what} is refused by its path, and nothing of it is quoted`, async () => {
      const answer = await enter(form(change));
      assert.deepEqual(problem(answer), { status: 400, code: 'invalid-request', paths: where });
      assert.doesNotMatch(answer.text, /Анна|12345|example\.com|7916/);
    });
  }

  const others: readonly (readonly [code: string, status: number, change: () => object])[] = [
    ['unsupported-phone', 422, () => ({ phone: '+74951234567' })],
    ['unsupported-phone', 422, () => ({ phone: 'Анна' })],
    ['unsupported-card', 422, () => ({ card: '9643001234563453' })],
    ['unknown-card', 404, () => ({ card: card(900) })],
  ];
  for (const [code, status, change] of others) {
    it(`a form is refused as ${code}: ${JSON.stringify(change())}`, async () => {
      assert.deepEqual(problem(await enter(form(change()))), { status, code, paths: [] });
      assert.deepEqual(await look(world.db, sql`SELECT FROM members WHERE phone = ${phone(n)}`), []);
    });
  }

  it('a form that says otherwise than what is known is refused by the fields, without saying what is known', async () => {
    await enter(form());
    const answer = await enter(form({ profile: { name: 'Борис', birthday: '1990-05-12' } }));
    assert.deepEqual(problem(answer), { status: 409, code: 'member-differs', paths: ['body.profile.name'] });
    assert.doesNotMatch(answer.text, /Анна|Борис/);
    const found = await look<{ birthday: string | null }>(
      world.db,
      sql`SELECT birthday FROM members WHERE phone = ${phone(n)}`,
    );
    assert.deepEqual(found, [{ birthday: null }]);
  });

  describe('PATCH', () => {
    let id: string;
    let etag: string;
    beforeEach(async () => {
      id = (await enter(form())).body.member;
      etag = (await read(id)).headers.get('etag') ?? '';
    });

    it('changes what it names, answers the member and its next ETag', async () => {
      const answer = await patch(id, etag, { birthday: '1.2.1990', email: 'kim@example.com', consents: { sms: true } });
      assert.equal(answer.status, 200);
      const { name, birthday, email, version } = answer.body;
      assert.deepEqual([name, birthday, email, version], ['Анна Ким', '1990-02-01', 'kim@example.com', 2]);
      assert.deepEqual(answer.body, (await read(id)).body);
      const next = answer.headers.get('etag') ?? '';
      assert.equal((await patch(id, next, { email: null, consents: { sms: false } })).body.email, null);
    });

    it('is refused without If-Match and with one that is no longer true, and loses no update', async () => {
      assert.deepEqual(problem(await patch(id, undefined, { name: 'Анна' })).paths, ['headers.if-match']);
      for (const old of ['"0"', '*', 'W/"1"', 'nonsense']) {
        assert.equal(problem(await patch(id, old, { name: 'Анна' })).code, 'stale', old);
      }
      const both = await Promise.all(['Анна', 'Аня'].map((name) => patch(id, etag, { name })));
      assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([200, 412]));
    });

    it('takes away the proposal once there is a name', async () => {
      await sql`UPDATE members SET name = NULL, proposed_name = 'Аня', profile = 'incomplete' WHERE id = ${id}`.execute(
        world.db,
      );
      const listed = await world.call({ method: 'GET', path: '/v1/members?profile=incomplete', token });
      assert.ok(listed.body.members.some((member: { id: string }) => member.id === id));
      const { body } = await patch(id, (await read(id)).headers.get('etag') ?? '', { name: 'Анна' });
      assert.deepEqual([body.name, body.proposedName, body.profile], ['Анна', null, 'complete']);
    });

    const refused: readonly (readonly [what: string, body: object])[] = [
      ['nothing', {}],
      ['an unknown field', { height: 170 }],
      ['the phone', { phone: '+79161234567' }],
      ['the version', { version: 7 }],
      ['a birthday that is none', { birthday: '30.02.1990' }],
      ['a consent that is text', { consents: { sms: 'true' } }],
    ];
    for (const [what, body] of refused) {
      it(`is refused for ${what}`, async () => {
        assert.equal(problem(await patch(id, etag, body)).code, 'invalid-request');
        assert.equal((await read(id)).headers.get('etag'), etag);
      });
    }
  });
});
