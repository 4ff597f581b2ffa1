import Joi, { type ObjectSchema } from 'joi';
import { type CardNumber, parseCardNumber } from '../../activation/card-number.ts';
import type { CardNotAccepted, EnrolOutcome } from '../../activation/enrol.ts';
import type { Profile } from '../../activation/profile.ts';
import type { Program, Way } from '../../activation/program.ts';
import { type AddressKeys, addressKeys, readSender } from '../../activation/sender.ts';
import { type SendingLine, sendingLine } from '../../lines.ts';
import type { Msisdn } from '../../sms/msisdn.ts';
import { CODE_MINUTES, CODE_TRIES } from '../../store/codes.ts';
import type { CodeRefused, CodeSent, Confirmed } from '../../store/confirm.ts';
import { idSchema } from './id-schema.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem, type ProblemCode } from './problems.ts';
import { consentsAt, consentsSchema, profileSchema, readProfile, type TypedProfile } from './profile-schema.ts';
import type { Answer } from './route.ts';

/** What a till and the website send, as it is typed. */
export interface TypedEnrolment {
  readonly card: string;
  readonly phone: string;
  readonly profile?: TypedProfile;
  readonly consents?: Record<string, true>;
}

/** The fields of such a request. */
export function enrolmentFields(now: () => Date) {
  return {
    card: Joi.string()
      .max(128)
      .required()
      .description('The card’s number in any spelling.')
      .example('9643 1234 5678 9019'),
    phone: Joi.string().max(64).required().description('The customer’s phone in any spelling.').example('+79161234567'),
    profile: profileSchema(now),
    consents: consentsSchema,
  };
}

export const codeSchema: ObjectSchema<{ code: string }> = Joi.object({
  code: Joi.string()
    .pattern(/^[0-9]{6}$/, { name: 'six digits' })
    .required()
    .description('The six digits that the phone was sent.')
    .example('482193'),
});

/** What is answered when a code was asked for. */
export const codeSentFields = {
  id: idSchema.required().description('Names the enrolment in the calls that follow.'),
  expiresAt: Joi.string().isoDate().required().description(`The code is good for ${CODE_MINUTES} minutes.`),
  resendAfter: Joi.string().isoDate().required().description('Before this nobody gets another code.'),
};

export const joinedSchema = Joi.object({
  state: Joi.valid('done').required(),
  outcome: Joi.valid('activated', 'already-active')
    .required()
    .description('`already-active`: this phone had this card before.'),
}).meta({ name: 'Activated' });

export const awaitingSchema = Joi.object({
  id: idSchema.required(),
  state: Joi.valid('awaiting-check').required(),
}).meta({ name: 'AwaitingCheck' });

/** The problems of a card that cannot be had, with what whoever asked does next. */
export const CONFLICTS = {
  'unknown-card': 'Compare the number with the card: we have no such card.',
  'card-blocked': 'The card no longer works. Take another, or ask the support.',
  'card-awaiting-check': 'Somebody checks this card already. Wait for the outcome.',
  'card-has-another-phone': 'The card belongs to another phone. Take another card, or ask the support.',
  'phone-has-another-card': 'The phone has another card. To change cards, text the new number from the phone.',
} as const satisfies Record<Exclude<EnrolOutcome, 'activated' | 'already-active' | 'awaiting-check'>, string>;

export const CONFLICT_CODES = Object.keys(CONFLICTS) as (keyof typeof CONFLICTS)[];

/** What `confirm` can answer besides. */
export const CONFIRM_PROBLEMS = ['wrong-code', 'code-expired', 'already-decided', ...CONFLICT_CODES] as const;

/** @throws ApiProblem `way-closed` */
export function requireWay(program: Program, way: Way): void {
  if (program.ways.includes(way)) return;
  throw new ApiProblem('way-closed', 'The configuration of the programme does not list this way.');
}

/** The number that codes leave from. @throws ApiProblem `way-closed` */
export function requireLine({ lines }: ApiParts, program: Program): SendingLine {
  const line = sendingLine(lines, program.key);
  if (line !== undefined) return line;
  throw new ApiProblem('way-closed', 'The programme has no number to send codes from.');
}

