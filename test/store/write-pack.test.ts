import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import { decidePack } from '../../src/activation/decide-pack.ts';
import type { Intent } from '../../src/activation/intent.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { transact } from '../../src/store/database.ts';
import { loadWorld } from '../../src/store/load-world.ts';
import type { QueuedReply } from '../../src/store/new-replies.ts';
import { writePack } from '../../src/store/write-pack.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';

const NOW = new Date();
const ANNA = phone(0);
const BORIS = phone(1);
const VERA = phone(2);
/** The code of every offer, so that an offer can be answered in the pack that made it. */
const CODE = '4821';

type Text = readonly [from: Msisdn, says: number | Intent];
const right: Intent = { kind: 'code', code: CODE };
const wrong: Intent = { kind: 'code', code: '0000' };

describe('writePack', () => {
  const store = freshStore();

  /** Decides and writes one pack; a number stands for the card that is asked for. */
  async function pack(texts: readonly Text[], program = CLUB): Promise<readonly QueuedReply[]> {
    const { db } = store;
    const received = texts.map(([from, says]) =>
      inbound(from, typeof says === 'number' ? { kind: 'card', card: card(says) } : says),
    );
    const ids = await arrive(db, received);
    return await transact(db, async (trx) => {
      const wanted = { phones: new Set([ANNA, BORIS, VERA]), cards: new Set([0, 1, 2, 3].map(card)) };
      const world = await loadWorld(trx, 'club', wanted, 100);
      const requests = received.map(({ intent, sender }, n) => {
        const from = sender ?? ANNA;
        return { from, intent: intent ?? assert.fail(), now: NOW, freshCode: CODE, id: ids[n] ?? '' };
      });
      const { decided, rest } = decidePack(requests, world, program);
      assert.deepEqual(rest, []);
      const all = decided.map(({ request, decision }) => ({
        inboundId: request.id,
        actor: `sms:${request.id}`,
        channel: 'main',
        address: '2420',
        from: request.from,
        decision,
        localeFor: () => 'en' as const,
        localeShown: undefined,
      }));
      return await writePack(trx, program, world, all);
    });
  }

  const holders = async () => {
    const open = sql`SELECT card, phone FROM bindings WHERE closed_at IS NULL ORDER BY card`;
    const rows = await look<{ card: CardNumber; phone: Msisdn }>(store.db, open);
    return new Map(rows.map((row) => [row.card, row.phone]));
  };
  const offers = () =>
    look<{ kind: string; result: string | null; tries_left: number; told: boolean }>(
      store.db,
      sql`SELECT kind, result, tries_left, newcomer_told_at IS NOT NULL AS told FROM offers ORDER BY id`,
    );

  it('closes before it opens: a card goes from one phone to another in one pack', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    await pack([[BORIS, 0]]);
    await pack([[ANNA, right]]);
    assert.deepEqual(await holders(), new Map([[card(0), BORIS]]));
    const closed = sql`SELECT phone, closed_by IS NOT NULL AS "byWhom" FROM bindings WHERE closed_at IS NOT NULL`;
    assert.deepEqual(await look(store.db, closed), [{ phone: ANNA, byWhom: true }]);
  });

  it('writes an offer that was made and taken in one pack as ended, and its newcomer as told', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    await pack([
      [BORIS, 0],
      [ANNA, right],
    ]);
    assert.deepEqual(await offers(), [{ kind: 'release', result: 'taken', tries_left: 3, told: true }]);
    assert.deepEqual(await holders(), new Map([[card(0), BORIS]]));
  });

  it('writes every offer of a pack, of which one is live', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }, { number: card(1) }, { number: card(2) }]);
    await pack([
      [ANNA, 1],
      [ANNA, 2],
      [ANNA, wrong],
      [ANNA, 1],
      [ANNA, wrong],
      [ANNA, wrong],
    ]);
    assert.deepEqual(await offers(), [
      { kind: 'switch', result: 'superseded', tries_left: 3, told: false },
      { kind: 'switch', result: 'superseded', tries_left: 2, told: false },
      { kind: 'switch', result: null, tries_left: 1, told: false },
    ]);
    await pack([[ANNA, wrong]]);
    assert.deepEqual((await offers()).at(-1), { kind: 'switch', result: 'exhausted', tries_left: 1, told: false });
  });

  it('counts wrong codes of an offer that an earlier pack made', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }, { number: card(1) }]);
    await pack([[ANNA, 1]]);
    await pack([
      [ANNA, wrong],
      [ANNA, wrong],
    ]);
    assert.deepEqual(await offers(), [{ kind: 'switch', result: null, tries_left: 1, told: false }]);
  });

  it('names the successor of a replaced card', async () => {
    await addCards(store.db, [{ number: card(0), holder: ANNA }, { number: card(1) }]);
    await pack([[ANNA, 1]]);
    await pack([[ANNA, right]]);
    assert.deepEqual(await look(store.db, sql`SELECT status, replaced_by FROM cards ORDER BY number`), [
      { status: 'replaced', replaced_by: card(1) },
      { status: 'active', replaced_by: null },
    ]);
    const audit = sql`SELECT action, card, phone, before, after FROM audit_events WHERE actor <> 'cli:test' ORDER BY id`;
    assert.deepEqual(await look(store.db, audit), [
      { action: 'binding.closed', card: card(0), phone: ANNA, before: null, after: null },
      {
        action: 'card.status',
        card: card(0),
        phone: null,
        before: { status: 'active' },
        after: { status: 'replaced', replacedBy: card(1) },
      },
      {
        action: 'binding.opened',
        card: card(1),
        phone: ANNA,
        before: { status: 'issued' },
        after: { proof: 'code', status: 'active' },
      },
    ]);
  });

  it('opens one case for one matter, however often it comes', async () => {
    const support = clubWith({ rebind: { phoneHasAnotherCard: 'support', cardHasAnotherPhone: 'support' } });
    await addCards(store.db, [{ number: card(0), holder: ANNA }]);
    await pack(
      [
        [BORIS, 0],
        [BORIS, 0],
        [VERA, 0],
      ],
      support,
    );
    await pack([[BORIS, 0]], support);
    assert.deepEqual(await look(store.db, sql`SELECT kind, card, phone FROM cases ORDER BY phone`), [
      { kind: 'card-has-another-phone', card: card(0), phone: BORIS },
      { kind: 'card-has-another-phone', card: card(0), phone: VERA },
    ]);
  });

  it('keeps of each phone the latest attempts and replies, as many as the limits look at, and its opt-out', async () => {
    await pack([...Array.from({ length: 7 }, (): Text => [ANNA, 3]), [BORIS, { kind: 'stop' }]]);
    const phones = sql`SELECT phone, cardinality(failed_at) AS failed, cardinality(replied_at) AS replied,
      opted_out_at IS NOT NULL AS out, told_until IS NOT NULL AS told FROM phones ORDER BY phone`;
    assert.deepEqual(await look(store.db, phones), [
      { phone: ANNA, failed: 5, replied: 5, out: false, told: false },
      { phone: BORIS, failed: 0, replied: 1, out: true, told: false },
      { phone: VERA, failed: 0, replied: 0, out: false, told: false },
    ]);
    await pack([[BORIS, { kind: 'start' }]]);
    assert.deepEqual(await look(store.db, sql`SELECT phone FROM phones WHERE opted_out_at IS NOT NULL`), []);
  });

  it('hands on the replies that it wrote, and none when there is silence', async () => {
    const queued = await pack([[ANNA, { kind: 'stop' }]]);
    assert.deepEqual(
      queued.map(({ id, channel }) => ({ id, channel })),
      await look(store.db, sql`SELECT id, channel FROM replies`),
    );
    assert.deepEqual(await pack([[ANNA, { kind: 'stop' }]]), []);
    const done = sql`SELECT state, outcome, silence FROM inbox ORDER BY id`;
    assert.deepEqual(await look(store.db, done), [
      { state: 'done', outcome: 'stopped', silence: null },
      { state: 'done', outcome: 'stopped', silence: 'opted-out' },
    ]);
  });
});
