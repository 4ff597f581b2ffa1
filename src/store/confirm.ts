import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { EnrolOutcome } from '../activation/enrol.ts';
import type { Program, Way } from '../activation/program.ts';
import { chooseLocale } from '../reply/choose-locale.ts';
import { type Msisdn, numberingFacts } from '../sms/msisdn.ts';
import {
  CODE_MINUTES,
  CODE_RESEND_SECONDS,
  CODE_RESENDS,
  countCode,
  hashCode,
  isCode,
  newCode,
  queueCode,
  rememberedLocale,
  TooManyCodes,
} from './codes.ts';
import { type Enrolment, endEnrolment, handToOperator, insertEnrolment, lockEnrolment } from './enrolments.ts';
import { holdIn, type JoinRequest, joinIn, judgeIn } from './join.ts';
import { lockPhones } from './locks.ts';
import { changeAndText, type Round, type Texting, type TextingAddress } from './texting.ts';

/** How codes leave. */
export interface CodeRoute {
  readonly from: TextingAddress;
  /** Of a visitor of the website; undefined for a till. */
  readonly addressBlock: string | undefined;
  /** Whether a phone can take part; one that cannot is never sent a code, and its code is never right. */
  readonly isTextable: (phone: Msisdn) => boolean;
}

/** A code is on its way, or seems to be. */
export interface CodeSent {
  readonly kind: 'code-sent';
  readonly id: string;
  readonly expiresAt: Date;
  readonly resendAfter: Date;
}

/** `retryAfterSeconds` undefined: never again for this enrolment. */
export interface CodeRefused {
  readonly kind: 'too-many-codes';
  readonly retryAfterSeconds: number | undefined;
}

/** The card cannot be had, and why. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly outcome: EnrolOutcome;
}

interface Settled {
  readonly kind: 'not-found' | 'already-decided' | 'code-expired';
}

export type CodeWanted = Omit<JoinRequest, 'proof' | 'phoneProof' | 'from'> &
  CodeRoute & { readonly way: Way; readonly shop: string | undefined };

/**
 * Keeps what was typed and texts the phone a code. A till is told at once when the card cannot be had; for the website
 * nothing is looked at that could tell a card or a phone that exists from one that does not.
 */
export async function startWithCode(texting: Texting, wanted: CodeWanted): Promise<CodeSent | CodeRefused | Conflict> {
  return await withinCaps<CodeSent | Conflict>(texting, wanted.program, async (round) => {
    if (wanted.way !== 'website') {
      const outcome = await judgeIn(round, { ...wanted, proof: 'code', phoneProof: 'code' });
      if (outcome !== 'activated' && outcome !== 'already-active') return { kind: 'conflict', outcome };
    }
    const { card, phone, way, shop, actor, profile = {}, consents = {}, now } = wanted;
    const id = randomUUID();
    const next = nextCode(id, wanted, phone);
    const enrolment = { id, way, card, phone, profile, consents, state: 'code-sent', entered_by: actor } as const;
    const terms = { code_hash: next.hash, codes_sent: 1, resend_after: next.resendAfter, expires_at: next.expiresAt };
    await insertEnrolment(round.trx, wanted.program.key, {
      ...enrolment,
      ...terms,
      shop: shop ?? null,
      created_at: now,
    });
    return await send(round, wanted, { id, card, phone }, next);
  });
}

export type CodeWantedAgain = CodeRoute & {
  readonly program: Program;
  readonly way: Way;
  readonly id: string;
  readonly now: Date;
};

/** Texts a new code in place of the last one, not too soon and not too often. Tries that were used stay used. */
export async function resendCode(texting: Texting, wanted: CodeWantedAgain): Promise<CodeSent | CodeRefused | Settled> {
  return await withinCaps<CodeSent | CodeRefused | Settled>(texting, wanted.program, async (round) => {
    const enrolment = await lockEnrolment(round.trx, wanted.program.key, wanted.id);
    const settled = settledOf(enrolment, wanted.way);
    if (settled !== undefined) return settled;
    const { id, card, phone, codes_sent, resend_after } = enrolment as Waiting;
    if (codes_sent > CODE_RESENDS) return { kind: 'too-many-codes', retryAfterSeconds: undefined };
    const waitMs = (resend_after?.getTime() ?? 0) - wanted.now.getTime();
    if (waitMs > 0) throw new TooManyCodes(Math.ceil(waitMs / 1000));
    const next = nextCode(id, wanted, phone);
    await sql`UPDATE enrolments SET code_hash = ${next.hash}, codes_sent = codes_sent + 1,
      resend_after = ${next.resendAfter}, expires_at = ${next.expiresAt} WHERE id = ${id}::uuid`.execute(round.trx);
    return await send(round, wanted, { id, card, phone }, next);
  });
}

export interface Confirmation {
  readonly program: Program;
  readonly way: Way;
  readonly id: string;
  readonly code: string;
  readonly actor: string;
  /** `check`: who asks may not activate, so an operator looks at it. */
  readonly wish: 'activate' | 'check';
  readonly from: TextingAddress | undefined;
  readonly now: Date;
}

