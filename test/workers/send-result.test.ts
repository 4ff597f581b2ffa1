import assert from 'node:assert/strict';
import type { SendOutcome } from '../../src/providers/provider.ts';
import { type Circumstances, resultOf, resultOfNoAttempt } from '../../workers/send-result.ts';

const TO = { channel: 'backup', sender: '7000' };
const THERE: Circumstances['fallback'] = { forRoute: TO, forOutage: TO };
const AWAY_TOO: Circumstances['fallback'] = { forRoute: TO, forOutage: undefined };
const NONE: Circumstances['fallback'] = {};

const ROUTE: SendOutcome = { kind: 'rejected', code: '21408', isOptOut: false, isOfRoute: true };
const NUMBER: SendOutcome = { kind: 'rejected', code: '21211', isOptOut: false };
const STOPPED: SendOutcome = { kind: 'rejected', code: '21610', isOptOut: true };
const TROUBLE: SendOutcome = { kind: 'transient', code: '503' };
const FLOODED: SendOutcome = { kind: 'transient', code: '14107', cause: 'recipient' };
const SILENT: SendOutcome = { kind: 'unknown', code: 'timeout' };
const THROTTLED: SendOutcome = { kind: 'throttled', retryAfterMs: 5_000 };
const ACCEPTED: SendOutcome = { kind: 'accepted', providerMessageId: 'SM1' };

type Row = readonly [
  outcome: SendOutcome | 'not attempted',
  circuit: 'closed' | 'open',
  fallback: Circumstances['fallback'],
  attempts: number,
  becomes: string,
];

/** Attempt 3 of 12 waits 4.5 s; an open circuit may close in 20 s. */
const ROWS: readonly Row[] = [
  [ACCEPTED, 'closed', THERE, 1, 'accepted'],
  [ACCEPTED, 'open', THERE, 1, 'accepted'],
  [THROTTLED, 'closed', THERE, 12, 'later in 5 s, attempt given back'],
  [THROTTLED, 'open', THERE, 12, 'later in 5 s, attempt given back'],
  [TROUBLE, 'closed', NONE, 3, 'later in 5 s, attempt used'],
  [TROUBLE, 'closed', THERE, 3, 'later in 5 s, attempt used'],
  [TROUBLE, 'closed', THERE, 12, 'failed'],
  [TROUBLE, 'open', NONE, 12, 'later in 20 s, attempt given back'],
  [TROUBLE, 'open', AWAY_TOO, 12, 'later in 20 s, attempt given back'],
  [TROUBLE, 'open', THERE, 12, 'moved for circuit'],
  [FLOODED, 'open', THERE, 3, 'later in 5 s, attempt used'],
  [FLOODED, 'closed', THERE, 12, 'failed'],
  [ROUTE, 'closed', NONE, 1, 'failed'],
  [ROUTE, 'closed', THERE, 1, 'moved for route'],
  [ROUTE, 'open', AWAY_TOO, 1, 'moved for route'],
  [NUMBER, 'closed', THERE, 1, 'failed'],
  [STOPPED, 'closed', THERE, 1, 'failed, opted out'],
  [STOPPED, 'open', THERE, 1, 'failed, opted out'],
  [SILENT, 'closed', THERE, 1, 'unknown'],
  [SILENT, 'open', THERE, 1, 'unknown'],
  ['not attempted', 'open', NONE, 12, 'later in 20 s, attempt given back'],
  ['not attempted', 'open', AWAY_TOO, 12, 'later in 20 s, attempt given back'],
  ['not attempted', 'open', THERE, 1, 'moved for circuit'],
];

describe('what becomes of a reply', () => {
  for (const [outcome, circuit, fallback, attempts, becomes] of ROWS) {
    const told =
      outcome === 'not attempted' ? outcome : `${outcome.kind}${'code' in outcome ? ` ${outcome.code}` : ''}`;
    const to =
      fallback.forRoute === undefined ? 'no fallback' : fallback.forOutage ? 'a fallback' : 'a fallback that is away';
    it(`${told}, attempt ${attempts}, circuit ${circuit}, ${to}: ${becomes}`, () => {
      assert.equal(described(outcome, { ...around(circuit), attempts, fallback }), becomes);
    });
  }

  it('costs no attempt when the process ends and calls the send off', () => {
    const circumstances = { ...around('closed'), attempts: 12, fallback: NONE, isStopping: true };
    assert.equal(described({ kind: 'transient', code: 'aborted' }, circumstances), 'later in 0 s, attempt given back');
  });
});

function around(circuit: 'closed' | 'open') {
  return {
    policy: { waitReceiptMinutes: 10, lookup: true, otherwise: 'hold' },
    circuit: { isClosed: circuit === 'closed', retryAfterMs: circuit === 'closed' ? 0 : 20_000 },
    isStopping: false,
    random: () => 0.5,
  } as const;
}

function described(outcome: SendOutcome | 'not attempted', circumstances: Circumstances): string {
  const result = outcome === 'not attempted' ? resultOfNoAttempt(circumstances) : resultOf(outcome, circumstances);
  switch (result.kind) {
    case 'later':
      return `later in ${Math.round(result.delayMs / 1_000)} s, attempt ${result.isAttempt ? 'used' : 'given back'}`;
    case 'moved':
      return `moved for ${result.why}`;
    case 'failed':
      return result.isOptOut ? 'failed, opted out' : 'failed';
    case 'accepted':
    case 'unknown':
      return result.kind;
    default:
      return result satisfies never;
  }
}
