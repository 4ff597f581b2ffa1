import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { addCards } from '../../support/club.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { card, phone } from '../../support/world.ts';
import { closeAll } from '../client.ts';
import { type ReadingApi, serveReadingApi } from './reading.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('GET /v1/members', () => {
  const store = freshStore();
  let api: ReadingApi;

  before(async () => {
    api = await serveReadingApi(store.db);
  });
  beforeEach(() => sql`DELETE FROM members`.execute(store.db));
  after(closeAll);

  interface Given {
    readonly phone?: string;
    readonly program?: string;
    readonly name?: string;
    readonly createdAt?: string;
  }

  async function addMember({
    phone: number = phone(0),
    program = 'club',
    name,
    createdAt,
  }: Given = {}): Promise<string> {
    const profile = name === undefined ? 'incomplete' : 'complete';
    const { rows } = await sql<{ id: string }>`
      INSERT INTO members (program, phone, phone_proof, name, birthday, proposed_name, consents, profile, created_at)
      VALUES (${program}, ${number}, 'sms', ${name ?? null}, '1990-01-31', 'Мария', '{"marketing":"2026-01-31T10:00:00.000Z"}',
        ${profile}, ${createdAt ?? new Date().toISOString()}) RETURNING id`.execute(store.db);
    return rows[0]?.id ?? assert.fail('no id');
  }

  it('shows a member whole, with the card that they have now', async () => {
    const id = await addMember({ createdAt: '2026-02-01T08:00:00.000Z' });
    await addCards(store.db, [{ number: card(1), holder: phone(0) }]);
    const member = {
      id,
      phone: phone(0),
      phoneProof: 'sms',
      card: card(1),
      name: null,
      birthday: '1990-01-31',
      email: null,
      consents: { marketing: '2026-01-31T10:00:00.000Z' },
      profile: 'incomplete',
      proposedName: 'Мария',
      createdAt: '2026-02-01T08:00:00.000Z',
      version: 1,
    };
    assert.deepEqual((await api.get(`/v1/members/${id}`)).body, member);
    assert.deepEqual((await api.get(`/v1/members?phone=${phone(0)}`)).body, { members: [member] });
    assert.deepEqual((await api.get('/v1/members?profile=incomplete')).body, { members: [member] });
    await sql`UPDATE bindings SET closed_at = now(), closed_by = 'cli:test'`.execute(store.db);
    assert.equal((await api.get(`/v1/members/${id}`)).body.card, null);
  });

  const SPELLINGS = ['+79160000007', '%2B79160000007', '79160000007', '8 (916) 000-00-07', '8%20916%20000%2000%2007'];
  for (const spelling of [...SPELLINGS, '007 916 000 00 07', '۷۹۱۶۰۰۰۰۰۰۷', '9160000007', '+7–916–000–00–07']) {
    it(`finds by ${spelling}`, async () => {
      const id = await addMember({ phone: phone(7) });
      await addMember({ phone: phone(8) });
      const { status, body } = await api.get(`/v1/members?phone=${spelling.replace(/[^ -~]| /g, encodeURIComponent)}`);
      assert.deepEqual([status, body.members.map((one) => one.id)], [200, [id]]);
    });
  }

  it('finds both members that a national form may mean', async () => {
    const ids = [await addMember({ phone: '+79121234567' }), await addMember({ phone: '+989121234567' })];
    const { body } = await api.get('/v1/members?phone=9121234567');
    assert.deepEqual(new Set(body.members.map(({ id }) => id)), new Set(ids));
  });

  it('finds nobody by a phone that nobody has, and refuses what is no phone without repeating it', async () => {
    assert.deepEqual((await api.get(`/v1/members?phone=${phone(9)}`)).body, { members: [] });
    const { status, body } = await api.get('/v1/members?phone=12345');
    assert.deepEqual([status, body.code], [422, 'unsupported-phone']);
    assert.ok(!JSON.stringify(body).includes('12345'));
  });

  it("shows neither another programme's members nor erased ones", async () => {
    const theirs = await addMember({ program: 'bakery' });
    const erased = await addMember();
    await sql`UPDATE members SET phone = NULL, erased_at = now() WHERE id = ${erased}`.execute(store.db);
    for (const id of [theirs, erased, NOBODY]) {
      const { status, body } = await api.get(`/v1/members/${id}`);
      assert.deepEqual([status, body.code], [404, 'not-found']);
    }
    assert.deepEqual((await api.get(`/v1/members?phone=${phone(0)}`)).body, { members: [] });
    assert.deepEqual((await api.get('/v1/members?profile=incomplete')).body, { members: [] });
    assert.equal((await api.get(`/v1/members/${theirs}`, {}, 'bakery')).body.id, theirs);
  });

  it('tags a member by version and answer, and answers 304 while nothing has changed', async () => {
    const id = await addMember();
    const { headers } = await api.get(`/v1/members/${id}`);
    assert.match(String(headers.etag), /^"1\.[\w-]+"$/);
    const known = { 'if-none-match': String(headers.etag) };
    assert.equal((await api.get(`/v1/members/${id}`, known)).status, 304);
    await addCards(store.db, [{ number: card(1), holder: phone(0) }]);
    const withCard = await api.get(`/v1/members/${id}`, known);
    assert.deepEqual([withCard.status, withCard.body.card], [200, card(1)]);
    await sql`UPDATE members SET name = 'Мария', version = 2`.execute(store.db);
    assert.match(String((await api.get(`/v1/members/${id}`, known)).headers.etag), /^"2\./);
  });

  it('pages through the incomplete, oldest first, each once, while others come, are completed and erased', async () => {
    // Pairs of one time, as members of one transaction have: only the id tells them apart.
    const times = Array.from({ length: 10 }, (_, n) => `2026-01-01T00:00:00.00000${Math.floor(n / 2)}Z`);
    const ids: string[] = [];
    for (const [n, createdAt] of times.entries()) ids.push(await addMember({ phone: phone(n), createdAt }));
    await addMember({ phone: phone(50), name: 'Complete', createdAt: '2025-01-01T00:00:00Z' });
    await addMember({ phone: phone(51), program: 'bakery', createdAt: '2025-01-01T00:00:00Z' });
    const seen: string[] = [];
    const meanwhile = [
      () => addMember({ phone: phone(60) }),
      () => sql`UPDATE members SET profile = 'complete' WHERE id = ${seen.at(-1)}`.execute(store.db),
      () => sql`UPDATE members SET phone = NULL, erased_at = now() WHERE id = ${seen.at(-1)}`.execute(store.db),
      () => addMember({ phone: phone(61), createdAt: '2025-12-31T00:00:00Z' }),
    ];
    let after = '';
    for (let page = 0; page === 0 || after !== ''; page += 1) {
      const { body } = await api.get(`/v1/members?profile=incomplete&limit=3${after}`);
      assert.ok(body.members.length === 3 || body.next === undefined, 'a full page');
      seen.push(...body.members.map(({ id }) => id));
      await meanwhile[page]?.();
      after = body.next === undefined ? '' : `&after=${body.next}`;
    }
    assert.equal(new Set(seen).size, seen.length, 'nobody twice');
    assert.deepEqual(new Set(seen.slice(0, 10)), new Set(ids));
    assert.equal(seen.length, 11, 'who came behind the last is shown, too');
  });

  it('ends at a page that is exactly full', async () => {
    for (const n of [0, 1]) await addMember({ phone: phone(n) });
    const { body } = await api.get('/v1/members?profile=incomplete&limit=2');
    assert.deepEqual([body.members.length, body.next], [2, undefined]);
    const behind = await api.get(`/v1/members?profile=incomplete&after=${body.members[1]?.id}`);
    assert.deepEqual([behind.status, behind.body], [200, { members: [] }]);
  });

  it('gives fifty where nobody says how many', async () => {
    await sql`INSERT INTO members (program, phone) SELECT 'club', '+7916' || lpad(n::text, 7, '0') FROM generate_series(1, 51) n`.execute(
      store.db,
    );
    const { body } = await api.get('/v1/members?profile=incomplete');
    assert.equal(body.members.length, 50);
    assert.equal(body.next, body.members[49]?.id);
  });

  const MISTAKES: readonly [what: string, query: string][] = [
    ['neither phone nor profile', ''],
    ['both', '?phone=79160000000&profile=incomplete'],
    ['another profile', '?profile=complete'],
    ['a limit of nothing', '?profile=incomplete&limit=0'],
    ['a limit of everything', '?profile=incomplete&limit=201'],
    ['a mark that is no id', '?profile=incomplete&after=1'],
    ['the mark of nobody', `?profile=incomplete&after=${NOBODY}`],
    ['a mark without a list', `?phone=79160000000&after=${NOBODY}`],
    ['an unknown field', '?profile=incomplete&name=x'],
    ['a field twice', '?profile=incomplete&limit=1&limit=2'],
  ];
  for (const [what, query] of MISTAKES) {
    it(`refuses ${what}`, async () => {
      const { status, body } = await api.get(`/v1/members${query}`);
      assert.deepEqual([status, body.code, body.mistakes.length > 0], [400, 'invalid-request', true]);
    });
  }

  it('refuses an id that is none', async () => {
    assert.equal((await api.get('/v1/members/1')).body.code, 'invalid-request');
  });
});
