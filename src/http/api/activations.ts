import Joi from 'joi';
import { sendingLine } from '../../lines.ts';
import { enterForCheck } from '../../store/check.ts';
import { confirmCode, resendCode, startWithCode } from '../../store/confirm.ts';
import { joinCardAndPhone } from '../../store/join.ts';
import { actorOf } from './actor.ts';
import { checkRoutes } from './checks.ts';
import {
  awaitingSchema,
  CONFIRM_PROBLEMS,
  CONFLICT_CODES,
  codeSchema,
  codeSentBody,
  codeSentFields,
  confirmedAnswer,
  conflict,
  type Entered,
  enrolmentFields,
  isTextable,
  joinedSchema,
  readEnrolment,
  requireLine,
  requireWay,
  settled,
  type TypedEnrolment,
  tooManyCodes,
} from './enrolling.ts';
import { idParams } from './id-schema.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Answer, type Call, type Caller, type Route, route } from './route.ts';

/** The till: a cashier enters card and phone, with a code or without; and the operator who checks what they enter. */
export function activationsRoutes(parts: ApiParts): Route[] {
  return [activate(parts), confirmActivation(parts), resendActivation(parts), ...checkRoutes(parts)];
}

const SCOPES = ['activations:enrol', 'activations:activate'] as const;

type TypedActivation = TypedEnrolment & { readonly confirm?: 'code' };

const codeSentSchema = Joi.object({ ...codeSentFields, state: Joi.valid('code-sent').required() });

function activate(parts: ApiParts): Route {
  return route<unknown, unknown, TypedActivation>({
    id: 'activate',
    method: 'post',
    path: '/v1/activations',
    summary: 'Activate a card at the till',
    description:
      'A key with `activations:activate` activates at once. A key with `activations:enrol` alone, which has to name its shop, holds the card for an operator: it still earns. With `confirm: "code"` the customer’s phone is sent a code first, which the cashier types.',
    scopes: SCOPES,
    body: Joi.object<TypedActivation>({
      ...enrolmentFields(parts.now),
      confirm: Joi.valid('code').description('Send the phone a code, and wait for it.'),
    }),
    answers: {
      200: { description: 'The card is theirs.', schema: joinedSchema },
      202: {
        description: 'An operator has to check it, or the code has to come back.',
        schema: Joi.alternatives(awaitingSchema, codeSentSchema),
      },
    },
    problems: ['way-closed', 'unsupported-card', 'unsupported-phone', 'too-many-codes', ...CONFLICT_CODES],
    async handle(call) {
      const { caller, body } = call;
      requireWay(caller.program, 'till');
      if (wishOf(caller) === 'check') requireShop(caller);
      const entered = readEnrolment(parts, caller.program, body);
      if (body.confirm === 'code') return await askForCode(parts, call, entered);
      return wishOf(caller) === 'check' ? await enter(parts, call, entered) : await join(parts, call, entered);
    },
  });
}

function wishOf({ scopes }: Caller): 'activate' | 'check' {
  return scopes.has('activations:activate') ? 'activate' : 'check';
}

/** The website's key is no secret and has this scope, too: with it anybody could hold every card of the programme. */
function requireShop({ shop }: Caller): void {
  if (shop !== undefined) return;
  throw new ApiProblem('forbidden', 'A till’s key names its shop; this one is for registrations only.');
}

function entryOf({ lines, now }: ApiParts, call: Pick<Call, 'caller' | 'person'>, entered: Entered) {
  const { program, shop } = call.caller;
  const from = sendingLine(lines, program.key);
  return { ...entered, program, shop, way: 'till', actor: actorOf(call), from, now: now() } as const;
}

async function join(parts: ApiParts, call: Call, entered: Entered): Promise<Answer> {
  const request = { ...entryOf(parts, call, entered), proof: 'cashier', phoneProof: 'cashier' } as const;
  const { outcome } = await joinCardAndPhone(parts, request);
  if (outcome !== 'activated' && outcome !== 'already-active') throw conflict(outcome);
  return { status: 200, body: { state: 'done', outcome } };
}

async function enter(parts: ApiParts, call: Call, entered: Entered): Promise<Answer> {
  const result = await enterForCheck(parts, entryOf(parts, call, entered));
  if (result.kind === 'conflict') throw conflict(result.outcome);
  if (result.kind === 'joined') return { status: 200, body: { state: 'done', outcome: result.outcome } };
  return { status: 202, body: { id: result.id, state: 'awaiting-check' } };
}

async function askForCode(parts: ApiParts, call: Call, entered: Entered): Promise<Answer> {
  const sent = await startWithCode(parts, { ...entryOf(parts, call, entered), ...codeRoute(parts, call) });
  if (sent.kind === 'too-many-codes') throw tooManyCodes(sent);
  if (sent.kind === 'conflict') throw conflict(sent.outcome);
  return { status: 202, body: { ...codeSentBody(sent), state: 'code-sent' } };
}

function codeRoute(parts: ApiParts, { caller: { program } }: Pick<Call, 'caller'>) {
  const from = requireLine(parts, program);
  // A till stands behind one address with all its customers: the caps on phone and programme are enough for it.
  return { from, addressBlock: undefined, isTextable: isTextable(parts, program), now: parts.now() };
}

function confirmActivation(parts: ApiParts): Route {
  return route<{ id: string }, unknown, { code: string }>({
    id: 'confirmActivation',
    method: 'post',
    path: '/v1/activations/{id}/confirm',
    summary: 'Type the customer’s code',
    description: 'Activates the card, or holds it for an operator, by the scope of the key that confirms.',
    scopes: SCOPES,
    params: idParams,
    body: codeSchema,
    answers: {
      200: { description: 'The card is theirs.', schema: joinedSchema },
      202: { description: 'The phone is proved; an operator has to check the rest.', schema: awaitingSchema },
    },
    problems: ['way-closed', 'not-found', ...CONFIRM_PROBLEMS],
    async handle(call) {
      const { program } = call.caller;
      requireWay(program, 'till');
      const { id } = call.params;
      const from = sendingLine(parts.lines, program.key);
      const what = { program, way: 'till', id, code: call.body.code, wish: wishOf(call.caller) } as const;
      return confirmedAnswer(await confirmCode(parts, { ...what, from, actor: actorOf(call), now: parts.now() }), id);
    },
  });
}

function resendActivation(parts: ApiParts): Route {
  return route<{ id: string }, unknown, unknown>({
    id: 'resendActivation',
    method: 'post',
    path: '/v1/activations/{id}/resend',
    summary: 'Send the customer another code',
    description: 'From a minute after the last one, three times at most. The code before is no longer good.',
    scopes: SCOPES,
    params: idParams,
    answers: { 202: { description: 'As for the first code.', schema: codeSentSchema } },
    problems: ['way-closed', 'not-found', 'already-decided', 'code-expired', 'too-many-codes'],
    async handle(call) {
      const { program } = call.caller;
      requireWay(program, 'till');
      const sent = await resendCode(parts, { program, way: 'till', id: call.params.id, ...codeRoute(parts, call) });
      if (sent.kind === 'too-many-codes') throw tooManyCodes(sent);
      if (sent.kind !== 'code-sent') throw settled(sent.kind);
      return { status: 202, body: { ...codeSentBody(sent), state: 'code-sent' } };
    },
  });
}
