import assert from 'node:assert/strict';
import { approve, type EnrolOutcome, enrol, reject, toldToVisitor } from '../../src/activation/enrol.ts';
import type { Card, CardStatus } from '../../src/activation/world.ts';
import { CLUB, card, clubWith, phone, phoneOf, worldOf } from '../support/world.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const ME = phone(0);
const OTHER = phone(1);

interface Situation {
  readonly status?: CardStatus;
  readonly holder?: 'me' | 'other';
  readonly has?: 'another card';
}

const holderOf = ({ holder }: Situation) => (holder === undefined ? undefined : holder === 'me' ? ME : OTHER);

function worldIn(situation: Situation) {
  const { status } = situation;
  const cards: Card[] = status === undefined ? [] : [{ number: card(0), status, holder: holderOf(situation) }];
  if (situation.has !== undefined) cards.push({ number: card(1), status: 'active', holder: ME });
  const world = worldOf(cards, [phoneOf(ME), phoneOf(OTHER)]);
  if (status === undefined) world.cards.set(card(0), undefined);
  return world;
}

const request = { phone: ME, card: card(0), proof: 'cashier', now: NOW } as const;

/** What comes of each situation when it is to be activated, to be held for a check, and when an operator approves. */
const TABLE: readonly (readonly [Situation, activate: EnrolOutcome, check: EnrolOutcome, approve: EnrolOutcome])[] = [
  [{ status: 'issued' }, 'activated', 'awaiting-check', 'activated'],
  [{ status: 'issued', has: 'another card' }, ...thrice('phone-has-another-card')],
  [{ status: 'active', holder: 'me' }, ...thrice('already-active')],
  [{ status: 'active', holder: 'other' }, ...thrice('card-has-another-phone')],
  [{ status: 'awaiting-check' }, 'card-awaiting-check', 'card-awaiting-check', 'activated'],
  [
    { status: 'awaiting-check', has: 'another card' },
    'card-awaiting-check',
    'card-awaiting-check',
    'phone-has-another-card',
  ],
  [{ status: 'blocked' }, ...thrice('card-blocked')],
  [{ status: 'blocked', holder: 'me' }, ...thrice('card-blocked')],
  [{ status: 'replaced' }, ...thrice('card-blocked')],
  [{}, ...thrice('unknown-card')],
];

function thrice(outcome: EnrolOutcome): [EnrolOutcome, EnrolOutcome, EnrolOutcome] {
  return [outcome, outcome, outcome];
}

describe('enrol', () => {
  for (const [situation, ...outcomes] of TABLE) {
    it(`decides ${JSON.stringify(situation)}: ${outcomes.join(', ')}`, () => {
      const told = [
        enrol({ ...request, wish: 'activate' }, worldIn(situation), CLUB),
        enrol({ ...request, wish: 'check' }, worldIn(situation), CLUB),
        approve(request, worldIn(situation), CLUB),
      ];
      assert.deepEqual(
        told.map(({ outcome }) => outcome),
        outcomes,
      );
      for (const { outcome, decision } of told) {
        if (outcome === 'activated' || outcome === 'awaiting-check') continue;
        assert.deepEqual([decision.changes, decision.replies], [[], []], 'a conflict changes nothing and texts nobody');
      }
    });
  }

  it('decides in uniform mode what it decides in friendly mode: tills and operators are told everything', () => {
    const uniform = clubWith({ replyMode: 'uniform' });
    assert.equal(enrol({ ...request, wish: 'activate' }, worldIn({}), uniform).outcome, 'unknown-card');
  });

  it('opens the binding with the proof of the request and writes from which state the card came', () => {
    const { decision } = approve({ ...request, proof: 'operator' }, worldIn({ status: 'awaiting-check' }), CLUB);
    assert.deepEqual(decision.changes.slice(0, 2), [
      { kind: 'open-binding', card: card(0), phone: ME, proof: 'operator' },
      { kind: 'set-card-status', card: card(0), from: 'awaiting-check', to: 'active' },
    ]);
    assert.deepEqual(
      decision.replies.map(({ template }) => template),
      ['activated'],
    );
  });
});

describe('what a visitor of the website is told', () => {
  const OUTCOMES = [...new Set(TABLE.flatMap(([, ...outcomes]) => outcomes))];
  const toldIn = (replyMode: 'friendly' | 'uniform') =>
    OUTCOMES.map((outcome) => toldToVisitor(outcome, clubWith({ replyMode })));

  it('is the outcome itself in friendly mode', () => {
    assert.deepEqual(toldIn('friendly'), OUTCOMES);
  });

  it('is in uniform mode one word for every card that cannot be had', () => {
    const told = new Map(toldIn('uniform').map((word, n) => [OUTCOMES[n], word]));
    const hidden = OUTCOMES.filter((outcome) => told.get(outcome) === 'card-not-accepted');
    const ofCards = ['card-awaiting-check', 'card-blocked', 'card-has-another-phone', 'unknown-card'];
    assert.deepEqual(hidden.toSorted(), ofCards);
    for (const outcome of OUTCOMES) assert.ok(hidden.includes(outcome) || told.get(outcome) === outcome);
  });
});

describe('reject', () => {
  const told = (situation: Situation) => {
    const { changes, replies } = reject(request, worldIn(situation), CLUB);
    const to = changes.flatMap((change) => (change.kind === 'set-card-status' ? [change.to] : []));
    return [...to, ...replies.map(({ template }) => template)];
  };

  it('frees the card and tells the customer', () => {
    assert.deepEqual(told({ status: 'awaiting-check' }), ['issued', 'enrolment-rejected']);
  });

  it('leaves a card that no longer waits as it is', () => {
    assert.deepEqual(told({ status: 'blocked' }), ['enrolment-rejected']);
    assert.deepEqual(told({ status: 'active', holder: 'other' }), ['enrolment-rejected']);
  });

  it('does not tell a customer who has got the card meanwhile', () => {
    assert.deepEqual(told({ status: 'active', holder: 'me' }), []);
  });
});
