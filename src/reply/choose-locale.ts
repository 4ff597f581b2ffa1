import type { CountryCode } from 'libphonenumber-js';
import type { Script } from '../activation/intent.ts';
import type { Locale, Program } from '../activation/program.ts';

/** What is known of the person we answer. */
export interface Reader {
  /** The language that the member chose, or was last answered in. */
  readonly member?: Locale | undefined;
  /** The script of the text they sent; a text of digits has none. */
  readonly script?: Script | undefined;
  /** The country of their phone. */
  readonly country?: CountryCode | undefined;
  readonly program: Program;
}

const OF_SCRIPT = { latin: 'en', cyrillic: 'ru', arabic: 'fa' } as const satisfies Record<Script, Locale>;

/** The language of a text message that most people of a country read, where it is one of ours. */
const OF_COUNTRY: Readonly<Partial<Record<CountryCode, Locale>>> = {
  RU: 'ru',
  BY: 'ru',
  KZ: 'ru',
  KG: 'ru',
  TJ: 'ru',
  UZ: 'ru',
  IR: 'fa',
  AF: 'fa',
  US: 'en',
  CA: 'en',
  GB: 'en',
  IE: 'en',
  AU: 'en',
  NZ: 'en',
};

/**
 * The language of a reply: the member's, else that of the script of their text, else that of their phone's country,
 * else the programme's first. Always one of the programme's.
 */
export function chooseLocale({ member, script, country, program }: Reader): Locale {
  const wishes = [member, script && OF_SCRIPT[script], country && OF_COUNTRY[country]];
  return wishes.find((wish) => wish !== undefined && program.locales.includes(wish)) ?? program.locales[0];
}

/** A header of a browser names a few languages; no more of it is looked at. */
const MAX_HEADER = 500;

/**
 * The language that an `Accept-Language` header wants most among the programme's, else the programme's first. Regions are
 * of no account: `fa-AF` reads Persian. Source: RFC 9110 §12.5.4.
 */
export function acceptedLocale(header: string | undefined, program: Pick<Program, 'locales'>): Locale {
  const wishes = (header ?? '')
    .slice(0, MAX_HEADER)
    .split(',')
    .map((wish) => {
      const [tag = '', weight] = wish.split(';').map((part) => part.trim().toLowerCase());
      return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight.replace(/^q=/, '')) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight);
  for (const { language } of wishes) {
    const locale = language === '*' ? program.locales[0] : program.locales.find((one) => one === language);
    if (locale !== undefined) return locale;
  }
  return program.locales[0];
}
