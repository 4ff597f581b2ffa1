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
