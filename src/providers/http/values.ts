import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { MobileTerminated } from '../../sms/message.ts';
import { withoutPlus } from '../plus.ts';
import { CODINGS, encodeText } from './coding.ts';
import { placeOf } from './place.ts';
import type { Proof } from './proof.ts';
import { isCoding, type Slot, type Template, templateFault, templateOf } from './template.ts';

/** What a request may say of the SMS that is sent. */
export const VALUES = ['to', 'from', 'text', 'replyId', 'callbackUrl', 'validitySeconds', 'validityMinutes'] as const;

/** The values of one SMS, by name; without those that it has not. */
export type Values = Readonly<Partial<Record<(typeof VALUES)[number], string>>>;

/**
 * Ways to write a value. `national`: a number as it is dialled in its own country (`09121234567`). `number` is for JSON,
 * and must be all of the value.
 */
const FILTERS = ['withoutPlus', 'national', 'number', ...CODINGS] as const;

/** The values of an SMS. `callbackUrl` already leads to the reply and carries the token, if that stands in the URL. */
export function valuesOf(message: MobileTerminated, callbackUrl: string): Values {
  const { replyId, from, to, text, validitySeconds } = message;
  return {
    to,
    from,
    text,
    replyId,
    callbackUrl,
    ...(validitySeconds !== undefined && {
      validitySeconds: String(validitySeconds),
      validityMinutes: String(Math.max(1, Math.floor(validitySeconds / 60))),
    }),
  };
}

/** Why a text cannot be filled in with values of an SMS; undefined when it can. */
export function fillFault(text: string): string | undefined {
  return templateFault(text, nameFault, FILTERS);
}

function nameFault(name: string): string | undefined {
  return isName(name) ? undefined : `knows no value ${name}, only ${VALUES.join(', ')}`;
}

/** The text with its values; undefined when one of them is not there. `encode` is applied to values alone. */
export function filled(
  text: string,
  values: Values,
  encode: (value: string) => string = (value) => value,
): string | undefined {
  const pieces = templateOf(text).map((piece) => {
    if (typeof piece === 'string') return piece;
    const value = written(piece, values);
    return value === undefined ? undefined : encode(value);
  });
  return pieces.includes(undefined) ? undefined : pieces.join('');
}

/** The number that a template of nothing but `{{ name | number }}` stands for; undefined when it is another. */
export function numberIn(text: string, values: Values): number | undefined {
  const [slot, ...rest]: Template = templateOf(text);
  if (slot === undefined || typeof slot === 'string' || slot.filter !== 'number' || rest.length > 0) return undefined;
  const value = written(slot, values);
  return value === undefined || !/^\d{1,15}$/.test(value) ? undefined : Number(value);
}

function written({ name, filter }: Slot, values: Values): string | undefined {
  const value = isName(name) ? values[name] : undefined;
  if (value === undefined) return undefined;
  if (filter === 'withoutPlus' || filter === 'number') return withoutPlus(value);
  if (filter === 'national') return national(value);
  return isCoding(filter) ? encodeText(filter, value) : value.toWellFormed();
}

/** What is no number of a country, such as a short code, stays as it is. */
function national(value: string): string {
  return parsePhoneNumberFromString(value)?.formatNational().replace(/\D/g, '') ?? value;
}

function isName(name: string): name is (typeof VALUES)[number] {
  return VALUES.some((known) => known === name);
}

/** The channel's webhook with our reply's id and, when the token stands in the URL, that too. */
export function callbackUrlOf(
  webhookUrl: string,
  replyId: string,
  { webhookToken, webhookTokenAt }: Pick<Proof, 'webhookToken' | 'webhookTokenAt'>,
): string {
  const place = placeOf(webhookTokenAt);
  const token = place.in === 'query' && webhookToken !== undefined ? { [place.name]: webhookToken[0] } : {};
  return `${webhookUrl}?${new URLSearchParams({ ...token, reply: replyId }).toString()}`;
}
