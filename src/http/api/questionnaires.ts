import Joi from 'joi';
import { sendingLine } from '../../lines.ts';
import { enterForm, type FormResult } from '../../store/questionnaire.ts';
import { actorOf } from './actor.ts';
import { requireWay } from './enrolling.ts';
import { FORM_CONFLICTS, formSchema, readForm, refusalOf, type TypedForm } from './form.ts';
import { idSchema } from './id-schema.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Route, route } from './route.ts';

/** Paper forms, one by one. */
export function questionnairesRoutes(parts: ApiParts): Route[] {
  return [enterQuestionnaire(parts)];
}

const enteredSchema = Joi.object({
  outcome: Joi.valid('activated', 'already-active').required(),
  member: idSchema.required().description('The id of the member, made or completed.'),
  isNew: Joi.boolean().required().description('False: the member was known before, from an SMS for instance.'),
}).meta({ name: 'EnteredQuestionnaire' });

function enterQuestionnaire(parts: ApiParts): Route {
  return route<unknown, TypedForm, TypedForm>({
    id: 'enterQuestionnaire',
    method: 'post',
    path: '/v1/questionnaires',
    summary: 'Enter a paper form',
    description:
      'Joins the card and the phone, and makes or completes the member. The phone is marked as not proved unless `phoneProved` is true. A member who is known already is completed and never corrected: where the form says otherwise, nothing is entered. The same form may be entered again.',
    scopes: ['members:write'],
    body: formSchema(parts.now),
    answers: {
      200: { description: 'The phone had this card before; the member was completed.', schema: enteredSchema },
      201: { description: 'The card is active now.', schema: enteredSchema },
    },
    problems: ['way-closed', 'unsupported-phone', 'unsupported-card', ...FORM_CONFLICTS],
    async handle(call) {
      const { program } = call.caller;
      requireWay(program, 'questionnaire');
      const form = readForm(parts, program, call.body);
      const from = sendingLine(parts.lines, program.key);
      const result = await enterForm(parts, { program, actor: actorOf(call), from, now: parts.now() }, form);
      if (result.kind === 'refused') throw refused(result);
      const { outcome, member } = result;
      const body = { outcome, member: member.id, isNew: member.isNew };
      return { status: outcome === 'activated' ? 201 : 200, body };
    },
  });
}

function refused(result: Extract<FormResult, { kind: 'refused' }>): ApiProblem {
  const mistakes = result.differing.map((fact) => ({ path: `body.profile.${fact}`, message: 'is known otherwise' }));
  return new ApiProblem(result.conflict, refusalOf(result), { mistakes });
}
