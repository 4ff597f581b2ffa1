import type { CardSeries, Program } from '../../src/activation/program.ts';
import { parseMsisdn } from '../../src/sms/msisdn.ts';

const main: CardSeries = { name: 'main', prefix: '9643', length: 16, check: 'luhn', alphabet: 'digits' };
const ean: CardSeries = { name: 'ean', prefix: '2900', length: 13, check: 'ean13', alphabet: 'digits' };
const short: CardSeries = { name: 'short', prefix: '91', length: 10, check: 'none', alphabet: 'digits' };
const vip: CardSeries = { name: 'vip', prefix: 'VIP', length: 12, check: 'luhn', alphabet: 'alphanumeric' };
const gift: CardSeries = { name: 'gift', prefix: 'AB', length: 10, check: 'none', alphabet: 'alphanumeric' };

/** The programmes that the tables of this folder are about. */
export const PROGRAMS = {
  club: program('club', [main]),
  plain: program('plain', [{ ...main, check: 'none' }]),
  many: program('many', [main, ean, short, vip, gift]),
} as const satisfies Record<string, Program>;

export const SERIES = { main, ean, short, vip, gift } as const satisfies Record<string, CardSeries>;

/** A programme of Russia, Kazakhstan and Iran with these series, which may be changed in any way. */
export function program(key: string, series: Program['series'], changes: Partial<Program> = {}): Program {
  const support = parseMsisdn('+74950000000');
  if (support === undefined) throw new Error('The support phone must be valid');
  return {
    key,
    name: 'Club',
    countries: ['RU', 'KZ', 'IR'],
    locales: ['ru', 'en', 'fa'],
    support,
    rebind: { phoneHasAnotherCard: 'code', cardHasAnotherPhone: 'support' },
    series,
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
    ways: ['till', 'website', 'questionnaire'],
    origins: [],
    redeemNeedsProvedPhone: false,
    events: undefined,
    keywords: ['клуб', 'club', 'باشگاه'],
    ...changes,
  };
}
