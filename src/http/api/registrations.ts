import Joi from 'joi';
import { toldToVisitor } from '../../activation/enrol.ts';
import { sendingLine } from '../../lines.ts';
import { type CodeRoute, confirmCode, resendCode, startWithCode } from '../../store/confirm.ts';
import { actorOf } from './actor.ts';
import { visitorBlocks } from './address-block.ts';
import {
  CONFIRM_PROBLEMS,
  codeSchema,
  codeSentBody,
  codeSentFields,
  confirmedAnswer,
  conflict,
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
import { type Call, type Route, route } from './route.ts';

/** The website: a customer enters card and phone, and types the code that the phone is sent. */
export function registrationsRoutes(parts: ApiParts): Route[] {
  const codeRoute = createCodeRoute(parts);
  return [register(parts, codeRoute), confirmRegistration(parts), resendRegistration(parts, codeRoute)];
}

const SCOPES = ['activations:enrol', 'activations:activate'] as const;

const sentSchema = Joi.object(codeSentFields).meta({ name: 'Registration' });

function register(parts: ApiParts, codeRoute: CodeRouteOf): Route {
  return route<unknown, unknown, TypedEnrolment>({
    id: 'register',
    method: 'post',
    path: '/v1/registrations',
    summary: 'Register on the website',
    description:
      'Texts a code to the phone. The answer is the same whether the card and the phone exist, are taken, or cannot be texted at all; only the right code tells. A phone that has opted out is sent nothing.',
    scopes: SCOPES,
    isForBrowsers: true,
    body: Joi.object<TypedEnrolment>(enrolmentFields(parts.now)),
    answers: { 202: { description: 'A code is on its way, if the phone can be texted.', schema: sentSchema } },
    problems: ['way-closed', 'unsupported-card', 'unsupported-phone', 'too-many-codes'],
    async handle(call) {
      const { program, shop } = call.caller;
      requireWay(program, 'website');
      const entered = readEnrolment(parts, program, call.body, { isAnyPhone: true });
      const who = { program, shop, way: 'website', actor: actorOf(call) } as const;
      const sent = await startWithCode(parts, { ...who, ...entered, ...codeRoute(call) });
      if (sent.kind === 'too-many-codes') throw tooManyCodes(sent);
      if (sent.kind === 'conflict') throw conflict(toldToVisitor(sent.outcome, program));
      return { status: 202, body: codeSentBody(sent) };
    },
  });
}

function confirmRegistration(parts: ApiParts): Route {
  return route<{ id: string }, unknown, { code: string }>({
    id: 'confirmRegistration',
    method: 'post',
    path: '/v1/registrations/{id}/confirm',
    summary: 'Send the code back',
    description:
      'The right code activates the card, or tells why it cannot be had; in a programme with `replyMode: uniform`, of a card only that it cannot. Five wrong ones end the registration.',
    scopes: SCOPES,
    isForBrowsers: true,
    params: idParams,
    body: codeSchema,
    answers: { 200: { description: 'The card is theirs.', schema: joinedSchema } },
    problems: ['way-closed', 'not-found', ...CONFIRM_PROBLEMS, 'card-not-accepted'],
    async handle(call) {
      const { program } = call.caller;
      requireWay(program, 'website');
      const { id } = call.params;
      const from = sendingLine(parts.lines, program.key);
      const what = { program, way: 'website', id, code: call.body.code, wish: 'activate' } as const;
      const confirmed = await confirmCode(parts, { ...what, from, actor: actorOf(call), now: parts.now() });
      if (confirmed.kind === 'conflict') throw conflict(toldToVisitor(confirmed.outcome, program));
      return confirmedAnswer(confirmed, id);
    },
  });
}

function resendRegistration(parts: ApiParts, codeRoute: CodeRouteOf): Route {
  return route<{ id: string }, unknown, unknown>({
    id: 'resendRegistration',
    method: 'post',
    path: '/v1/registrations/{id}/resend',
    summary: 'Ask for another code',
    description: 'From a minute after the last one, three times at most. The code before is no longer good.',
    scopes: SCOPES,
    isForBrowsers: true,
    params: idParams,
    answers: { 202: { description: 'As for the first code.', schema: sentSchema } },
    problems: ['way-closed', 'not-found', 'already-decided', 'code-expired', 'too-many-codes'],
    async handle(call) {
      const { program } = call.caller;
      requireWay(program, 'website');
      const what = { program, way: 'website', id: call.params.id } as const;
      const sent = await resendCode(parts, { ...what, ...codeRoute(call) });
      if (sent.kind === 'too-many-codes') throw tooManyCodes(sent);
      if (sent.kind !== 'code-sent') throw settled(sent.kind);
      return { status: 202, body: codeSentBody(sent) };
    },
  });
}

type CodeRouteOf = (call: Pick<Call, 'caller' | 'remoteAddress'>) => CodeRoute & { readonly now: Date };

function createCodeRoute(parts: ApiParts): CodeRouteOf {
  const blockOf = visitorBlocks(parts.log);
  return ({ caller: { program }, remoteAddress }) => ({
    from: requireLine(parts, program),
    addressBlock: blockOf(remoteAddress),
    isTextable: isTextable(parts, program),
    now: parts.now(),
  });
}
