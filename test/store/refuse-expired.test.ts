import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Program } from '../../src/activation/program.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { refuseExpired } from '../../src/store/refuse-expired.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder } from '../workers/binder.ts';

const ASKED = new Date('2024-05-01T12:00:00Z');
const LATER = new Date('2024-05-01T12:15:00Z');
const HOLDER = phone(0);
const NEWCOMER = phone(9);

describe('a request that the holder did not grant', () => {
  const store = freshStore();

  /** The newcomer asks for the cards 0, 1, … of as many holders. */
  async function ask(requests = 1, program: Program = CLUB): Promise<void> {
    const { db } = store;
    const all = Array.from({ length: requests }, (_, n) => n);
    await addCards(
      db,
      all.map((n) => ({ number: card(n), holder: phone(n) })),
    );
    const ids = await arrive(
      db,
      all.map((n) => inbound(NEWCOMER, { kind: 'card', card: card(n) })),
    );
    await binder(db, { programs: [program], now: () => ASKED }).bind(ids);
  }

  const refuse = (now = LATER, program: Program = CLUB) =>
    refuseExpired(store.db, program, { quota: createReplyQuota(store.db, () => now), now, localeFor: () => 'en' });

  const told = () =>
    look<{ recipient: Msisdn; slot: number; variables: object; sender: string; locale: string }>(
      store.db,
      sql`SELECT recipient, slot, variables, sender, locale FROM replies WHERE template = 'request-refused' ORDER BY id`,
    );
  const update = (query: ReturnType<typeof sql>) => query.execute(store.db);

  it('is told to the newcomer once, also by four sweepers at once, with the card that was asked for', async () => {
    await ask();
    const replies = (await Promise.all([refuse(), refuse(), refuse(), refuse()])).flat();
    assert.deepEqual(replies, await look(store.db, sql`SELECT id, channel FROM replies WHERE slot = 9`));
    assert.deepEqual(await told(), [
      { recipient: NEWCOMER, slot: 9, variables: { card: card(0) }, sender: '2420', locale: 'en' },
    ]);
    assert.deepEqual(await refuse(), []);
  });

  it('is not told before its time', async () => {
    await ask();
    assert.deepEqual(await refuse(new Date(LATER.getTime() - 1)), []);
  });

  it('is told as soon as the holder’s tries are used up', async () => {
    await ask();
    const wrong = () => inbound(HOLDER, { kind: 'code', code: 'none' });
    await binder(store.db, { now: () => ASKED }).bind(await arrive(store.db, [wrong(), wrong(), wrong()]));
    assert.equal((await refuse(ASKED)).length, 1);
  });

  it('is told once when the holder answers too late', async () => {
    await ask();
    const [offer] = await look<{ code: string }>(store.db, sql`SELECT code FROM offers`);
    const late = inbound(HOLDER, { kind: 'code', code: offer?.code ?? '' });
    await binder(store.db, { now: () => LATER }).bind(await arrive(store.db, [late]));
    assert.equal((await refuse()).length, 1);
    assert.equal((await refuse()).length, 0);
    assert.deepEqual(await look(store.db, sql`SELECT result FROM offers`), [{ result: 'expired' }]);
  });

  it('is not told when it was granted', async () => {
    await ask();
    const [offer] = await look<{ code: string }>(store.db, sql`SELECT code FROM offers`);
    const yes = inbound(HOLDER, { kind: 'code', code: offer?.code ?? '' });
    await binder(store.db, { now: () => ASKED }).bind(await arrive(store.db, [yes]));
    assert.deepEqual(await refuse(), []);
  });

  it('is not told to who got the card after all', async () => {
    await ask();
    await update(sql`UPDATE bindings SET phone = ${NEWCOMER}`);
    assert.deepEqual(await refuse(), []);
  });

  it('is not told in uniform mode, which keeps from the newcomer that the card has a holder', async () => {
    const uniform = clubWith({ replyMode: 'uniform' });
    await ask(1, uniform);
    assert.deepEqual(await refuse(LATER, uniform), []);
  });

  it('is not told to who opted out meanwhile, now or later', async () => {
    await ask();
    await update(sql`UPDATE phones SET opted_out_at = now() WHERE phone = ${NEWCOMER}`);
    assert.deepEqual(await refuse(), []);
    await update(sql`UPDATE phones SET opted_out_at = NULL`);
    assert.deepEqual(await refuse(), []);
  });

  it('counts as a reply: five in ten minutes, whatever else was said', async () => {
    await ask(4);
    await update(sql`UPDATE phones SET replied_at = ARRAY[${LATER}, ${LATER}, ${LATER}]::timestamptz[]
      WHERE phone = ${NEWCOMER}`);
    assert.equal((await refuse()).length, 2);
  });

  it('counts as a reply of the day', async () => {
    const few = clubWith({ limits: { ...CLUB.limits, repliesPerDay: 7 } });
    await ask(3, few);
    assert.equal((await refuse(LATER, few)).length, 1, 'six were made when the cards were asked for');
  });
});
