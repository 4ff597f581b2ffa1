import assert from 'node:assert/strict';
import { type CardFault, judgeCard } from '../../src/activation/card-fault.ts';
import { PROGRAMS } from './programs.ts';

/** What stands in a list of cards, and what its keeper is told. */
const FAULTS: readonly (readonly [raw: string, fault: CardFault])[] = [
  ['', 'empty'],
  [' - ', 'empty'],
  ['9643001234563453', 'check-digit'],
  ['9643 0012 3456 3453', 'check-digit'],
  ['964300123456345', 'length'],
  ['96430012345634520', 'length'],
  ['9643001234563452, 9643001234563452', 'length'],
  ['9644001234563452', 'no-series'],
  ['Ivanova', 'no-series'],
  ['=HYPERLINK("http://x")', 'no-series'],
  ['96430012345634x2', 'characters'],
  ['9.643E+15', 'rounded'],
  ['9,64300123456E+15', 'rounded'],
  ['９６４３００１２３４５６３４５３', 'check-digit'],
];

describe('what is wrong with a card number in a list', () => {
  for (const [raw, fault] of FAULTS) {
    it(`"${raw}": ${fault}`, () => assert.deepEqual(judgeCard(raw, PROGRAMS.club), { fault }));
  }

  it('nothing, when it spells a card of the programme', () => {
    assert.deepEqual(judgeCard('9643 0012 3456 3452', PROGRAMS.club), { card: '9643001234563452' });
  });

  it('is told in linear time of a cell of any size', () => {
    assert.deepEqual(judgeCard('9'.repeat(60_000), PROGRAMS.club), { fault: 'no-series' });
  });
});
