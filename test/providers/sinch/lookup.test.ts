import assert from 'node:assert/strict';
import type { CallResult } from '../../../src/providers/http-call.ts';
import type { LookupOutcome, UnansweredSend } from '../../../src/providers/provider.ts';
import { readLookup } from '../../../src/providers/sinch/answer.ts';
import type { Msisdn } from '../../../src/sms/msisdn.ts';

const NOW = Date.UTC(2026, 10, 21);
const HOUR_MS = 3_600_000;
const BATCH = { id: '01W4FFL35P4NC4K35SMSBATCH8', to: ['79160000567'], client_reference: '42', canceled: false };

describe('readLookup: what the list of batches says of a send that Sinch never answered', () => {
  const cases: readonly [about: string, ageMs: number, CallResult, LookupOutcome][] = [
    ['our batch is listed', HOUR_MS, list(BATCH), found('accepted')],
    ['our batch is listed, at once', 1_000, list(BATCH), found('accepted')],
    ['our batch is listed, with a plus', HOUR_MS, list({ ...BATCH, to: ['+79160000567'] }), found('accepted')],
    ['our batch is listed among others', HOUR_MS, list({ ...BATCH, client_reference: '4' }, BATCH), found('accepted')],
    ['our batch was cancelled', HOUR_MS, list({ ...BATCH, canceled: true }), found('failed')],
    ['nothing is listed after an hour', HOUR_MS, list(), { kind: 'absent' }],
    ['nothing is listed after a minute', 60_000, list(), unclear('too-early')],
    ['nothing is listed after a week', 168 * HOUR_MS, list(), unclear('too-late')],
    ['the same reference to another phone', HOUR_MS, list({ ...BATCH, to: ['79160000568'] }), unclear('other-batches')],
    ['a list without our reference', HOUR_MS, list({ ...BATCH, client_reference: '421' }), unclear('other-batches')],
    ['a batch without an id', HOUR_MS, list({ ...BATCH, id: undefined }), unclear('other-batches')],
    ['a batch that is no object', HOUR_MS, answered(200, { batches: [null] }), unclear('other-batches')],
    ['no list', HOUR_MS, answered(200, {}), unclear('http-200')],
    ['HTML', HOUR_MS, answered(200, '<html>'), unclear('http-200')],
    ['401', HOUR_MS, answered(401, {}), unclear('http-401')],
    ['500 with an empty list', HOUR_MS, answered(500, { batches: [] }), unclear('http-500')],
    ['silence', HOUR_MS, { kind: 'unanswered', code: 'timeout' }, unclear('timeout')],
    ['nobody there', HOUR_MS, { kind: 'never-left', code: 'ECONNREFUSED' }, unclear('ECONNREFUSED')],
  ];
  for (const [about, ageMs, result, outcome] of cases) {
    it(`${about} → ${outcome.kind}`, () => {
      assert.deepEqual(readLookup(result, sent(ageMs), NOW), outcome);
    });
  }
});

function sent(ageMs: number): UnansweredSend {
  const attemptedAt = new Date(NOW - ageMs);
  return { replyId: '42', from: '+79160000500', to: '+79160000567' as Msisdn, text: 'Карта активна', attemptedAt };
}

function list(...batches: readonly object[]): CallResult {
  return answered(200, { count: batches.length, page: 0, page_size: 10, batches });
}

function answered(status: number, content: object | string): CallResult {
  const body = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return { kind: 'answered', status, headers: {}, body, isWhole: true };
}

function found(status: 'accepted' | 'failed'): LookupOutcome {
  return { kind: 'found', receipt: { replyId: '42', providerMessageId: BATCH.id, status, isOptOut: false } };
}

function unclear(code: string): LookupOutcome {
  return { kind: 'unclear', code };
}
