import Joi from 'joi';
import { sendingLine } from '../../lines.ts';
import { approveEnrolment, type Check, type Checked, rejectEnrolment } from '../../store/check.ts';
import { type Enrolment, findEnrolment, listToCheck } from '../../store/enrolments.ts';
import { actorOf } from './actor.ts';
import { CONFLICT_CODES, conflict, settled } from './enrolling.ts';
import { idParams, idSchema } from './id-schema.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Answer, type Call, type Caller, type Route, route } from './route.ts';

/** What an operator does with cards that await their check. */
export function checkRoutes(parts: ApiParts): Route[] {
  return [listActivations(parts), readActivation(parts), approveActivation(parts), rejectActivation(parts)];
}

const progress = {
  id: idSchema.required(),
  state: Joi.valid('code-sent', 'awaiting-check', 'done', 'refused', 'expired').required(),
  outcome: Joi.string().description('What the rule said, once it was asked for good.').example('activated'),
  reason: Joi.string().description('Why an operator refused it.'),
  createdAt: Joi.string().isoDate().required(),
  decidedAt: Joi.string().isoDate(),
};

const personal = {
  way: Joi.valid('till', 'website', 'questionnaire'),
  card: Joi.string().example('9643123456789019'),
  phone: Joi.string().description('In E.164.').example('+79161234567'),
  phoneProved: Joi.boolean().description('A code that was sent to the phone came back.'),
  profile: Joi.object({ name: Joi.string(), birthday: Joi.string(), email: Joi.string() }),
  consents: Joi.object().pattern(Joi.string(), Joi.string()),
  shop: Joi.string(),
  enteredBy: Joi.string().description('The key, and the person it named.').example('key:abcdefghij/Anna'),
  decidedBy: Joi.string().example('key:klmnopqrst/Boris'),
};

const activationSchema = Joi.object({ ...progress, ...personal })
  .description(
    'Who may not resolve cases sees how far it is, of what the own key entered, and nothing of the customer.',
  )
  .meta({ name: 'Activation' });

const listSchema = Joi.object({
  activations: Joi.array().items(activationSchema).required(),
  next: idSchema.description('There are more: ask again with this as `after`.'),
}).meta({ name: 'Activations' });

interface Page {
  readonly state: 'awaiting-check';
  readonly after?: string;
  readonly limit: number;
}

function listActivations({ db }: ApiParts): Route {
  return route<unknown, Page, unknown>({
    id: 'listActivations',
    method: 'get',
    path: '/v1/activations',
    summary: 'What awaits a check',
    description: 'Oldest first, page by page. A key of a shop is shown what was entered in that shop.',
    scopes: ['cases:resolve'],
    query: Joi.object<Page>({
      state: Joi.valid('awaiting-check').default('awaiting-check'),
      after: idSchema.description('The `next` of the page before.'),
      limit: Joi.number().integer().min(1).max(200).default(50).description('How many at most.'),
    }),
    answers: { 200: { description: 'A page.', schema: listSchema } },
    async handle({ caller: { program, shop }, query: { after, limit } }) {
      const found = await listToCheck(db, program.key, { shop, after, limit: limit + 1 });
      const page = found.slice(0, limit);
      const next = found.length > limit ? page.at(-1)?.id : undefined;
      return { status: 200, body: { activations: page.map(fullBody), ...(next !== undefined && { next }) } };
    },
  });
}

function readActivation({ db }: ApiParts): Route {
  return route<{ id: string }, unknown, unknown>({
    id: 'readActivation',
    method: 'get',
    path: '/v1/activations/{id}',
    summary: 'How far an activation is',
    scopes: ['cases:resolve', 'activations:enrol', 'activations:activate'],
    params: idParams,
    answers: { 200: { description: 'The activation.', schema: activationSchema } },
    problems: ['not-found'],
    async handle({ caller, params: { id } }) {
      const enrolment = await findEnrolment(db, caller.program.key, id);
      if (enrolment === undefined || !maySee(caller, enrolment)) throw settled('not-found');
      const body = caller.scopes.has('cases:resolve') ? fullBody(enrolment) : progressBody(enrolment);
      return { status: 200, body };
    },
  });
}

