/**
 * `node --import tsx test/providers/smpp/fuzz.ts [count] [seed]`: a million broken PDUs to two channels' sessions in one
 * process. None may hang or crash it, and a third channel's session must work on as if nothing were.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { startFakeSmsc } from '../../support/fake-smsc.ts';
import { openSmppChannel } from '../../support/smpp-channel.ts';
import { feed } from './feed.ts';
import { mutatedPdus } from './mutate.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
const STEP = 10_000;
const VICTIMS = 2;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function startPair() {
  const smsc = await startFakeSmsc();
  const options = { responseTimeoutMs: 200 };
  return { smsc, channel: await openSmppChannel(smsc, { options, backoff: { firstMs: 2, maxMs: 4 } }) };
}

say(`${count} PDUs, seed ${seed}`);
const began = performance.now();
const healthy = await startPair();
const victims = await Promise.all(Array.from({ length: VICTIMS }, startPair));
let fatal = 0;
let read = 0;
for (let done = 0; done < count; done += STEP * VICTIMS) {
  const fed = await Promise.all(
    victims.map(({ smsc }, index) => feed(smsc, mutatedPdus(Math.min(STEP, count), seed + done + index))),
  );
  for (const { pdus, fatal: over } of fed) {
    read += pdus;
    fatal += over;
  }
  for (const { channel } of victims) channel.kept.length = 0;
  const outcome = await healthy.channel.send(String(done));
  assert.equal(outcome.kind, 'accepted', 'another session suffers');
  if (done % (STEP * VICTIMS * 10) === 0) {
    say(`${read} PDUs, ${fatal} ended a session, ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
  }
}
assert.equal(healthy.smsc.binds.length, 1, 'another session was bound anew');
for (const { smsc, channel } of [...victims, healthy]) {
  await smsc.session();
  assert.equal((await channel.send('1')).kind, 'accepted');
  await channel.stop();
  await smsc.close();
}
say(`${read} PDUs, ${fatal} ended a session, ${((performance.now() - began) / 1_000).toFixed(0)} s`);
say('1 passed, 0 failed');
