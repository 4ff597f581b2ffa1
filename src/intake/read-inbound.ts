import { createHash } from 'node:crypto';
import { foldWord } from '../activation/fold.ts';
import type { Intent } from '../activation/intent.ts';
import type { Program } from '../activation/program.ts';
import { read } from '../activation/read.ts';
import { pickRoute, programsAt } from '../activation/route.ts';
import { detectScript } from '../activation/script.ts';
import { type AddressKeys, readSender } from '../activation/sender.ts';
import { vocabularyOf } from '../activation/vocabulary.ts';
import { EVERYBODYS_WORDS } from '../activation/words.ts';
import type { Channel } from '../config.ts';
import type { MessagePart, MobileOriginated } from '../sms/message.ts';
import type { NewInbound } from '../store/inbox.ts';
import { type LongMessage, type NewPart, utf16be } from '../store/long-messages.ts';

/** What an SMS is judged by on arrival. */
export interface Reading {
  readonly channel: Channel;
  readonly programs: ReadonlyMap<string, Program>;
  /** The addresses of all our channels: what comes from one of them is a loop. */
  readonly ownAddresses: AddressKeys;
  /** Told when reading failed, which is a bug of ours; the SMS is kept and read again by the worker. */
  readonly onReadError: (error: unknown) => void;
}

const INTENT_OF_OPT_OUT = {
  STOP: { kind: 'stop' },
  START: { kind: 'start' },
  HELP: { kind: 'help' },
} as const satisfies Record<string, Intent>;

/** An SMS as the inbox keeps it: programme picked, sender judged, text read. Pure but for `onReadError`; never throws. */
export function readInbound(message: MobileOriginated, rawBody: Buffer, reading: Reading): NewInbound {
  const { channel, programs, ownAddresses } = reading;
  const text = storable(message.text);
  const program = programFor(channel, programs, message);
  const sender = program === undefined ? undefined : readSender(message.from, program, ownAddresses);
  const mobile = sender?.kind === 'mobile' ? sender : undefined;
  return {
    channel: channel.key,
    providerMessageId: idempotencyKey(message.providerMessageId),
    program: program?.key,
    sender: mobile?.msisdn,
    senderRaw: storable(message.from),
    country: mobile?.country,
    recipient: storable(message.to),
    text,
    raw: text === message.text ? undefined : rawBody.toString('base64'),
    script: program === undefined ? undefined : detectScript(ownWords(text, program)),
    optOut: message.optOut,
    intent: program === undefined || mobile === undefined ? undefined : intentOf(message, text, program, reading),
    outcome: mobile === undefined ? 'unsupported-sender' : undefined,
  };
}

/** A part of a long SMS as the store collects it. Pure; never throws. */
export function readPart(part: MessagePart, { channel, programs, ownAddresses }: Reading): NewPart {
  const program = programFor(channel, programs, part);
  const sender = program === undefined ? undefined : readSender(part.from, program, ownAddresses);
  return {
    channel: channel.key,
    providerMessageId: idempotencyKey(part.providerMessageId),
    sender: sender?.kind === 'mobile' ? sender.msisdn : undefined,
    senderRaw: storable(part.from),
    recipient: storable(part.to),
    reference: idempotencyKey(part.reference),
    total: part.total,
    position: part.position,
    text: part.text,
    waitMs: channel.partsTimeoutMinutes * 60_000,
  };
}

/**
 * A long SMS as the inbox keeps it. Of one that is not whole, a card number counts, and a STOP; that it is a code, START
 * or HELP and nothing else could only be said of the whole, and a name might be half of one.
 */
export function readLongMessage(message: LongMessage, reading: Reading): NewInbound {
  const inbound = readInbound(message, utf16be(message.text), reading);
  return message.isWhole ? inbound : { ...inbound, intent: surely(inbound.intent) };
}

function surely(intent: Intent | undefined): Intent | undefined {
  switch (intent?.kind) {
    case 'card':
      return { kind: 'card', card: intent.card };
    case 'code':
    case 'start':
    case 'help':
      return { kind: 'none' };
    case 'mistyped':
    case 'several':
    case 'none':
    case 'stop':
    case undefined:
      return intent;
    default:
      return intent satisfies never;
  }
}

/** A call that was authentic but not understood: kept whole, for people to look at. */
export function keepUnreadable(channel: Channel, providerMessageId: string, rawBody: Buffer): NewInbound {
  return {
    channel: channel.key,
    providerMessageId: idempotencyKey(providerMessageId),
    program: undefined,
    sender: undefined,
    senderRaw: '',
    country: undefined,
    recipient: '',
    text: '',
    raw: rawBody.toString('base64'),
    script: undefined,
    optOut: undefined,
    intent: undefined,
    outcome: 'unreadable',
  };
}

/**
 * The text without numbers and what says nothing of a customer's language: keywords, which we told them to write, the letters
 * that card numbers begin with, and Latin words such as STOP.
 */
function ownWords(text: string, program: Program): string {
  const { writtenKeywords, prefixLetters } = vocabularyOf(program);
  const isOwn = (word: string) => {
    if (/\p{Nd}/u.test(word)) return false;
    const letters = word.replaceAll(/[^\p{L}\p{M}]/gu, '');
    const isLatin = /^[a-z]+$/i.test(letters);
    const folded = isLatin ? letters.toLowerCase() : foldWord(letters);
    if (writtenKeywords.has(folded)) return false;
    return !isLatin || !(EVERYBODYS_WORDS.has(folded) || prefixLetters.has(folded));
  };
  return text.slice(0, 1_600).split(/\s+/u).filter(isOwn).join(' ');
}

/** An SMS that fits no route still gets an answer: that of the channel's first programme. */
function programFor(
  { routes }: Channel,
  programs: ReadonlyMap<string, Program>,
  { to, text }: Pick<MobileOriginated, 'to' | 'text'>,
): Program | undefined {
  const route = pickRoute(routes, to, text) ?? routes[0];
  return programs.get(route.program);
}

function intentOf(message: MobileOriginated, text: string, program: Program, reading: Reading): Intent | undefined {
  const { optOut } = message;
  try {
    const intent = optOut === undefined ? read(text, program) : INTENT_OF_OPT_OUT[optOut];
    return intent.kind === 'stop' ? stopAt(message, program, reading) : intent;
  } catch (error) {
    reading.onReadError(error);
    return undefined;
  }
}

/** Who texts STOP wants no more texts from this number, whichever programmes share it; behind a keyword it is for one. */
function stopAt({ to, text }: MobileOriginated, program: Program, { channel, programs }: Reading): Intent {
  if (pickRoute(channel.routes, to, text)?.keyword !== undefined) return { kind: 'stop' };
  const alsoOf = programsAt(channel.routes, to).filter((key) => key !== program.key && programs.has(key));
  return alsoOf.length === 0 ? { kind: 'stop' } : { kind: 'stop', alsoOf };
}

/** An index entry has at most 2,704 bytes; no provider's id comes near 200 characters, so a longer one is hashed. */
function idempotencyKey(providerMessageId: string): string {
  if (providerMessageId.length <= 200) return storable(providerMessageId);
  return `sha256:${createHash('sha256').update(providerMessageId).digest('hex')}`;
}

/** Postgres takes neither NUL nor half a surrogate pair; the body is kept beside a text that had one. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
