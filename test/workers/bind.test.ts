import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { addCards, arrive, inbound, look, outcomes } from '../support/club.ts';
import { deferred } from '../support/deferred.ts';
import { freshStore } from '../support/fresh-store.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder } from './binder.ts';

const asksFor = (from: number, n: number) => inbound(phone(from), { kind: 'card', card: card(n) });
const says = (from: number, kind: 'help' | 'stop' | 'none') => inbound(phone(from), { kind });

interface Reply {
  recipient: string;
  template: string;
  slot: number;
  locale: string;
  variables: { card?: string; code?: string };
}

describe('bind', () => {
  const store = freshStore();

  const replies = () =>
    look<Reply>(store.db, sql`SELECT recipient, template, slot, locale, variables FROM replies ORDER BY id`);

  it('writes the binding, the card, the audit, the reply and the outcome of an SMS, and hands the reply on', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1) }]);
    const worker = binder(db);
    const [id = ''] = await arrive(db, [asksFor(0, 1)]);
    await worker.bind([id]);
    assert.deepEqual(await look(db, sql`SELECT card, phone, proof, actor, closed_at FROM bindings`), [
      { card: card(1), phone: phone(0), proof: 'sms', actor: `sms:${id}`, closed_at: null },
    ]);
    assert.deepEqual(await look(db, sql`SELECT status FROM cards`), [{ status: 'active' }]);
    assert.deepEqual(await look(db, sql`SELECT action, actor, before, after FROM audit_events ORDER BY id`), [
      {
        action: 'binding.opened',
        actor: `sms:${id}`,
        before: { status: 'issued' },
        after: { proof: 'sms', status: 'active' },
      },
    ]);
    assert.deepEqual(await replies(), [
      { recipient: phone(0), template: 'activated', slot: 0, locale: 'ru', variables: { card: card(1) } },
    ]);
    assert.equal(worker.replies.length, 1);
    await worker.bind([id]);
    assert.equal((await replies()).length, 1, 'a second job finds nothing to do');
  });

  it('carries a switch through: what one SMS was offered, another one takes', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1), holder: phone(0) }, { number: card(2) }]);
    const worker = binder(db);
    await worker.bind(await arrive(db, [asksFor(0, 2)]));
    const code = (await replies())[0]?.variables.code ?? '';
    await worker.bind(await arrive(db, [inbound(phone(0), { kind: 'code', code })]));
    assert.deepEqual(await outcomes(db), { 'phone-has-another-card': 1, switched: 1 });
    assert.deepEqual(await look(db, sql`SELECT status, replaced_by FROM cards ORDER BY number`), [
      { status: 'replaced', replaced_by: card(2) },
      { status: 'active', replaced_by: null },
    ]);
    assert.deepEqual(await look(db, sql`SELECT result, tries_left FROM offers`), [{ result: 'taken', tries_left: 3 }]);
  });

  it('carries a release through, and tells both', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1), holder: phone(0) }]);
    const worker = binder(db);
    await worker.bind(await arrive(db, [asksFor(5, 1)]));
    const code = (await replies()).find(({ template }) => template === 'holder-asked')?.variables.code ?? '';
    await worker.bind(await arrive(db, [inbound(phone(0), { kind: 'code', code })]));
    assert.deepEqual(
      (await replies()).map(({ recipient, template, slot }) => [recipient, template, slot]),
      [
        [phone(5), 'card-has-another-phone', 0],
        [phone(0), 'holder-asked', 2],
        [phone(0), 'released', 0],
        [phone(5), 'activated', 2],
      ],
    );
    const holders = sql`SELECT phone FROM bindings WHERE closed_at IS NULL`;
    assert.deepEqual(await look(db, holders), [{ phone: phone(5) }]);
  });

  it('decides a pack whose every SMS needs another holder who was not loaded', async () => {
    const { db } = store;
    const some = Array.from({ length: 50 }, (_, n) => n);
    await addCards(
      db,
      some.map((n) => ({ number: card(n), holder: phone(n) })),
    );
    await binder(db).bind(
      await arrive(
        db,
        some.map((n) => asksFor(100 + n, n)),
      ),
    );
    assert.deepEqual(await outcomes(db), { 'card-has-another-phone': 50 });
    assert.equal((await replies()).length, 100);
  });

  it('hands what undoes a binding of the same pack to the next job, which then does it', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1) }, { number: card(2) }]);
    await sql`INSERT INTO offers (program, kind, phone, card, code, tries_left, inbound_id, expires_at)
      VALUES ('club', 'switch', ${phone(0)}, ${card(2)}, '4821', 3, 0, now() + interval '15 minutes')`.execute(db);
    const worker = binder(db);
    const ids = await arrive(db, [asksFor(0, 1), inbound(phone(0), { kind: 'code', code: '4821' }), says(0, 'help')]);
    await worker.bind(ids);
    assert.deepEqual(worker.again, ids.slice(1));
    assert.deepEqual(await outcomes(db), { activated: 1, received: 2 });
    await worker.bind(worker.again);
    assert.deepEqual(await outcomes(db), { activated: 1, help: 1, switched: 1 });
  });

  for (const [where, isOverSessions, transactions] of [
    ['one where replies go out over sessions', true, 1],
    ['two where each is a call', false, 2],
  ] as const) {
    it(`decides a hundred SMS of two jobs in as many transactions as are cheap: ${where}`, async () => {
      const { db } = store;
      const all = Array.from({ length: 100 }, (_, n) => n);
      await addCards(
        db,
        all.map((n) => ({ number: card(n) })),
      );
      const ids = await arrive(
        db,
        all.map((n) => asksFor(n, n)),
      );
      const worker = binder(db, { isOverSessions });
      await Promise.all([worker.bind(ids.slice(0, 50)), worker.bind(ids.slice(50))]);
      assert.deepEqual(await outcomes(db), { activated: 100 });
      const made = await look(db, sql`SELECT count(*)::int AS bindings FROM bindings GROUP BY xmin ORDER BY 1`);
      assert.deepEqual(
        made,
        Array.from({ length: transactions }, () => ({ bindings: 100 / transactions })),
      );
    });
  }

  it('ends a job with its last pack, also when an earlier one failed, and then fails it', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1) }, { number: card(2) }]);
    const others = Array.from({ length: 49 }, (_, n) => says(n + 2, 'help'));
    const ids = await arrive(db, [asksFor(0, 1), ...others, asksFor(1, 2)]);
    const second = deferred();
    const away = Object.assign(new Error('The database is away'), { code: '57P01' });
    const asked: number[] = [];
    const take = async (_channel: string, count: number) => {
      asked.push(count);
      if (count > 1) throw away;
      await second.promise;
      return { count: 0, send: () => {}, giveBack: () => {} };
    };
    let hasEnded = false;
    const job = binder(db, { sendNow: { take, putBack: () => {} } })
      .bind(ids)
      .finally(() => {
        hasEnded = true;
      });
    try {
      await waitFor(() => asked.length === 2, { what: 'both packs' });
      assert.deepEqual(await outcomes(db), { received: 51 });
      assert.equal(hasEnded, false, 'the second pack is under way');
    } finally {
      second.resolve();
    }
    await assert.rejects(job, away);
    assert.deepEqual(await outcomes(db), { activated: 1, received: 50 });
  });

  it('remembers the language of the last text that showed one', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(1) }]);
    const shows = inbound(phone(0), { kind: 'help' }, { script: 'latin' });
    await binder(db).bind(await arrive(db, [shows, asksFor(0, 1)]));
    assert.deepEqual(await look(db, sql`SELECT locale FROM phones`), [{ locale: 'en' }]);
    await binder(db).bind(await arrive(db, [says(0, 'help')]));
    assert.equal((await replies()).at(-1)?.locale, 'en');
  });

  it('makes no more replies than the day has, and still does what was asked', async () => {
    const { db } = store;
    const limits = { ...CLUB.limits, repliesPerDay: 2 };
    await addCards(
      db,
      [0, 1, 2, 3].map((n) => ({ number: card(n) })),
    );
    const worker = binder(db, { programs: [clubWith({ limits })] });
    await worker.bind(
      await arrive(
        db,
        [0, 1, 2, 3].map((n) => asksFor(n, n)),
      ),
    );
    assert.deepEqual(await outcomes(db), { activated: 4 });
    assert.equal((await replies()).length, 2);
    const silence = sql`SELECT silence FROM inbox ORDER BY id`;
    assert.deepEqual(
      (await look<{ silence: string | null }>(db, silence)).map((row) => row.silence),
      [null, null, 'daily-cap', 'daily-cap'],
    );
  });

  it('keeps the cards and phones of two programmes in one pack apart', async () => {
    const { db } = store;
    const other = { ...CLUB, key: 'other' };
    await addCards(db, [{ number: card(1) }]);
    await addCards(db, [{ number: card(1) }], 'other');
    const worker = binder(db, { programs: [CLUB, other] });
    const toOther = { ...asksFor(2, 1), program: 'other' };
    await worker.bind(await arrive(db, [asksFor(1, 1), toOther, asksFor(2, 1)]));
    assert.deepEqual(await look(db, sql`SELECT program, phone FROM bindings ORDER BY program`), [
      { program: 'club', phone: phone(1) },
      { program: 'other', phone: phone(2) },
    ]);
    assert.deepEqual(await outcomes(db), { activated: 2, 'card-has-another-phone': 1 });
  });
});
