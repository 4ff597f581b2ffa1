import type { CountryCode } from 'libphonenumber-js';
import type { Msisdn } from '../sms/msisdn.ts';

/** A language we have reply texts for, as a BCP 47 tag and a folder of `templates/`. */
export type Locale = 'ru' | 'en' | 'fa';

export const LOCALES = ['ru', 'en', 'fa'] as const satisfies readonly Locale[];

/** How the last character of a card number is checked. */
export type CheckDigit = 'luhn' | 'ean13' | 'none';

/** One run of card numbers of a programme: everything that makes a number well-formed. */
export interface CardSeries {
  readonly name: string;
  /** Canonical: digits, or digits and upper-case Latin letters for an alphanumeric series. */
  readonly prefix: string;
  /** The whole number's length in characters, prefix and check digit included. */
  readonly length: number;
  readonly check: CheckDigit;
  readonly alphabet: 'digits' | 'alphanumeric';
}

/** What is offered when a card or a phone is already taken. */
export interface RebindPolicy {
  /** `code`: a code in the reply lets the phone switch cards. `support`: a case for an operator. */
  readonly phoneHasAnotherCard: 'code' | 'support';
  /** `support`: a case for an operator. `ask-holder`: the present holder is texted a code that releases the card. */
  readonly cardHasAnotherPhone: 'support' | 'ask-holder';
}

/** Bounds that keep guessing, loops and bills in check. All are kept in Postgres, never in Redis. */
export interface ProgramLimits {
  /** Texts per phone and window that named no bindable card, before `too-many-attempts`. */
  readonly attempts: number;
  readonly attemptsWindowHours: number;
  /** Replies to one phone in ten minutes, whatever it sends. */
  readonly repliesPerPhone: number;
  /** Replies of the programme in a UTC day. */
  readonly repliesPerDay: number;
  /** Confirmation codes in a UTC day: to one phone, for one block of addresses, and of the whole programme. */
  readonly codesPerPhone: number;
  readonly codesPerAddressBlock: number;
  readonly codesPerDay: number;
  /** Calls of the API in a minute and process: what one key asks, what it changes, and what one visitor of a website changes. */
  readonly readsPerMinute: number;
  readonly changesPerMinute: number;
  readonly changesPerVisitor: number;
}

/** Ways to activate a card other than an SMS. */
export type Way = 'till' | 'website' | 'questionnaire';

export const WAYS = ['till', 'website', 'questionnaire'] as const satisfies readonly Way[];

/** The address of a loyalty back end. */
export interface EventEndpoint {
  readonly url: string;
  /** `whsec_` and base64, as Standard Webhooks spells it. */
  readonly secret: string;
}

/** A loyalty programme, as declared in `cardwake.yaml`; frozen. */
export interface Program {
  /** The key in the configuration file; stored with every row of the programme. */
  readonly key: string;
  readonly name: string;
  readonly countries: readonly CountryCode[];
  /** The first is the default. */
  readonly locales: readonly [Locale, ...Locale[]];
  readonly support: Msisdn;
  readonly rebind: RebindPolicy;
  readonly series: readonly [CardSeries, ...CardSeries[]];
  /** `uniform`: one text, and on the website one problem, for unknown, taken and blocked cards: none tells which cards exist. */
  readonly replyMode: 'friendly' | 'uniform';
  readonly limits: ProgramLimits;
  /** How customers may come in besides texting their card's number, which is always possible. */
  readonly ways: readonly Way[];
  /** Web pages that may call the API from a browser, as origins: `https://shop.example`. */
  readonly origins: readonly string[];
  /** True: a card redeems only when its member's phone was proved, not just typed from a form. */
  readonly redeemNeedsProvedPhone: boolean;
  /** Where the loyalty back end is told of what happens; signed with the secret as Standard Webhooks says. */
  readonly events: EventEndpoint | undefined;
  /** Words that customers are told to write before the number; matched without regard to case. */
  readonly keywords: readonly string[];
}
