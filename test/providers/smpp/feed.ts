import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeSession, FakeSmsc } from '../../support/fake-smsc.ts';

const QUESTIONS = 10;
const SILENCE_MS = 500;

/** PDUs that are written before the session is asked whether it lives. */
const BATCH = 100;

/** What feeding showed. */
export interface Fed {
  readonly pdus: number;
  /** PDUs after which the session was over, as after a wrong length. */
  readonly fatal: number;
}

/**
 * Writes every PDU to a session of the SMSC's ESME, and makes sure that each was read: behind each batch stands an
 * enquire_link, and a batch after which the session was over is written again, PDU by PDU.
 * @throws AssertionError when a session neither lives nor ends within 5 s of a PDU: it hangs.
 */
export async function feed(smsc: FakeSmsc, pdus: readonly Buffer[]): Promise<Fed> {
  let fatal = 0;
  for (let start = 0; start < pdus.length; start += BATCH) {
    const batch = pdus.slice(start, start + BATCH);
    if (await survives(smsc, batch)) continue;
    for (const pdu of batch) if (!(await survives(smsc, [pdu]))) fatal += 1;
  }
  return { pdus: pdus.length, fatal };
}

async function survives(smsc: FakeSmsc, pdus: readonly Buffer[]): Promise<boolean> {
  const session = await smsc.session();
  session.write(Buffer.concat(pdus));
  const isAlive = await livesOn(session, pdus);
  session.forget();
  return isAlive;
}

/** Asks several times: a PDU that claims to be longer than it is may end where the first question does, and eat it. */
async function livesOn(session: FakeSession, pdus: readonly Buffer[]): Promise<boolean> {
  const over = session.closed.then(() => 'over' as const);
  for (let question = 0; question < QUESTIONS; question += 1) {
    const answered = session.request('enquire_link').then(() => 'lives' as const);
    const timer = new AbortController();
    const silence = sleep(SILENCE_MS, 'silence' as const, { signal: timer.signal }).catch(() => 'silence' as const);
    const end = await Promise.race([answered, over, silence]);
    timer.abort();
    if (end !== 'silence') return end === 'lives';
  }
  const shown = pdus.length === 1 ? pdus[0]?.toString('hex') : `one of ${pdus.length}`;
  throw new assert.AssertionError({ message: `a session neither answers nor ends after ${shown}` });
}
