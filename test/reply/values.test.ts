import assert from 'node:assert/strict';
import type { CardNumber } from '../../src/activation/card-number.ts';
import { TEXT_NAMES, variablesOf } from '../../src/reply/texts.ts';
import { replyValues, samplesOf } from '../../src/reply/values.ts';
import { CLUB } from './programs.ts';

const CARD = '9643001234563456' as CardNumber;

const NOW = new Date('2024-05-01T12:00:00Z');
const MOMENT = { address: '2420', now: NOW };

function fromNow(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

describe('replyValues', () => {
  it('shows the end of a card only, and phones in groups', () => {
    const values = replyValues(CLUB, { card: CARD, otherCard: CARD }, { ...MOMENT, address: '+14155550100' });
    assert.deepEqual(values, {
      program: 'Club',
      support: '+7 495 000 00 00',
      example: '9643 1234 5678 9019',
      digits: '16',
      number: '+1 415 555 0100',
      card: '•••• 3456',
      otherCard: '•••• 3456',
    });
  });

  it('shows a short code as it is', () => {
    assert.equal(replyValues(CLUB, {}, MOMENT).number, '2420');
  });

  it('says each fact that is there and no other', () => {
    const values = replyValues(CLUB, { code: '0042', expiresAt: fromNow(900_000), isHolderAsked: true }, MOMENT);
    assert.deepEqual([values.code, values.minutes, values.asked, 'hours' in values], ['0042', '15', true, false]);
    assert.equal('asked' in replyValues(CLUB, { isHolderAsked: false }, MOMENT), false);
  });

  it('shows a code as it is to be sent back: behind the keyword, where one is needed', () => {
    assert.equal(replyValues(CLUB, { code: '4821' }, { ...MOMENT, keyword: 'кофе' }).code, 'кофе 4821');
  });

  it('rounds what is left up, and never to none', () => {
    const hours = [-5, 0, 1, 3_600_000, 3_600_001, 86_400_000].map(
      (ms) => replyValues(CLUB, { until: fromNow(ms) }, MOMENT).hours,
    );
    assert.deepEqual(hours, ['1', '1', '1', '1', '2', '24']);
    assert.equal(replyValues(CLUB, { expiresAt: fromNow(899_950) }, MOMENT).minutes, '15');
  });

  it('joins the lengths of several series', () => {
    const [main] = CLUB.series;
    const program = { ...CLUB, series: [main, { ...main, length: 13 }, { ...main, prefix: '77' }] } as const;
    assert.equal(replyValues(program, {}, MOMENT).digits, '16/13');
  });
});

describe('samplesOf', () => {
  it('gives every variable that a reply may use in its first sample', () => {
    for (const name of TEXT_NAMES) {
      assert.deepEqual(Object.keys(samplesOf(name, CLUB)[0]?.values ?? {}).toSorted(), variablesOf(name).toSorted());
    }
  });

  it('gives a code to send back as long as the longest keyword makes it, and a code to type alone', () => {
    const worded = { ...CLUB, keywords: ['club', 'карта'] };
    assert.equal(samplesOf('holder-asked', worded)[0]?.values.code, 'карта 4821');
    assert.equal(samplesOf('confirm-code', worded)[0]?.values.code, '482193');
  });

  it('gives an offer with and without its code', () => {
    const situations = samplesOf('phone-has-another-card', CLUB).map(({ situation }) => situation);
    assert.deepEqual(situations, ['with code, minutes', 'without code, minutes']);
  });
});
