import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Intent } from '../../src/activation/intent.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { blockCard, unblockCard } from '../../src/store/cards.ts';
import { erase } from '../../src/store/erase.ts';
import { claimEvents, oldestEventSeconds } from '../../src/store/event-delivery.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder } from '../workers/binder.ts';

const ANNA = phone(0);
const BORIS = phone(1);
const TOLD = clubWith({ events: { url: 'https://loyalty.example/', secret: 'whsec_' } });

describe('the events of a change', () => {
  const store = freshStore();
  beforeEach(() => sql`DELETE FROM members`.execute(store.db));

  async function text(from: Msisdn, intent: Intent, program = TOLD): Promise<void> {
    const ids = await arrive(store.db, [inbound(from, intent)]);
    await binder(store.db, { programs: [program] }).bind(ids);
  }

  const asks = (from: Msisdn, n: number, program = TOLD) => text(from, { kind: 'card', card: card(n) }, program);
  const answers = async (from: Msisdn) => {
    const [offer] = await look<{ code: string }>(store.db, sql`SELECT code FROM offers WHERE closed_at IS NULL`);
    await text(from, { kind: 'code', code: offer?.code ?? '' });
  };

  /** Type, subject and data, the member's id told apart from a missing one. */
  async function events() {
    const rows = await look<{ type: string; subject: string; data: Record<string, unknown> }>(
      store.db,
      sql`SELECT type, subject, data FROM events ORDER BY id`,
    );
    return rows.map(({ type, subject, data: { memberId, ...data } }) => ({
      type,
      subject,
      data,
      isMembers: memberId !== undefined,
    }));
  }

  it('tell a binding with its member, card and phone', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await asks(ANNA, 0);
    const data = { card: card(0), phone: ANNA, proof: 'sms', by: 'sms' };
    assert.deepEqual(await events(), [{ type: 'card.activated', subject: card(0), data, isMembers: true }]);
    await asks(ANNA, 0);
    assert.equal((await events()).length, 1, 'an SMS that changes nothing tells nothing');
  });

  it('tell that an SMS proved the phone of a member who was known, or proposed a name, and the audit tells it too', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await sql`INSERT INTO members (program, phone, phone_proof) VALUES ('club', ${ANNA}, 'none')`.execute(store.db);
    await asks(ANNA, 0);
    await text(ANNA, { kind: 'card', card: card(0), proposedName: 'Аня' });
    await text(ANNA, { kind: 'card', card: card(0), proposedName: 'Аня' });
    assert.deepEqual(
      (await events()).map(({ type }) => type),
      ['card.activated', 'member.updated', 'member.updated'],
    );
    const audited = await look(
      store.db,
      sql`SELECT split_part(actor, ':', 1) AS by, after ->> 'fields' AS fields, after ->> 'phoneProof' AS proof
        FROM audit_events WHERE action = 'member.updated' ORDER BY id`,
    );
    assert.deepEqual(audited, [
      { by: 'sms', fields: '["phoneProof"]', proof: 'sms' },
      { by: 'sms', fields: '["proposedName"]', proof: 'sms' },
    ]);
  });

  it('tell of an erasure only when what was being told of the person must have arrived', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await asks(ANNA, 0);
    const claim = async (now: Date) => {
      const claimed = await claimEvents(store.db, { program: 'club', limit: 10, now });
      return claimed.map(({ type }) => type);
    };
    const now = new Date(Date.now() + 1_000);
    assert.deepEqual(await claim(now), ['card.activated']);
    await erase(store.db, { program: TOLD, who: { phone: ANNA }, actor: 'cli:test' });
    assert.deepEqual(await claim(now), []);
    const told = await claim(new Date(now.getTime() + 61_000));
    assert.deepEqual(told.toSorted(), ['card.blocked', 'member.erased']);
  });

  it('tell of an erasure at once when nothing is being told', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await asks(ANNA, 0);
    await erase(store.db, { program: TOLD, who: { phone: ANNA }, actor: 'cli:test' });
    const now = new Date(Date.now() + 1_000);
    assert.equal((await claimEvents(store.db, { program: 'club', limit: 10, now })).length, 2);
  });

  it('tell a switch as one thing', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }, { number: card(1) }]);
    await asks(ANNA, 1);
    await answers(ANNA);
    const data = { card: card(1), previousCard: card(0), phone: ANNA, proof: 'code', by: 'sms' };
    assert.deepEqual(await events(), [{ type: 'card.switched', subject: card(1), data, isMembers: true }]);
  });

  it('tell a card that was handed over as the newcomer’s', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    await asks(BORIS, 0);
    await answers(ANNA);
    const data = { card: card(0), phone: BORIS, proof: 'sms', by: 'sms' };
    assert.deepEqual(await events(), [{ type: 'card.activated', subject: card(0), data, isMembers: true }]);
  });

  it('tell a block, and the end of one when the card has a holder', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }, { number: card(1) }]);
    for (const n of [0, 1]) {
      const request = { program: 'club', card: card(n), actor: 'cli:olga', reason: 'lost', hasEvents: true };
      await blockCard(store.db, request);
      await unblockCard(store.db, request);
    }
    const facts = { card: card(0), phone: ANNA, by: 'cli' };
    assert.deepEqual(
      (await events()).map(({ type, data }) => ({ type, data })),
      [
        { type: 'card.blocked', data: facts },
        { type: 'card.activated', data: { ...facts, proof: 'sms' } },
        { type: 'card.blocked', data: { card: card(1), by: 'cli' } },
      ],
    );
  });

  it('are none where nobody is to be told', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    await asks(ANNA, 0, CLUB);
    const request = { program: 'club', card: card(0), actor: 'cli:olga', reason: 'lost', hasEvents: false };
    await blockCard(store.db, request);
    assert.deepEqual(await events(), []);
  });

  it('have an age that can be watched', async () => {
    assert.equal(await oldestEventSeconds(store.db), 0);
    await addCards(store.db, [{ number: card(0) }]);
    await asks(ANNA, 0);
    await sql`UPDATE events SET at = now() - interval '1 hour'`.execute(store.db);
    assert.ok(Math.abs((await oldestEventSeconds(store.db)) - 3600) < 60);
    await sql`UPDATE events SET state = 'given-up'`.execute(store.db);
    assert.equal(await oldestEventSeconds(store.db), 0);
  });
});
