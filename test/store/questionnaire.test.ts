import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { enterForm, type Form } from '../../src/store/questionnaire.ts';
import { checkForms, type FormForecast } from '../../src/store/questionnaire-check.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { binder, openPool } from '../workers/binder.ts';

const ANNA = phone(0);
const BORIS = phone(1);
const GIVEN = '2026-01-31T10:00:00.000Z';
const now = () => new Date();

describe('a questionnaire', () => {
  const store = freshStore();
  let quotaDb: Database;
  before(() => {
    quotaDb = openPool(store.url, 2);
  });
  after(() => quotaDb.destroy());

  const form = (changes: Partial<Form> = {}): Form => ({
    phone: ANNA,
    card: card(0),
    profile: { name: 'Анна Ким' },
    consents: {},
    isPhoneProved: false,
    ...changes,
  });
  const desk = { program: CLUB, actor: 'key:abcdefghij/Ольга', from: { channel: 'main', address: '2420' } };
  const enter = (one: Form) => {
    const texting = { db: store.db, quota: createReplyQuota(quotaDb, now), enqueue: { send: () => undefined } };
    return enterForm(texting, { ...desk, now: now() }, one);
  };
  const sms = async (proposedName?: string, from = ANNA, n = 0) => {
    const intent = { kind: 'card', card: card(n), ...(proposedName !== undefined && { proposedName }) } as const;
    await binder(store.db, { quotaDb }).bind(await arrive(store.db, [inbound(from, intent)]));
  };
  const members = () =>
    look<Record<string, unknown>>(
      store.db,
      sql`SELECT phone, phone_proof, name, proposed_name, profile FROM members ORDER BY phone`,
    );
  const openBindings = () =>
    look<{ card: string; phone: string; proof: string }>(
      store.db,
      sql`SELECT card, phone, proof FROM bindings WHERE closed_at IS NULL ORDER BY card`,
    );
  const ANNA_ENTERED = { phone: ANNA, name: 'Анна Ким', proposed_name: null, profile: 'complete' };

  it('joins card and phone by the operator’s word, marks the phone as not proved, and texts the customer', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    const result = await enter(form());
    assert.ok(result.kind === 'entered' && result.member.isNew);
    assert.equal(result.outcome, 'activated');
    assert.deepEqual(await openBindings(), [{ card: card(0), phone: ANNA, proof: 'operator' }]);
    assert.deepEqual(await members(), [{ ...ANNA_ENTERED, phone_proof: 'none' }]);
    const replies = await look(store.db, sql`SELECT recipient, template, inbound_id FROM replies`);
    assert.deepEqual(replies, [{ recipient: ANNA, template: 'activated', inbound_id: null }]);
  });

  it('may say that the phone was proved', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await enter(form({ isPhoneProved: true }));
    assert.equal((await members())[0]?.phone_proof, 'operator');
  });

  it('changes nothing when it is entered again', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await enter(form());
    const again = await enter(form());
    assert.ok(again.kind === 'entered' && !again.member.isNew);
    assert.deepEqual([again.outcome, again.member.version], ['already-active', 1]);
    assert.equal((await look(store.db, sql`SELECT FROM replies`)).length, 1);
  });

  it('that comes first meets the SMS that comes later, and its name stands', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await enter(form());
    await sms('Аня');
    assert.deepEqual(await members(), [{ ...ANNA_ENTERED, phone_proof: 'sms' }]);
    assert.equal((await openBindings()).length, 1);
  });

  it('that comes later completes the member of an SMS, whose name was a proposal', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await sms('Аня');
    const proposed = { phone: ANNA, name: null, proposed_name: 'Аня', phone_proof: 'sms' };
    assert.deepEqual(await members(), [{ ...proposed, profile: 'incomplete' }]);
    await sms('Анечка');
    await sms();
    assert.equal((await members())[0]?.proposed_name, 'Анечка');
    assert.equal((await enter(form())).kind, 'entered');
    assert.deepEqual(await members(), [{ ...ANNA_ENTERED, phone_proof: 'sms' }]);
  });

  it('and SMS, 16 of each at once for one phone and card, end in one member and one binding', async () => {
    for (let round = 0; round < 3; round += 1) {
      const [who, n] = [phone(10 + round), 10 + round];
      await addCards(store.db, [{ number: card(n) }]);
      const forms = Array.from({ length: 16 }, () => enter(form({ phone: who, card: card(n) })));
      const texts = Array.from({ length: 16 }, () => sms('Аня', who, n));
      const results = await Promise.all(forms);
      await Promise.all(texts);
      assert.ok(results.every(({ kind }) => kind === 'entered'));
      assert.deepEqual(
        (await members()).filter(({ phone: of }) => of === who),
        [{ ...ANNA_ENTERED, phone: who, phone_proof: 'sms' }],
      );
      assert.equal((await openBindings()).filter(({ phone: of }) => of === who).length, 1);
    }
    const opened = await look(store.db, sql`SELECT FROM audit_events WHERE action = 'binding.opened'`);
    assert.equal(opened.length, 3);
    const refused = await look(
      store.db,
      sql`SELECT outcome FROM inbox WHERE outcome NOT IN ('activated', 'already-active')`,
    );
    assert.deepEqual(refused, []);
  });

  it('race with the forms of 15 other phones for one card: one has it, 15 are told, and no member is half-made', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    const all = Array.from({ length: 16 }, (_, n) => enter(form({ phone: phone(n) })));
    const results = await Promise.all(all);
    assert.equal(results.filter(({ kind }) => kind === 'entered').length, 1);
    assert.ok(results.every((one) => one.kind === 'entered' || one.conflict === 'card-has-another-phone'));
    assert.deepEqual([(await members()).length, (await openBindings()).length], [1, 1]);
    assert.equal((await look(store.db, sql`SELECT FROM phones`)).length, 1);
  });

  it('gives the name in an SMS only to whoever wrote it', async () => {
    await addCards(store.db, [{ number: card(0), holder: BORIS }, { number: card(1) }]);
    await sms('Анна', ANNA, 0);
    const [offer] = await look<{ code: string }>(store.db, sql`SELECT code FROM offers`);
    const code = { kind: 'code', code: offer?.code ?? '' } as const;
    await binder(store.db, { quotaDb }).bind(await arrive(store.db, [inbound(BORIS, code)]));
    // Anna's name came with a text that was refused; Boris's released card is hers by his text.
    assert.deepEqual(await members(), [
      { phone: ANNA, phone_proof: 'sms', name: null, proposed_name: null, profile: 'incomplete' },
    ]);
  });

  describe('that cannot be entered', () => {
    beforeEach(async () => {
      await addCards(store.db, [
        { number: card(0) },
        { number: card(1), status: 'blocked' },
        { number: card(2), status: 'awaiting-check' },
        { number: card(3), holder: BORIS },
        { number: card(4), holder: phone(4) },
      ]);
      await sql`INSERT INTO members (program, phone, name, email, profile)
        VALUES ('club', ${BORIS}, 'Борис', 'boris@example.com', 'complete')`.execute(store.db);
    });

    const refusals: readonly (readonly [why: string, Partial<Form>, facts?: readonly string[]])[] = [
      ['unknown-card', { card: card(9) }],
      ['card-blocked', { card: card(1) }],
      ['card-awaiting-check', { card: card(2) }],
      ['card-has-another-phone', { card: card(3) }],
      ['phone-has-another-card', { phone: phone(4) }],
      [
        'member-differs',
        { phone: BORIS, card: card(3), profile: { name: 'Анна', email: 'anna@example.com' } },
        ['name', 'email'],
      ],
    ];
    const everything = () =>
      look(
        store.db,
        sql`SELECT (SELECT json_agg(m) FROM members m) AS m, (SELECT json_agg(b) FROM bindings b) AS b,
          (SELECT json_agg(c) FROM cards c) AS c, (SELECT json_agg(p) FROM phones p) AS p,
          (SELECT json_agg(r) FROM replies r) AS r, (SELECT json_agg(a) FROM audit_events a) AS a,
          (SELECT json_agg(k) FROM cases k) AS k, (SELECT json_agg(e) FROM events e) AS e`,
      );

    for (const [conflict, changes, differing = []] of refusals) {
      it(`tells ${conflict} and leaves everything as it was`, async () => {
        const before = await everything();
        assert.deepEqual(await enter(form(changes)), { kind: 'refused', conflict, differing });
        assert.deepEqual(await everything(), before);
      });
    }

    it('is foreseen by the check of its pile, which writes nothing', async () => {
      const before = await everything();
      const pile = checkForms(store.db, CLUB, now);
      const forecasts = await pile.check(refusals.map(([, changes]) => form(changes)));
      assert.deepEqual(
        forecasts,
        refusals.map(([conflict, , differing = []]) => ({ kind: 'refused', conflict, differing })),
      );
      assert.deepEqual(await everything(), before);
    });
  });

  it('is checked as if those before it in the pile had been entered, also in an earlier part', async () => {
    await addCards(store.db, [{ number: card(0) }, { number: card(1) }]);
    const parts: readonly (readonly (readonly [Form, string])[])[] = [
      [
        [form(), 'activated'],
        [form(), 'already-active'],
        [form({ profile: { name: 'Борис' } }), 'member-differs'],
        [form({ phone: BORIS }), 'card-has-another-phone'],
        [form({ card: card(1) }), 'phone-has-another-card'],
      ],
      [
        [form({ phone: BORIS }), 'card-has-another-phone'],
        [form({ phone: BORIS, card: card(1), consents: { marketing: GIVEN } }), 'activated'],
        [form({ card: card(1) }), 'card-has-another-phone'],
      ],
    ];
    const pile = checkForms(store.db, CLUB, now);
    for (const part of parts) {
      const forecasts = await pile.check(part.map(([one]) => one));
      assert.deepEqual(
        forecasts.map(inOneWord),
        part.map(([, word]) => word),
      );
    }
    for (const [one, word] of parts.flat()) {
      const result = await enter(one);
      assert.equal(result.kind === 'entered' ? result.outcome : result.conflict, word, 'and entering says the same');
    }
  });
});

function inOneWord(forecast: FormForecast): string {
  return forecast.kind === 'enters' ? forecast.outcome : forecast.conflict;
}