/** Who resolves cases sees those of the key's shop, or all without one; a till follows what it entered itself. */
function maySee({ prefix, shop, scopes }: Caller, { way, entered_by, ...entry }: Enrolment): boolean {
  if (scopes.has('cases:resolve')) return shop === undefined || shop === entry.shop;
  return way === 'till' && entered_by.split('/')[0] === `key:${prefix}`;
}

function approveActivation(parts: ApiParts): Route {
  return route<{ id: string }, unknown, unknown>({
    id: 'approveActivation',
    method: 'post',
    path: '/v1/activations/{id}/approve',
    summary: 'Approve',
    description:
      'Activates the card and texts the customer. The rule decides again: a card or a phone that was taken meanwhile is a problem, and the entry stays. Who entered it may not approve it.',
    scopes: ['cases:resolve'],
    params: idParams,
    answers: { 200: { description: 'The card is active.', schema: activationSchema } },
    problems: ['not-found', 'already-decided', 'own-entry', ...CONFLICT_CODES],
    handle: async (call) => await answerTo(parts, call, await approveEnrolment(parts, checkOf(parts, call))),
  });
}

function rejectActivation(parts: ApiParts): Route {
  return route<{ id: string }, unknown, { reason: string }>({
    id: 'rejectActivation',
    method: 'post',
    path: '/v1/activations/{id}/reject',
    summary: 'Reject',
    description:
      'Frees the card and texts the customer that it could not be activated. The reason is for the shop alone.',
    scopes: ['cases:resolve'],
    params: idParams,
    body: Joi.object<{ reason: string }>({
      reason: Joi.string().min(1).max(500).pattern(/\S/).required().example('The form has another number'),
    }),
    answers: { 200: { description: 'The card is free again.', schema: activationSchema } },
    problems: ['not-found', 'already-decided'],
    handle: async (call) =>
      await answerTo(
        parts,
        call,
        await rejectEnrolment(parts, { ...checkOf(parts, call), reason: call.body.reason.trim() }),
      ),
  });
}

function checkOf({ lines, now }: ApiParts, call: Call<{ id: string }>): Check {
  const { program, shop } = call.caller;
  return { program, shop, id: call.params.id, actor: actorOf(call), from: sendingLine(lines, program.key), now: now() };
}

async function answerTo({ db }: ApiParts, call: Call<{ id: string }>, checked: Checked): Promise<Answer> {
  switch (checked.kind) {
    case 'done': {
      const enrolment = await findEnrolment(db, call.caller.program.key, call.params.id);
      if (enrolment === undefined) throw settled('not-found');
      return { status: 200, body: fullBody(enrolment) };
    }
    case 'conflict':
      throw conflict(checked.outcome);
    case 'own-entry':
      throw new ApiProblem(
        'own-entry',
        'Another person has to look at it, named in `Cardwake-Person`; where the entry names nobody, another key.',
      );
    case 'not-found':
    case 'already-decided':
      throw settled(checked.kind);
    default:
      return checked satisfies never;
  }
}

function progressBody({ id, state, outcome, reason, created_at, decided_at }: Enrolment) {
  return {
    id,
    state,
    ...(outcome !== null && { outcome }),
    ...(reason !== null && { reason }),
    createdAt: created_at.toISOString(),
    ...(decided_at !== null && { decidedAt: decided_at.toISOString() }),
  };
}

function fullBody(enrolment: Enrolment) {
  const { way, card, phone, phone_proved, profile, consents, shop, entered_by, decided_by } = enrolment;
  return {
    ...progressBody(enrolment),
    way,
    card,
    phoneProved: phone_proved,
    profile,
    consents,
    enteredBy: entered_by,
    ...(phone !== null && { phone }),
    ...(shop !== null && { shop }),
    ...(decided_by !== null && { decidedBy: decided_by }),
  };
}
