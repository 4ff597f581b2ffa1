import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bodyLength, completeCheckDigit } from '../../src/activation/card-number.ts';
import { fold } from '../../src/activation/fold.ts';
import type { CardSeries } from '../../src/activation/program.ts';
import { read } from '../../src/activation/read.ts';
import { zeroOf } from '../../src/sms/digits.ts';
import { PROGRAMS, SERIES } from './programs.ts';

const RUNS = { numRuns: 2_000 };

const ZEROS = Array.from({ length: 0x2_00_00 }, (_, codePoint) => codePoint).filter((one) => zeroOf(one) === one);

/** What card numbers and their neighbours are made of, and what makes reading them hard. */
const SCRAPS = `9643|0012|3456|3452|9643001234563452|VIP|AB12|CD3456|2900123456785|+7|8916|9112345678|4|52|О|l|ab|карта
  | |-|.|,|50 руб|12.05.90|٣|۳|\u200b|@|\ud800|²|\n`.split('|');

describe('read: properties', () => {
  it('any decoration of a valid number reads to that number', () => {
    const before = fc.constantFrom('', ' ', 'карта ', 'Card: ', 'کارت ', '№', '#', 'клуб', '«', '\u200f', '💳', 'Hi! ');
    const after = fc.constantFrom(
      '',
      ' ',
      '.',
      '!!!',
      ' спасибо',
      ' card',
      '\n',
      '»',
      '\u200b',
      ' от 12.05.2024',
      ' 50 руб',
    );
    const gap = fc.constantFrom('', ' ', '-', '\u00a0', '.', '\u2013', ' \u200b', '\u2009', '\u200d', ' - ');
    const zero = fc.constantFrom(...ZEROS);
    fc.assert(
      fc.property(cardOf(SERIES.main), before, after, gap, zero, (number, prefix, suffix, separator, script) => {
        const digits = Array.from(number, (digit) => String.fromCodePoint(script + Number(digit)));
        const groups = [0, 4, 8, 12].map((at) => digits.slice(at, at + 4).join(''));
        assert.deepEqual(read(prefix + groups.join(separator) + suffix, PROGRAMS.club), { kind: 'card', card: number });
      }),
      RUNS,
    );
  });

  it('one changed digit never reads to another card', () => {
    const position = fc.nat({ max: 15 });
    fc.assert(
      fc.property(cardOf(SERIES.main), position, fc.integer({ min: 1, max: 9 }), (number, at, change) => {
        const digit = String((Number(number[at]) + change) % 10);
        const changed = number.slice(0, at) + digit + number.slice(at + 1);
        assert.deepEqual(read(changed, PROGRAMS.club), { kind: 'mistyped', fault: 'check-digit' });
      }),
      RUNS,
    );
  });

  it('one digit left out or put in never reads to a card', () => {
    fc.assert(
      fc.property(cardOf(SERIES.main), fc.nat({ max: 16 }), fc.nat({ max: 9 }), (number, at, digit) => {
        const shorter = number.slice(0, Math.min(at, 15)) + number.slice(Math.min(at, 15) + 1);
        const longer = number.slice(0, at) + String(digit) + number.slice(at);
        for (const text of [shorter, longer]) assert.notEqual(read(text, PROGRAMS.club).kind, 'card');
      }),
      RUNS,
    );
  });

  it('what stands beside a grouped number that lost digits never completes it, check digit or not', () => {
    const beside = fc.constantFrom(
      ' 5',
      ' 50',
      ' 500',
      ', 12',
      ' 50 руб',
      ' 8 916 123 45 67',
      ' 12.05.1990',
      ' - 5',
      '.5',
    );
    const lost = fc.record({ group: fc.integer({ min: 1, max: 3 }), digits: fc.constantFrom(1, 2) });
    const program = fc.constantFrom(PROGRAMS.club, PROGRAMS.plain);
    fc.assert(
      fc.property(cardOf(SERIES.main), lost, beside, program, (number, { group, digits }, neighbour, programme) => {
        const groups = [0, 4, 8, 12].map((at) => number.slice(at, at + 4));
        groups[group] = (groups[group] ?? '').slice(digits);
        assert.equal(read(groups.join(' ') + neighbour, programme).kind, 'mistyped');
      }),
      RUNS,
    );
  });

  it('two different cards are always several, whatever stands between them', () => {
    const between = fc.constantFrom(' ', '\n', ', ', ' и ', ' or ', ' / ', ';', ' و ');
    fc.assert(
      fc.property(cardOf(SERIES.main), cardOf(SERIES.main), between, fc.boolean(), (one, other, gap, isGrouped) => {
        fc.pre(one !== other);
        const written = [one, other].map((number) => (isGrouped ? number.replace(/(.{4})(?=.)/g, '$1 ') : number));
        assert.equal(read(written.join(gap), PROGRAMS.club).kind, 'several');
      }),
      RUNS,
    );
  });

  it('a text that begins with STOP opts out, whatever follows', () => {
    const stop = fc.constantFrom('STOP', 'Stop', 'стоп', 'СТОП', 'unsubscribe', 'отписаться');
    fc.assert(
      fc.property(stop, fc.string({ unit: 'binary' }), (word, rest) => {
        assert.deepEqual(read(`${word} . ${rest}`, PROGRAMS.many), { kind: 'stop' });
      }),
      RUNS,
    );
  });

  it('never throws, and invents nothing: a card read is in the text, its characters in order', () => {
    const scrap = fc.constantFrom(...SCRAPS);
    const noise = fc.array(fc.oneof(scrap, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 40 });
    fc.assert(
      fc.property(noise, (scraps) => {
        const text = scraps.join('');
        const intent = read(text, PROGRAMS.many);
        if (intent.kind !== 'card') return;
        const spelled = withDigits(fold(text).text).replace(/[^0-9a-z]/g, '');
        assert.ok(spelled.includes(withDigits(intent.card.toLowerCase())), `${intent.card} is not in ${text}`);
      }),
      RUNS,
    );
  });

  it('judges the first 1,600 characters; a number that is cut there is none', () => {
    const number = '9643001234563452';
    const filler = 'а '.repeat(793);
    assert.equal(read(filler.slice(0, 1_583) + ' '.repeat(1) + number, PROGRAMS.club).kind, 'card');
    assert.equal(read(`${filler.slice(0, 1_584)} ${number}99`, PROGRAMS.club).kind, 'none');
    assert.equal(read(`${' '.repeat(1_600)}${number}`, PROGRAMS.club).kind, 'none');
  });
});

function cardOf(series: CardSeries): fc.Arbitrary<string> {
  const free = bodyLength(series) - series.prefix.length;
  const body = fc.array(fc.nat({ max: 9 }), { minLength: free, maxLength: free });
  return body.map((digits) => completeCheckDigit(series, series.prefix + digits.join('')));
}

/** Letters that may stand for a digit are that digit, on both sides of the comparison. */
function withDigits(text: string): string {
  return text.replace(/[oзlib]/g, (letter) => ({ o: '0', з: '3', l: '1', i: '1', b: '8' })[letter] ?? letter);
}