/** Everything that is typed about a customer, understood. */
export interface Entered {
  readonly card: CardNumber;
  readonly phone: Msisdn;
  readonly profile: Profile;
  readonly consents: Readonly<Record<string, string>>;
}

/**
 * Reads a request. With `isAnyPhone` every valid number is taken, also one that cannot take part.
 * @throws ApiProblem `unsupported-card`, `unsupported-phone`
 */
export function readEnrolment(
  parts: Pick<ApiParts, 'lines' | 'now'>,
  program: Program,
  typed: TypedEnrolment,
  { isAnyPhone = false }: { readonly isAnyPhone?: boolean } = {},
): Entered {
  const card = parseCardNumber(typed.card, program);
  if (card === undefined) throw new ApiProblem('unsupported-card', 'Compare the number with the card, digit by digit.');
  const sender = readSender(typed.phone, program, ownAddresses(parts));
  const isTaken = sender.kind === 'mobile' || isAnyPhone;
  if (!isTaken || sender.msisdn === undefined) {
    throw new ApiProblem('unsupported-phone', 'It must be a mobile phone of a country of the programme.');
  }
  const now = parts.now();
  const profile = readProfile(typed.profile ?? {}, now);
  return { card, phone: sender.msisdn, profile, consents: consentsAt(typed.consents, now) };
}

/** Whether a phone can take part and so be sent a code. */
export function isTextable(parts: ApiParts, program: Program): (phone: Msisdn) => boolean {
  return (phone) => readSender(phone, program, ownAddresses(parts)).kind === 'mobile';
}

function ownAddresses({ lines }: Pick<ApiParts, 'lines'>): AddressKeys {
  return addressKeys([...lines.values()].flatMap(({ channel }) => channel.addresses));
}

const TOLD = {
  ...CONFLICTS,
  'card-not-accepted': 'Compare the number with the card. If it is right, ask the support.',
} as const satisfies Record<keyof typeof CONFLICTS | CardNotAccepted, string>;

/** Tells a conflict; the operator's list has the rest. */
export function conflict(outcome: EnrolOutcome | CardNotAccepted): ApiProblem {
  if (!(outcome in TOLD)) throw new Error('A good outcome is no conflict');
  const code = outcome as keyof typeof TOLD;
  return new ApiProblem(code, TOLD[code]);
}

/** Tells what is no longer, or never was. */
export function settled(kind: Extract<ProblemCode, 'not-found' | 'already-decided' | 'code-expired'>): ApiProblem {
  const details = {
    'not-found': 'There is no such enrolment in this programme.',
    'already-decided': 'The enrolment has ended: ask for its state.',
    'code-expired': 'Begin again and ask for a new code.',
  } as const;
  return new ApiProblem(kind, details[kind]);
}

/** The body that says that a code is on its way; the same whether one is or not. */
export function codeSentBody({ id, expiresAt, resendAfter }: CodeSent) {
  return { id, expiresAt: expiresAt.toISOString(), resendAfter: resendAfter.toISOString() };
}

/** Tells that there is no code now. */
export function tooManyCodes({ retryAfterSeconds }: CodeRefused): ApiProblem {
  if (retryAfterSeconds === undefined) return new ApiProblem('too-many-codes', 'Begin again to get another code.');
  const headers = { 'retry-after': String(retryAfterSeconds) };
  return new ApiProblem('too-many-codes', 'Another code can be asked for later: see Retry-After.', { headers });
}

/** The answer to a code. @throws ApiProblem */
export function confirmedAnswer(confirmed: Confirmed, id: string): Answer {
  switch (confirmed.kind) {
    case 'joined':
      return { status: 200, body: { state: 'done', outcome: confirmed.outcome } };
    case 'awaiting-check':
      return { status: 202, body: { id, state: 'awaiting-check' } };
    case 'wrong-code':
      throw new ApiProblem('wrong-code', `Tries left: ${confirmed.triesLeft} of ${CODE_TRIES}.`);
    case 'conflict':
      throw conflict(confirmed.outcome);
    case 'not-found':
    case 'already-decided':
    case 'code-expired':
      throw settled(confirmed.kind);
    default:
      return confirmed satisfies never;
  }
}
