import { type CardNumber, completeCheckDigit } from '../../src/activation/card-number.ts';
import type { Program } from '../../src/activation/program.ts';
import type { Card, LiveWorld, Phone } from '../../src/activation/world.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { program, SERIES } from '../activation/programs.ts';

/** The programme of the tests of the rule: friendly, a code to switch, and a holder who is asked. */
export const CLUB: Program = clubWith({});

/** The same with changes. */
export function clubWith(changes: Partial<Program>): Program {
  const rebind = { phoneHasAnotherCard: 'code', cardHasAnotherPhone: 'ask-holder' } as const;
  return program('club', [SERIES.main], { rebind, ...changes });
}

/** The `n`th card of the club, from 0. */
export function card(n: number): CardNumber {
  return completeCheckDigit(SERIES.main, `9643${String(n).padStart(11, '0')}`);
}

/** The `n`th Russian mobile phone, from 0. */
export function phone(n: number): Msisdn {
  return `+7916${String(n).padStart(7, '0')}` as Msisdn;
}

/** A phone that never texted, with changes. */
export function phoneOf(number: Msisdn, changes: Partial<Phone> = {}): Phone {
  return {
    number,
    card: undefined,
    locale: undefined,
    isOptedOut: false,
    failedAt: [],
    repliedAt: [],
    toldUntil: undefined,
    offer: undefined,
    ...changes,
  };
}

/** A world of these cards and phones: a card with a holder is that phone's card. */
export function worldOf(cards: readonly Card[], phones: readonly Phone[], repliesLeft = 1_000): LiveWorld {
  const cardOf = (number: Msisdn) => cards.find(({ holder }) => holder === number)?.number;
  return {
    cards: new Map(cards.map((one) => [one.number, one])),
    phones: new Map(phones.map((one) => [one.number, { ...one, card: cardOf(one.number) }])),
    repliesLeft,
  };
}
