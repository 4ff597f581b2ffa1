import { createHash } from 'node:crypto';
import type { MobileOriginated, OptOutKind } from '../../sms/message.ts';
import { isProviderId, isSenderId } from '../ids.ts';
import { withPlus } from '../plus.ts';
import type { Received } from '../provider.ts';
import { type Coding, decodeText } from './coding.ts';
import { placeOf, type Source, textAt } from './place.ts';
import { isAmong } from './words.ts';

/** Where an SMS has what. */
export interface SmsPlaces {
  /** One place, or several whose values together are the id. */
  readonly id: readonly [string, ...string[]];
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly textCoding: Coding | 'plain';
  readonly numbersLackPlus: boolean;
  readonly reference?: string;
  readonly part?: string;
  readonly total?: string;
  readonly optOut?: { readonly at: string } & { readonly [Kind in OptOutKind]?: readonly string[] };
}

/** The SMS, or the part of one, that a source tells; a reason when it cannot be read. */
export function smsIn(source: Source, places: SmsPlaces): Received | string {
  const at = (place: string) => textAt(placeOf(place), source);
  const providerMessageId = idIn(source, places.id);
  if (providerMessageId === undefined) return 'no id';
  const [from, to] = [at(places.from)?.trim(), at(places.to)?.trim()];
  if (!isSenderId(from) || !isSenderId(to)) return 'no from or to';
  const written = at(places.text);
  if (written === undefined) return 'no text';
  const text = places.textCoding === 'plain' ? written : decodeText(places.textCoding, written);
  if (text === undefined) return `a text that is not written as ${places.textCoding}`;
  const numberOf = (told: string) => (places.numbersLackPlus ? withPlus(told) : told);
  const sms = { providerMessageId, from: numberOf(from), to: numberOf(to), text };
  return partIn(source, places, sms) ?? { kind: 'message', message: { ...sms, ...optOutIn(source, places) } };
}

/** The id that a source tells, when it can be kept. */
export function idIn(source: Source, places: SmsPlaces['id']): string | undefined {
  const told = places.map((place) => textAt(placeOf(place), source)?.trim());
  if (told.includes(undefined)) return undefined;
  const [id] = told;
  if (told.length === 1) return isProviderId(id) ? id : undefined;
  // Hashed: what an id is made of may be a phone.
  return `sha256:${createHash('sha256').update(JSON.stringify(told)).digest('hex')}`;
}

const MAX_TOTAL = 255;

/** Undefined when the SMS came whole, a reason when its place among the parts makes no sense. */
function partIn(
  source: Source,
  { reference, part, total }: SmsPlaces,
  sms: MobileOriginated,
): Received | string | undefined {
  if (reference === undefined || part === undefined || total === undefined) return undefined;
  const told = [reference, part, total].map((place) => textAt(placeOf(place), source)?.trim() ?? '');
  const [name = '', position, count] = [told[0], wholeNumber(told[1]), wholeNumber(told[2])];
  if (told.every((text) => text === '') || (count ?? 0) <= 1) return undefined;
  const isPlaced = position !== undefined && count !== undefined && position >= 1 && position <= count;
  if (!isPlaced || count > MAX_TOTAL || !isProviderId(name)) return 'a part without its place';
  return { kind: 'part', part: { ...sms, reference: name, total: count, position } };
}

function wholeNumber(text: string | undefined): number | undefined {
  return /^\d{1,4}$/.test(text ?? '') ? Number(text) : undefined;
}

function optOutIn(source: Source, { optOut }: SmsPlaces): { readonly optOut?: OptOutKind } {
  if (optOut === undefined) return {};
  const word = textAt(placeOf(optOut.at), source) ?? '';
  const kind = (['STOP', 'START', 'HELP'] as const).find((one) => isAmong(optOut[one], word));
  return kind === undefined ? {} : { optOut: kind };
}
