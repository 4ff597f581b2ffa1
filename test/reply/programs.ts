import type { Program } from '../../src/activation/program.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';

/** A programme with a short Latin name, as in the example configuration. */
export const CLUB: Program = Object.freeze({
  key: 'club',
  name: 'Club',
  countries: ['RU', 'KZ', 'IR'],
  locales: ['ru', 'en', 'fa'],
  support: '+74950000000' as Msisdn,
  rebind: { phoneHasAnotherCard: 'code', cardHasAnotherPhone: 'ask-holder' },
  series: [{ name: 'main', prefix: '9643', length: 16, check: 'luhn', alphabet: 'digits' }],
  replyMode: 'friendly',
  limits: {
    attempts: 5,
    attemptsWindowHours: 24,
    repliesPerPhone: 5,
    repliesPerDay: 10_000,
    codesPerPhone: 5,
    codesPerAddressBlock: 30,
    codesPerDay: 2_000,
    readsPerMinute: 18_000,
    changesPerMinute: 1_200,
    changesPerVisitor: 30,
  },
  ways: [],
  origins: [],
  redeemNeedsProvedPhone: false,
  events: undefined,
  keywords: [],
} satisfies Program);

/** A programme that makes replies long: a name of 18 letters that GSM-7 lacks, and a long phone number. */
export const LONG_NAMED: Program = Object.freeze({
  ...CLUB,
  key: 'bakery',
  name: 'Пекарня «У Марины»',
  support: '+989121234567' as Msisdn,
});