export type Confirmed =
  | Settled
  | Conflict
  | { readonly kind: 'wrong-code'; readonly triesLeft: number }
  | { readonly kind: 'joined'; readonly outcome: 'activated' | 'already-active' }
  | { readonly kind: 'awaiting-check' };

/** Takes the code that the phone was sent, once: what comes of it is decided now, not when the code was asked for. */
export async function confirmCode(texting: Texting, confirmation: Confirmation): Promise<Confirmed> {
  const { program, way, id, code, now } = confirmation;
  return await changeAndText(texting, program, async (round) => {
    const enrolment = await lockEnrolment(round.trx, program.key, id);
    const settled = settledOf(enrolment, way);
    if (settled !== undefined) return settled;
    const waiting = enrolment as Waiting;
    if (waiting.expires_at === null || waiting.expires_at <= now) return { kind: 'code-expired' };
    if (!isCode(waiting.code_hash, waiting.id, code)) return await countWrongCode(round, waiting, now);
    return await settle(round, waiting, confirmation);
  });
}

type Waiting = Enrolment & { readonly phone: Msisdn };

/** Undefined for an enrolment that waits for its code. */
function settledOf(enrolment: Enrolment | undefined, way: Way): Settled | undefined {
  if (enrolment === undefined || enrolment.way !== way) return { kind: 'not-found' };
  if (enrolment.state === 'code-sent' && enrolment.phone !== null) return undefined;
  return { kind: enrolment.state === 'expired' ? 'code-expired' : 'already-decided' };
}

async function countWrongCode({ trx }: Round, { id, tries_left }: Waiting, now: Date): Promise<Confirmed> {
  const triesLeft = tries_left - 1;
  await sql`UPDATE enrolments SET tries_left = ${triesLeft} WHERE id = ${id}::uuid`.execute(trx);
  if (triesLeft <= 0) await endEnrolment(trx, id, { state: 'expired', now });
  return { kind: 'wrong-code', triesLeft };
}

async function settle(
  round: Round,
  { id, card, phone, profile, consents }: Waiting,
  { program, actor, wish, from, now }: Confirmation,
): Promise<Confirmed> {
  const request: JoinRequest = {
    program,
    card,
    phone,
    profile,
    consents,
    actor,
    from,
    now,
    proof: 'code',
    phoneProof: 'code',
  };
  const outcome = wish === 'check' ? await holdIn(round, request) : (await joinIn(round, request)).outcome;
  // Nothing is left to check, but the code has proved the phone of the member.
  if (wish === 'check' && outcome === 'already-active') await joinIn(round, request);
  if (outcome === 'awaiting-check') {
    await handToOperator(round.trx, id);
    return { kind: 'awaiting-check' };
  }
  const isJoined = outcome === 'activated' || outcome === 'already-active';
  await endEnrolment(round.trx, id, { state: isJoined ? 'done' : 'refused', outcome, actor, now });
  return isJoined ? { kind: 'joined', outcome } : { kind: 'conflict', outcome };
}

interface NextCode {
  readonly code: string;
  readonly hash: Buffer | null;
  readonly canBeTexted: boolean;
  readonly expiresAt: Date;
  readonly resendAfter: Date;
}

function nextCode(id: string, { isTextable, now }: CodeRoute & { readonly now: Date }, phone: Msisdn): NextCode {
  const code = newCode();
  const canBeTexted = isTextable(phone);
  const hash = hashCode(id, code);
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  return {
    code,
    canBeTexted,
    hash: canBeTexted ? hash : null,
    expiresAt: inSeconds(CODE_MINUTES * 60),
    resendAfter: inSeconds(CODE_RESEND_SECONDS),
  };
}

async function send(
  { trx, repliesLeft, queued }: Round,
  { program, from, addressBlock, now }: CodeRoute & { readonly program: Program; readonly now: Date },
  { id, card, phone }: Pick<Waiting, 'id' | 'card' | 'phone'>,
  { code, canBeTexted, expiresAt, resendAfter }: NextCode,
): Promise<CodeSent> {
  // Brings back the opt-out that an erasure kept of the phone: nobody is texted who did not want to be.
  await lockPhones(trx, program.key, [phone]);
  const member = await rememberedLocale(trx, program.key, phone);
  const locale = chooseLocale({ member, country: numberingFacts(phone)?.country, program });
  const texts = await queueCode(trx, {
    enrolment: id,
    program,
    from,
    phone,
    card,
    code,
    expiresAt,
    locale,
    canBeTexted,
  });
  await countCode(trx, program, { phone, addressBlock, now, repliesLeft });
  queued.push(...texts);
  return { kind: 'code-sent', id, expiresAt, resendAfter };
}

/** A cap that is reached undoes all that the transaction did. */
async function withinCaps<T>(
  texting: Texting,
  program: Program,
  work: (round: Round) => Promise<T>,
): Promise<T | CodeRefused> {
  try {
    return await changeAndText(texting, program, work);
  } catch (error) {
    if (!(error instanceof TooManyCodes)) throw error;
    return { kind: 'too-many-codes', retryAfterSeconds: error.retryAfterSeconds };
  }
}
