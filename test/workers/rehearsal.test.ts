import assert from 'node:assert/strict';
import type { Line } from '../../src/lines.ts';
import type { Received } from '../../src/providers/provider.ts';
import { rehearse } from '../../src/providers/rehearsal.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import { parseMsisdn } from '../../src/sms/msisdn.ts';
import { tellRehearsals } from '../../workers/rehearsal.ts';
import { channelOf } from '../support/channel.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';

const to = parseMsisdn('+79161234567') ?? assert.fail();
const MT: MobileTerminated = { replyId: '7', from: '2420', to, text: 'Карта' };

function linesOf() {
  const live = scriptedProvider(accept);
  const next = channelOf({ key: 'next', isRehearsal: true });
  return new Map<string, Line>([
    ['live', { channel: channelOf({ key: 'live' }), provider: live }],
    ['next', { channel: next, provider: rehearse(scriptedProvider(() => assert.fail('it was sent'))) }],
  ]);
}

describe('the receipts of a rehearsal', () => {
  it('are told of each reply, in order and under its id, on the way of all receipts', async () => {
    const told: Received[] = [];
    const { lines, drain } = tellRehearsals(linesOf(), async (channel, received) => {
      assert.equal(channel, 'next');
      told.push(...received);
    });
    const outcome = await lines.get('next')?.provider.send(MT, new AbortController().signal);
    await drain();
    assert.ok(outcome?.kind === 'accepted');
    const { providerMessageId } = outcome;
    const receipt = (status: 'sent' | 'delivered') => ({ replyId: '7', providerMessageId, status, isOptOut: false });
    assert.deepEqual(told, [
      { kind: 'receipt', receipt: receipt('sent') },
      { kind: 'receipt', receipt: receipt('delivered') },
    ]);
  });

  it('are not told of a live channel, nor of a send that was called off', async () => {
    const { lines, drain } = tellRehearsals(linesOf(), () => assert.fail('a receipt was told'));
    assert.equal((await lines.get('live')?.provider.send(MT, new AbortController().signal))?.kind, 'accepted');
    assert.equal((await lines.get('next')?.provider.send(MT, AbortSignal.abort()))?.kind, 'transient');
    await drain();
  });

  it('that cannot be kept are lost, and the reply was sent all the same', async () => {
    const { lines, drain } = tellRehearsals(linesOf(), () => Promise.reject(new Error('no database')));
    assert.equal((await lines.get('next')?.provider.send(MT, new AbortController().signal))?.kind, 'accepted');
    await drain();
  });

  it('of more replies than are told of at once are lost', async () => {
    let count = 0;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { lines, drain } = tellRehearsals(linesOf(), async () => {
      count += 1;
      await opened;
    });
    const provider = lines.get('next')?.provider ?? assert.fail();
    for (let n = 0; n < 1_200; n += 1) await provider.send(MT, new AbortController().signal);
    open();
    await drain();
    assert.equal(count, 2_000);
  });
});
