import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { findKannel } from '../../scripts/lib/kannel.mjs';
import { freePort } from '../support/ports.ts';
import { temporaryFolder } from '../support/run.ts';
import { openSmppChannel } from '../support/smpp-channel.ts';
import { waitFor } from '../support/wait-for.ts';
import { startProgram } from './kannel-gateway.ts';

/** It waits a second whenever it is 500 SMS ahead of what comes back. */
const COUNT = 3_000;

/** drive_smpp wants to be the smsbox of a bearerbox too, on a port that cannot be chosen. */
const BEARERBOX_PORT = 13_001;

describe('An SMPP channel at drive_smpp, the SMSC that Kannel is tested with', function () {
  this.timeout(60_000);

  it(`takes ${COUNT} SMS with an enquire_link after each, and hands as many over, none lost and none twice`, async () => {
    const { driveSmpp } = await findKannel();
    const bearerbox = createServer((socket) => socket.on('error', () => undefined).resume());
    await once(bearerbox.listen(BEARERBOX_PORT, '127.0.0.1'), 'listening');
    const port = await freePort();
    const smsc = startProgram(
      driveSmpp,
      ['-v', '1', '-p', String(port), '-m', String(COUNT)],
      await temporaryFolder('drive'),
    );
    await waitFor(() => smsc.log().includes('Starting'), { what: 'drive_smpp to start' });
    const options = { bind: 'transmitter-and-receiver', window: 50 };
    // The first SMS stands behind the answer to the bind: what takes it has to be there before.
    const channel = await openSmppChannel({ port }, { options, isImpatient: true });
    const startedAt = performance.now();
    const replies: Promise<string>[] = [];
    channel.door = async (received) => {
      for (const one of received) {
        assert.equal(one.kind, 'message');
        replies.push(channel.send(String(replies.length), 'Карта активна').then(({ kind }) => kind));
      }
    };
    await waitFor(() => replies.length >= COUNT, { what: 'all SMS to come', timeoutMs: 40_000 });
    const kinds = await Promise.all(replies);
    const seconds = (performance.now() - startedAt) / 1_000;
    assert.deepEqual([...new Set(kinds)], ['accepted']);
    const texts = channel.kept.map((one) => (one.kind === 'message' ? one.message.text : one.kind));
    assert.deepEqual(
      texts,
      Array.from({ length: COUNT }, (_, index) => String(index + 1)),
    );
    await waitFor(() => smsc.log().includes('ESME has submitted all'), { what: 'drive_smpp to have all' });
    await channel.stop();
    bearerbox.close();
    await waitFor(() => smsc.hasEnded(), { what: 'drive_smpp to end' });
    process.stdout.write(`      ${COUNT} in and ${COUNT} out in ${seconds.toFixed(1)} s\n`);
  });
});
