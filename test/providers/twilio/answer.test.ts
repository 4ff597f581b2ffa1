import assert from 'node:assert/strict';
import type { CallResult } from '../../../src/providers/http-call.ts';
import type { SendOutcome, TransientCause } from '../../../src/providers/provider.ts';
import { readAnswer } from '../../../src/providers/twilio/answer.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const SID = 'SM00000000000000000000000000000001';

const accepted: SendOutcome = { kind: 'accepted', providerMessageId: SID };
const throttled = (retryAfterMs: number): SendOutcome => ({ kind: 'throttled', retryAfterMs });
const transient = (code: string, cause?: TransientCause): SendOutcome => ({
  kind: 'transient',
  code,
  ...(cause && { cause }),
});
const ofRoute = (code: string): SendOutcome => ({ kind: 'rejected', code, isOptOut: false, isOfRoute: true });
const unknown = (code: string): SendOutcome => ({ kind: 'unknown', code });
const rejected = (code: string, isOptOut = false): SendOutcome => ({ kind: 'rejected', code, isOptOut });

describe('readAnswer: what Twilio answers, and what comes of it', () => {
  const answers: readonly [about: string, status: number, body: unknown, outcome: SendOutcome, retryAfter?: string][] =
    [
      ['a new message', 201, { sid: SID, status: 'queued' }, accepted],
      ['a new message, with another success', 200, { sid: SID }, accepted],
      ['a success of HTML', 200, '<html>', unknown('http-200')],
      ['a success of nothing', 201, '', unknown('http-201')],
      ['a success of null', 201, null, unknown('http-201')],
      ['a success whose sid is no id', 201, { sid: 'a b' }, unknown('http-201')],
      ['a redirect', 307, { sid: SID }, unknown('http-307')],

      ['too fast, for how long it does not say', 429, { code: 20429 }, throttled(1_000)],
      ['too fast, in the words of a proxy', 429, '<html>', throttled(1_000)],
      ['too fast for 7 seconds', 429, { code: 20429 }, throttled(7_000), '7'],
      ['too fast until a date', 429, { code: 20429 }, throttled(90_000), 'Sat, 21 Nov 2026 12:01:30 GMT'],
      ['too fast until a date that is past', 429, { code: 20429 }, throttled(1_000), 'Sat, 21 Nov 2026 11:00:00 GMT'],
      ['too fast for no time at all', 429, { code: 20429 }, throttled(1_000), '0'],
      ['too fast for a year', 429, { code: 20429 }, throttled(3_600_000), '31536000'],
      ['too fast for "soon"', 429, { code: 20429 }, throttled(1_000), 'soon'],
      ["the account's limit for the day", 429, { code: 63038 }, throttled(600_000)],
      ["the sender's queue is full", 400, { code: 21611 }, throttled(60_000)],
      ['too much to this one phone', 400, { code: 14107 }, transient('14107', 'recipient')],
      ['too much to this one phone, as a matter of pace', 429, { code: 14107 }, transient('14107', 'recipient')],

      ['an address for receipts that it does not take', 400, { code: 21609 }, transient('21609', 'account')],
      ['no such messaging service', 400, { code: 21705 }, transient('21705', 'account')],
      ['a messaging service without numbers', 400, { code: 21704 }, transient('21704', 'account')],
      ['no number that can send', 400, { code: 21703 }, transient('21703')],
      ['a sender that is no number', 400, { code: 21212 }, ofRoute('21212')],
      ['no sender', 400, { code: 21603 }, ofRoute('21603')],

      ['an error that may follow the sending', 500, { code: 20500 }, unknown('20500')],
      ['a gateway that lost sight of it', 502, '<html>', unknown('http-502')],
      ['a gateway that waited in vain', 504, '<html>', unknown('http-504')],
      ['not taken: overloaded', 503, { code: 20503 }, transient('20503')],
      ['a proxy that lost sight of it', 503, '<html>', unknown('http-503')],

      ['wrong credentials', 401, { code: 20003 }, transient('20003', 'account')],
      ['wrong credentials, in the words of a proxy', 401, '', transient('http-401', 'account')],
      ['a suspended account', 403, { code: 20005 }, transient('20005', 'account')],
      ['a 403 of somebody else', 403, '<html>', transient('http-403')],
      ['a 404 of a wrong address', 404, { code: 20404 }, transient('20404', 'account')],
      ['a 400 of somebody else', 400, '<html>', transient('http-400')],
      ['an error code that is no number', 400, { code: 'E_BAD' }, transient('http-400')],

      ['the recipient has opted out', 400, { code: 21610 }, rejected('21610', true)],
      ['not a phone number', 400, { code: 21211 }, rejected('21211')],
      ['not a mobile', 400, { code: 21614 }, rejected('21614')],
      ['a country that is not allowed', 403, { code: 21408 }, ofRoute('21408')],
      ['no way to reach it', 400, { code: 21612 }, ofRoute('21612')],
      ['our number is not ours', 400, { code: 21606 }, ofRoute('21606')],
      ['a sender of another account', 400, { code: 21660 }, ofRoute('21660')],
      ['an account on trial', 400, { code: 21608 }, ofRoute('21608')],
      ['a text too long', 400, { code: 21617 }, rejected('21617')],
    ];
  for (const [about, status, body, outcome, retryAfter] of answers) {
    it(`${status} ${JSON.stringify(body)}${retryAfter ? `, Retry-After ${retryAfter}` : ''}: ${about}`, () => {
      const result: CallResult = {
        kind: 'answered',
        status,
        headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
        body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        isWhole: true,
      };
      assert.deepEqual(readAnswer(result, NOW), outcome);
    });
  }

  it('what never left is safe to repeat, what left without an answer is not', () => {
    assert.deepEqual(readAnswer({ kind: 'never-left', code: 'ECONNREFUSED' }, NOW), transient('ECONNREFUSED'));
    assert.deepEqual(readAnswer({ kind: 'unanswered', code: 'timeout' }, NOW), unknown('timeout'));
  });
});
