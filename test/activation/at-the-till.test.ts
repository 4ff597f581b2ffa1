import assert from 'node:assert/strict';
import { atTheTill } from '../../src/activation/at-the-till.ts';
import type { CardStatus } from '../../src/activation/world.ts';

const TABLE: readonly [
  status: CardStatus | undefined,
  isProved: boolean,
  isAsked: boolean,
  earn: boolean,
  redeem: boolean,
][] = [
  ['issued', false, false, true, false],
  ['issued', false, true, true, false],
  ['awaiting-check', false, false, true, false],
  ['awaiting-check', true, true, true, false],
  ['active', true, false, true, true],
  ['active', false, false, true, true],
  ['active', true, true, true, true],
  ['active', false, true, true, false],
  ['blocked', true, false, false, false],
  ['blocked', true, true, false, false],
  ['replaced', true, false, false, false],
  [undefined, false, false, false, false],
];

describe('atTheTill', () => {
  for (const [status, isPhoneProved, isAsked, mayEarn, mayRedeem] of TABLE) {
    const phone = isPhoneProved ? 'a proved phone' : 'no proved phone';
    const may = [mayEarn && 'earns', mayRedeem && 'redeems'].filter(Boolean).join(' and ') || 'does nothing';
    it(`${status ?? 'unknown'} with ${phone}${isAsked ? ', where proof is asked for' : ''}: ${may}`, () => {
      const card = status === undefined ? undefined : { status, isPhoneProved };
      const shown = atTheTill(card, { redeemNeedsProvedPhone: isAsked });
      const isHeldBack = status === 'active' && isAsked && !isPhoneProved;
      assert.deepEqual(shown, { state: status ?? 'unknown', mayEarn, mayRedeem, isHeldBack });
    });
  }
});
