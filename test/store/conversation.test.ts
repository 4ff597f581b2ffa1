import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { conversation } from '../../src/store/conversation.ts';
import type { Database } from '../../src/store/database.ts';
import { freeCards } from '../../src/store/free-cards.ts';
import { waitFor } from '../support/wait-for.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { somebodyWaits } from './somebody-waits.ts';

const ANNA = '+79161234567';
const BORIS = '+79161234568';

describe('what the phone page reads', () => {
  let store: TestStore;
  /** As they are shown. */
  let replies: readonly string[];

  before(async () => {
    store = await openTestStore();
    replies = await fill(store.db);
  });

  after(() => store.close());

  it('is one phone’s SMS and our replies of the given channels, oldest first', async () => {
    assert.deepEqual(await conversation(store.db, { phone: ANNA, channels: ['simulator'], limit: 10 }), [
      { id: 'sim-1', direction: 'in', text: 'Карта', at: at(1), status: 'done', outcome: 'no-card-number' },
      { id: replies[0], direction: 'out', text: 'Пришлите номер', at: at(2), status: 'delivered', segments: 1 },
      { id: 'sim-2', direction: 'in', text: 'STOP', at: at(3), status: 'done', outcome: 'stopped', silence: 'loop' },
      { id: 'sim-4', direction: 'in', text: '9643', at: at(5), status: 'received' },
      { id: replies[1], direction: 'out', text: '', at: at(6), status: 'queued' },
    ]);
  });

  it('never is a conversation of a channel with a real provider', async () => {
    const all = await conversation(store.db, { phone: BORIS, channels: ['simulator'], limit: 10 });
    assert.deepEqual(all, []);
    assert.deepEqual(await conversation(store.db, { phone: ANNA, channels: [], limit: 10 }), []);
  });

  it('finds a sender that is no phone by the name it texted under', async () => {
    const [sms] = await conversation(store.db, { phone: 'MTS-Info', channels: ['simulator'], limit: 10 });
    assert.equal(sms?.id, 'sim-5');
  });

  it('is the latest of each direction', async () => {
    const latest = await conversation(store.db, { phone: ANNA, channels: ['simulator'], limit: 1 });
    assert.deepEqual(
      latest.map(({ id }) => id),
      ['sim-4', replies[1]],
    );
  });

  it('shows no reply beside a text that is not yet decided', async () => {
    const query = { phone: BORIS, channels: ['twilio'], limit: 1 };
    const shown = await store.db.transaction().execute(async (trx) => {
      await sql`LOCK TABLE replies`.execute(trx);
      const reading = conversation(store.db, query);
      await waitFor(() => somebodyWaits(store.db), { what: 'the reading of replies to wait' });
      await trx.updateTable('inbox').set({ state: 'done', outcome: 'activated' }).where('sender', '=', BORIS).execute();
      await trx.insertInto('replies').values(help('twilio', BORIS)).execute();
      return { reading };
    });
    assert.deepEqual(
      (await shown.reading).map(({ direction, outcome }) => outcome ?? direction),
      ['activated', 'out'],
    );
  });

  it('offers cards that are issued and that no phone has', async () => {
    assert.deepEqual(await freeCards(store.db, 'club', 3), ['9643000000000016', '9643000000000057']);
    assert.deepEqual(await freeCards(store.db, 'club', 1), ['9643000000000016']);
    assert.deepEqual(await freeCards(store.db, 'bazaar', 3), ['9643000000000099']);
  });
});

function at(minute: number): string {
  return new Date(Date.UTC(2026, 2, 14, 10, minute)).toISOString();
}

/** A reply as it is written down with the decision. */
function help(channel: string, recipient: string) {
  return { program: 'club', channel, sender: '1234', recipient, locale: 'ru', variables: '{}', template: 'help' };
}

/** Answers the ids of the replies. */
async function fill(db: Database): Promise<string[]> {
  const sms = (id: string, minute: number, text: string) => ({
    channel: 'simulator',
    provider_message_id: id,
    sender: ANNA as string | null,
    sender_raw: ANNA,
    recipient: '1234',
    text,
    received_at: new Date(at(minute)),
    state: 'received' as 'received' | 'done',
  });
  await db
    .insertInto('inbox')
    .values([
      { ...sms('sim-1', 1, 'Карта'), state: 'done', outcome: 'no-card-number' },
      { ...sms('sim-2', 3, 'STOP'), state: 'done', outcome: 'stopped', silence: 'loop' },
      { ...sms('SM3', 4, 'Another channel'), channel: 'twilio', sender: BORIS },
      sms('sim-4', 5, '9643'),
      { ...sms('sim-5', 6, 'Реклама'), sender: null, sender_raw: 'MTS-Info' },
      { ...sms('SM6', 7, 'Another channel'), channel: 'twilio' },
    ])
    .execute();
  const replies = await db
    .insertInto('replies')
    .values([
      {
        ...help('simulator', ANNA),
        text: 'Пришлите номер',
        segments: 1,
        status: 'delivered',
        sweep_at: null,
        created_at: new Date(at(2)),
      },
      { ...help('simulator', ANNA), created_at: new Date(at(6)) },
    ])
    .returning('id')
    .execute();
  await db
    .insertInto('cards')
    .values([
      { program: 'club', number: '9643000000000057' },
      { program: 'club', number: '9643000000000016' },
      { program: 'club', number: '9643000000000024', status: 'active' },
      { program: 'club', number: '9643000000000032' },
      { program: 'club', number: '9643000000000040', status: 'blocked' },
      { program: 'bazaar', number: '9643000000000099' },
    ])
    .execute();
  const bound = { program: 'club', proof: 'sms', actor: 'sms:1' } as const;
  await db
    .insertInto('bindings')
    .values([
      { ...bound, card: '9643000000000032', phone: ANNA },
      { ...bound, card: '9643000000000016', phone: BORIS, closed_at: new Date() },
    ])
    .execute();
  return replies.map(({ id }) => `reply-${id}`);
}
