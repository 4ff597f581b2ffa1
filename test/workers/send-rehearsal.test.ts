import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Channel } from '../../src/config.ts';
import { BLANK_CODE } from '../../src/store/codes.ts';
import { addReplies, repliesIn } from '../store/outbox.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { sender } from './sender.ts';

const TWILIO: Partial<Channel> = { provider: 'twilio' };

describe('the reply to an SMS that was typed in a rehearsal', () => {
  const store = freshStore();

  /** A reply in the outbox to an SMS with that provider message id. */
  async function replyTo(providerMessageId: string): Promise<string[]> {
    const ids = await addReplies(store.db, [{}]);
    const of = { channel: 'main', provider_message_id: providerMessageId, sender_raw: '', recipient: '2420', text: '' };
    const [row] = await store.db.insertInto('inbox').values(of).returning('id').execute();
    await sql`UPDATE replies SET inbound_id = ${row?.id}::bigint`.execute(store.db);
    return ids;
  }

  const send = async (ids: readonly string[], channel: Partial<Channel>) => {
    const worker = sender(store.db, accept, { channel });
    await worker.send(ids);
    return worker.provider.handed.length;
  };

  it('never leaves, also when its channel has gone live before it was sent', async () => {
    assert.equal(await send(await replyTo('rehearsal-1'), TWILIO), 0);
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.error_code], ['failed', 'rehearsed']);
  });

  it('is handed over while the rehearsal lasts, to a provider that sends nothing', async () => {
    assert.equal(await send(await replyTo('rehearsal-1'), { ...TWILIO, isRehearsal: true }), 1);
  });

  it('is told from that to a customer’s own SMS, which is sent once the channel is live', async () => {
    assert.equal(await send(await replyTo('SM1'), TWILIO), 1);
  });

  it('keeps the code that proves a phone, for the page to show; otherwise it is for that phone alone', async () => {
    for (const [isRehearsal, kept] of [
      [true, '482193'],
      [false, BLANK_CODE],
    ] as const) {
      const [id] = await addReplies(store.db, [{ template: 'confirm-code' }]);
      const facts = JSON.stringify({ code: '482193' });
      await sql`UPDATE replies SET variables = ${facts}::jsonb WHERE id = ${id}::bigint`.execute(store.db);
      await send([id ?? ''], { ...TWILIO, isRehearsal });
      const code = sql`SELECT variables->>'code' AS code FROM replies WHERE id = ${id}::bigint`;
      assert.deepEqual(await look(store.db, code), [{ code: kept }]);
    }
  });
});
