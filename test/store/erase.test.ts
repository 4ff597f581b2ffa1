import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { sealAudit } from '../../src/store/audit-seal.ts';
import { type AuditFault, verifyAudit } from '../../src/store/audit-verify.ts';
import { type Database, transact } from '../../src/store/database.ts';
import { erase } from '../../src/store/erase.ts';
import { lockPhones } from '../../src/store/locks.ts';
import { claimOverdue, keepParts, type LongMessage, type NewPart } from '../../src/store/long-messages.ts';
import { NoPepper } from '../../src/store/opt-outs.ts';
import { claimReplies } from '../../src/store/replies.ts';
import { addCards, arrive, inbound, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { tracesOf } from '../support/traces.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder } from '../workers/binder.ts';
import { monthsAgo, moveTo } from './in-month.ts';
import { openTestPool } from './open-test-store.ts';
import { addReplies, optedOut, recordAsTaken } from './outbox.ts';

const ANNA = phone(0);
const BY_PHONE = { program: CLUB, who: { phone: ANNA }, actor: 'cli:test' } as const;

/** A part of an SMS of two. */
const partOf = (providerMessageId: string, position: number, reference = 'r'): NewPart => ({
  channel: 'main',
  providerMessageId,
  sender: ANNA,
  senderRaw: ANNA,
  recipient: '2420',
  reference,
  total: 2,
  position,
  text: `Анна ${ANNA}`,
  waitMs: 1,
});

describe('erase', () => {
  const store = freshStore();
  let peppered: Database;
  before(() => {
    peppered = openTestPool(store.url, 'a pepper');
  });
  after(() => peppered.destroy());

  const optOut = () =>
    sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${ANNA}, now())`.execute(store.db);
  const textAndBind = async (n: number) => {
    const ids = await arrive(store.db, [inbound(ANNA, { kind: 'card', card: card(n) }, { text: `card ${ANNA}` })]);
    await binder(store.db).bind(ids);
  };
  const status = async (n: number) =>
    (await look<{ status: string }>(store.db, sql`SELECT status FROM cards WHERE number = ${card(n)}`))[0]?.status;

  async function faults(): Promise<AuditFault[]> {
    const found: AuditFault[] = [];
    await sealAudit(store.db);
    await verifyAudit(store.db, { onFault: (fault) => found.push(fault) });
    return found;
  }

  it('knows nobody by a phone or an id that it never met, and leaves no trace of having looked', async () => {
    assert.equal(await erase(store.db, BY_PHONE), undefined);
    const who = { memberId: '00000000-0000-4000-8000-000000000000' };
    assert.equal(await erase(store.db, { ...BY_PHONE, who }), undefined);
    assert.deepEqual(await tracesOf(store.url, [ANNA]), []);
  });

  it('forgets a phone that is no member’s, too', async () => {
    await arrive(store.db, [inbound(ANNA, { kind: 'none' }, { text: 'hello' })]);
    const act = await erase(store.db, BY_PHONE);
    assert.deepEqual([act?.memberId, act?.counts.inbox, act?.cards], [null, 1, []]);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1)]), []);
  });

  it('ends what waits: no SMS is decided and no reply sent any more', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    const ids = await arrive(store.db, [inbound(ANNA, { kind: 'card', card: card(0) })]);
    const [reply = ''] = await addReplies(store.db, [{ recipient: ANNA }]);
    await erase(store.db, BY_PHONE);
    await binder(store.db).bind(ids);
    assert.deepEqual([await outcomes(store.db), await status(0)], [{ erased: 1 }, 'issued']);
    assert.deepEqual(await claimReplies(store.db, 'main', [reply]), []);
  });

  it('forgets what was texted and answered in any month', async () => {
    const ids = await arrive(
      store.db,
      [1, 2, 3].map((n) => inbound(ANNA, { kind: 'none' }, { text: `${n} ${ANNA}` })),
    );
    const replies = await addReplies(store.db, [{ recipient: ANNA }, { recipient: ANNA, status: 'delivered' }]);
    for (const [n, id] of ids.entries()) await moveTo(store.db, 'inbox', id, monthsAgo(n * 4));
    for (const [n, id] of replies.entries()) await moveTo(store.db, 'replies', id, monthsAgo(n * 7));
    const act = await erase(store.db, BY_PHONE);
    assert.deepEqual([act?.counts.inbox, act?.counts.replies], [3, 2]);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1)]), []);
  });

  it('takes the parts of long SMS, those that wait and those that were read, and a repeat brings nothing back', async () => {
    const part = (providerMessageId: string, position: number, changes: Partial<NewPart> = {}): NewPart => ({
      ...partOf(providerMessageId, position),
      ...changes,
    });
    const read = ({ providerMessageId, text }: LongMessage) =>
      inbound(ANNA, { kind: 'none' }, { providerMessageId, text });
    const waiting = [part('c', 1, { reference: 's', sender: undefined, senderRaw: ANNA.slice(1) })];
    const parts = [part('a', 1), part('b', 2), part('d', 2, { reference: 't' }), ...waiting];
    await keepParts(store.db, parts, read);
    const boris = part('e', 1, { sender: phone(1), senderRaw: phone(1), text: 'Boris' });
    await keepParts(store.db, [boris], read);
    const act = await erase(store.db, BY_PHONE);
    assert.deepEqual([act?.counts.inbox, act?.counts.long_messages, act?.counts.message_parts], [1, 3, 4]);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1), 'Анна']), []);
    const { kept } = await keepParts(store.db, parts, read);
    assert.deepEqual(
      kept,
      parts.map(() => 'repeated'),
    );
    assert.deepEqual((await claimOverdue(store.db, ['main'], 10)).length, 1, 'only that of Boris');
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1), 'Анна']), []);
  });

  it('leaves no part behind when the last one comes in the same moment', async () => {
    const read = ({ providerMessageId, text }: LongMessage) =>
      inbound(ANNA, { kind: 'none' }, { providerMessageId, text });
    for (let round = 0; round < 12; round += 1) {
      const parts = [1, 2].map((position) => partOf(`${round}-${position}`, position, `r${round}`));
      await keepParts(store.db, parts.slice(0, 1), read);
      await Promise.all([keepParts(store.db, parts.slice(1), read), erase(store.db, BY_PHONE)]);
      await erase(store.db, BY_PHONE);
      assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1), 'Анна']), [], `round ${round}`);
    }
  });

  it('takes no words back from a worker that was sending a reply', async () => {
    const [id = ''] = await addReplies(store.db, [{ recipient: ANNA }]);
    await claimReplies(store.db, 'main', [id]);
    await erase(store.db, BY_PHONE);
    const result = { kind: 'failed', errorCode: 'opted-out', isOptOut: true } as const;
    await recordAsTaken(store.db, [{ id, text: 'words', segments: 1, result }]);
    const replies = sql`SELECT recipient, text, status, error_code FROM replies`;
    assert.deepEqual(await look(store.db, replies), [
      { recipient: '', text: null, status: 'failed', error_code: 'erased' },
    ]);
    assert.deepEqual(await look(store.db, sql`SELECT phone FROM phones`), []);
  });

  it('blocks the cards that the phone has or waits for, and leaves a replaced one as it is', async () => {
    await addCards(store.db, [
      { number: card(0), holder: ANNA },
      { number: card(1), status: 'awaiting-check' },
      { number: card(2), status: 'replaced' },
    ]);
    await sql`INSERT INTO enrolments (program, way, card, phone, state, entered_by)
      VALUES ('club', 'till', ${card(1)}, ${ANNA}, 'awaiting-check', 'key:a')`.execute(store.db);
    const act = await erase(store.db, BY_PHONE);
    assert.deepEqual(act?.cards, [card(0), card(1)]);
    assert.deepEqual([await status(0), await status(1), await status(2)], ['blocked', 'blocked', 'replaced']);
    const enrolments = sql`SELECT state, outcome, phone FROM enrolments`;
    assert.deepEqual(await look(store.db, enrolments), [{ state: 'refused', outcome: 'erased', phone: null }]);
    assert.deepEqual(await faults(), []);
  });

  it('leaves a card alone that somebody else took while an entry of hers still waited', async () => {
    await addCards(store.db, [{ number: card(0), holder: phone(1) }]);
    await sql`INSERT INTO enrolments (program, way, card, phone, state, entered_by)
      VALUES ('club', 'till', ${card(0)}, ${ANNA}, 'awaiting-check', 'key:a')`.execute(store.db);
    await transact(store.db, (trx) => lockPhones(trx, 'club', [ANNA]));
    const act = await erase(store.db, BY_PHONE);
    assert.deepEqual([act?.cards, await status(0)], [[], 'active']);
  });

  it('leaves the same phone alone in another programme', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    await addCards(store.db, [{ number: card(0), holder: ANNA }], 'bazaar');
    await erase(store.db, BY_PHONE);
    const holders = sql`SELECT program, phone FROM bindings ORDER BY program`;
    assert.deepEqual(await look(store.db, holders), [
      { program: 'bazaar', phone: ANNA },
      { program: 'club', phone: null },
    ]);
    assert.deepEqual(await faults(), []);
  });

  it('erases a person who came back, and one who holds the same card later, with the audit whole each time', async () => {
    await addCards(store.db, [{ number: card(0) }]);
    for (const round of [1, 2, 3]) {
      await textAndBind(0);
      assert.equal(await status(0), 'active', `round ${round}`);
      await sql`UPDATE inbox SET text = ${ANNA} WHERE sender = ${ANNA}`.execute(store.db);
      assert.equal((await erase(store.db, BY_PHONE))?.counts.bindings, 1);
      assert.deepEqual([await tracesOf(store.url, [ANNA.slice(1)]), await faults()], [[], []]);
      await sql`UPDATE cards SET status = 'issued'`.execute(store.db);
    }
  });

  it('says where the act stands in the sealed audit', async () => {
    await arrive(store.db, [inbound(ANNA, { kind: 'none' })]);
    const act = await erase(store.db, BY_PHONE);
    const [row] = await look(store.db, sql`SELECT position FROM audit_chain WHERE event_id = ${act?.audit.event}`);
    assert.deepEqual(row, { position: act?.audit.position });
  });

  describe('of a phone that opted out', () => {
    it('is refused without a key to keep that by, and has changed nothing', async () => {
      await optOut();
      await addCards(store.db, [{ number: card(0), holder: ANNA }]);
      await assert.rejects(erase(store.db, BY_PHONE), NoPepper);
      assert.deepEqual([await status(0), await optedOut(store.db)], ['active', [ANNA]]);
    });

    it('is remembered by a keyed hash, which another key does not find', async () => {
      await optOut();
      assert.equal((await erase(peppered, BY_PHONE))?.isOptOutKept, true);
      assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1)]), []);
      const isOut = async (db: Database, program: string) => {
        const [met] = await transact(db, (trx) => lockPhones(trx, program, [ANNA]));
        await sql`DELETE FROM phones`.execute(store.db);
        return met?.opted_out_at !== null;
      };
      assert.deepEqual([await isOut(peppered, 'club'), await isOut(peppered, 'bazaar')], [true, false]);
      const other = openTestPool(store.url, 'another pepper');
      const isOutElsewhere = await isOut(other, 'club');
      await other.destroy();
      assert.equal(isOutElsewhere, false);
    });

    it('is forgotten when it was taken back before the next erasure', async () => {
      await optOut();
      await erase(peppered, BY_PHONE);
      await transact(peppered, (trx) => lockPhones(trx, 'club', [ANNA]));
      await sql`UPDATE phones SET opted_out_at = NULL`.execute(store.db);
      await arrive(store.db, [inbound(ANNA, { kind: 'none' })]);
      assert.equal((await erase(peppered, BY_PHONE))?.isOptOutKept, false);
      assert.deepEqual(await look(store.db, sql`SELECT FROM opt_outs`), []);
    });
  });

  it('races with the SMS that would bind the phone: all of it is gone, or all of it came after', async () => {
    const events = { url: 'https://loyalty.example', secret: 'whsec_' };
    const program = clubWith({ events });
    const other = openTestPool(store.url);
    const seen = new Set<string>();
    await addCards(
      store.db,
      Array.from({ length: 40 }, (_, n) => ({ number: card(n) })),
    );
    for (let n = 0; n < 40; n += 1) {
      const from = phone(n);
      const ids = await arrive(store.db, [inbound(from, { kind: 'card', card: card(n) })]);
      const bind = () => binder(other, { programs: [program] }).bind(ids);
      const forget = () => erase(store.db, { ...BY_PHONE, program, who: { phone: from } });
      await Promise.all(n % 2 === 0 ? [bind(), forget()] : [forget(), bind()]);
      const traces = await tracesOf(store.url, [from.slice(1)]);
      seen.add((await status(n)) ?? '');
      assert.deepEqual(traces, [], `round ${n}`);
    }
    await other.destroy();
    assert.deepEqual(
      [...seen].filter((state) => state !== 'issued' && state !== 'blocked'),
      [],
    );
    assert.deepEqual(await faults(), []);
  });

  it('races with itself: a person is erased once, by phone or by id, and nobody brings the number back', async () => {
    await optOut();
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    const { rows } = await sql<{ id: string }>`INSERT INTO members (program, phone) VALUES ('club', ${ANNA})
      RETURNING id`.execute(store.db);
    const byId = { ...BY_PHONE, who: { memberId: rows[0]?.id ?? '' } };
    const acts = await Promise.all(
      Array.from({ length: 12 }, (_, n) => erase(peppered, n % 2 === 0 ? byId : BY_PHONE)),
    );
    assert.equal(acts.filter((act) => act !== undefined).length, 1);
    assert.deepEqual([await tracesOf(store.url, [ANNA.slice(1)]), await faults()], [[], []]);
  });

  for (const [table, by] of [
    ['audit_events', 'UPDATE audit_events SET phone = NULL, phone_salt = NULL WHERE phone IS NOT NULL'],
    ['bindings', 'UPDATE bindings SET phone = NULL, closed_at = now()'],
  ] as const) {
    it(`cannot be faked: a phone that was taken out of ${table} by hand is found`, async () => {
      await addCards(store.db, [{ number: card(0), holder: ANNA }]);
      await sealAudit(store.db);
      await sql.raw(by).execute(store.db);
      const fault = { kind: 'erasure-unexplained', program: 'club', table, missing: 1, destroyed: 0 } as const;
      assert.deepEqual(
        (await faults()).filter(({ kind }) => kind === 'erasure-unexplained'),
        [fault],
      );
    });
  }
});
