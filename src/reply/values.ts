import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { type CardNumber, exampleCardNumber, groupCardNumber } from '../activation/card-number.ts';
import type { ReplyFacts } from '../activation/decision.ts';
import type { Program } from '../activation/program.ts';
import { lastFour, maskCard } from '../sms/mask.ts';
import { TEXTS, type TextName } from './texts.ts';
import type { ReplyValues } from './variables.ts';

/** Where and when a reply is said. */
export interface ReplyMoment {
  /** The address of ours that the customer texts. */
  readonly address: string;
  /** The word that an answer to this address has to begin with; undefined where it needs none. */
  readonly keyword?: string | undefined;
  /** What is left of a code's or a wait's time is counted from here. */
  readonly now: Date;
}

/** A situation that a reply text must be good for. */
export interface Sample {
  /** For people: `with code, minutes`; empty when the reply knows one situation only. */
  readonly situation: string;
  readonly values: ReplyValues;
}

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;

/** What a reply says, with cards masked, numbers in groups and times as what is left. The only way from facts to words. */
export function replyValues(program: Program, facts: ReplyFacts, { address, keyword, now }: ReplyMoment): ReplyValues {
  const { card, otherCard, code, expiresAt, until } = facts;
  return {
    ...programValues(program),
    number: readable(address),
    ...(card !== undefined && { card: maskCard(card) }),
    ...(otherCard !== undefined && { otherCard: maskCard(otherCard) }),
    ...(code !== undefined && { code: keyword === undefined ? code : withKeyword(keyword, code) }),
    ...(expiresAt !== undefined && { minutes: left(expiresAt, now, MS_PER_MINUTE) }),
    ...(until !== undefined && { hours: left(until, now, MS_PER_HOUR) }),
    ...(facts.isHolderAsked === true && { asked: true }),
  };
}

/** A code as it is to be sent back, so that the texts need not know: alone it would go to another programme. */
function withKeyword(keyword: string, code: string): string {
  return `${keyword} ${code}`;
}

/** What is known when a till asks about a card. */
export interface TillFacts {
  readonly card: CardNumber;
  /** The card that took the place of this one. */
  readonly successor: CardNumber | undefined;
  /** Where customers text to, and the word that has to stand first; undefined when no channel leads to the programme. */
  readonly line: { readonly address: string; readonly keyword?: string } | undefined;
}

/** What a text for the till says. */
export function tillValues(program: Program, { card, successor, line }: TillFacts): ReplyValues {
  return {
    ...programValues(program),
    card: maskCard(card),
    ...(successor !== undefined && { successor: lastFour(successor) }),
    ...(line !== undefined && { number: readable(line.address) }),
    ...(line?.keyword !== undefined && { keyword: line.keyword }),
  };
}

/** Every situation of a text in a programme, each value as long as it gets: what checks and previews render. */
export function samplesOf(name: TextName, program: Program): readonly Sample[] {
  const { variables, sometimes } = TEXTS[name];
  const keyword = longestOf(program.keywords);
  const longest: ReplyValues = {
    ...programValues(program),
    number: '+44 7911 123 4567',
    card: '•••• 3456',
    otherCard: '•••• 8888',
    code: longestCode(name, keyword),
    minutes: '15',
    hours: String(program.limits.attemptsWindowHours),
    asked: true,
    keyword: keyword ?? 'club',
    successor: '8888',
  };
  const everywhere = ['program', 'support', 'number', 'example', 'digits'] as const;
  const always = pick(longest, [...everywhere, ...variables]);
  if (sometimes.length === 0) return [{ situation: '', values: always }];
  const names = sometimes.join(', ');
  return [
    { situation: `with ${names}`, values: { ...always, ...pick(longest, sometimes) } },
    { situation: `without ${names}`, values: always },
  ];
}

/** Behind a longer keyword a code may cost a third segment: better than a service that does not start because of it. */
const LONGEST_PRICED_KEYWORD = 15;

/** A code that proves a phone is typed elsewhere, never sent back. */
function longestCode(name: TextName, keyword: string | undefined): string {
  if (name === 'confirm-code') return '482193';
  return keyword === undefined ? '4821' : withKeyword(keyword.slice(0, LONGEST_PRICED_KEYWORD), '4821');
}

function longestOf(words: readonly string[]): string | undefined {
  return words.toSorted((a, b) => b.length - a.length)[0];
}

/** Whole units from now to then, rounded up so that nobody comes back too early; at least one. */
function left(until: Date, now: Date, unitMs: number): string {
  return String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / unitMs)));
}

/** Our own addresses and support phones: few, and the same in every reply. */
const readables = new Map<string, string>();
const MOST_READABLES = 1_000;

/** A phone number in groups, as printed: `+7 495 000 00 00`; a short code stays as it is. */
function readable(phone: string): string {
  const known = readables.get(phone);
  if (known !== undefined) return known;
  const formatted = parsePhoneNumberFromString(phone)?.formatInternational() ?? phone;
  if (readables.size < MOST_READABLES) readables.set(phone, formatted);
  return formatted;
}

const ofProgram = new WeakMap<Program, ReplyValues>();

/** The same for every reply of a programme, which is frozen: made once, as formatting a phone is the slow part. */
function programValues(program: Program): ReplyValues {
  const known = ofProgram.get(program);
  if (known !== undefined) return known;
  const values: ReplyValues = {
    program: program.name,
    support: readable(program.support),
    example: groupCardNumber(exampleCardNumber(program.series[0])),
    digits: [...new Set(program.series.map((series) => series.length))].join('/'),
  };
  ofProgram.set(program, values);
  return values;
}

function pick(values: ReplyValues, names: readonly (keyof ReplyValues)[]): ReplyValues {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
