import Joi from 'joi';
import { lastFour } from '../../sms/mask.ts';
import { type ActOfDestruction, ChangedMember, erase } from '../../store/erase.ts';
import { NoPepper } from '../../store/opt-outs.ts';
import { actorOf } from './actor.ts';
import { idParams, idSchema } from './id-schema.ts';
import { stale, versionNamed } from './if-match.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Call, type Route, route } from './route.ts';

const actSchema = Joi.object({
  document: Joi.valid('act-of-destruction').required(),
  program: Joi.string().required(),
  memberId: idSchema.required().description('The id means nobody any more.'),
  at: Joi.string().isoDate().required(),
  by: Joi.string().required().description('The key and, when it was named, the person.').example('key:k3f9x2ab/olga'),
  cards: Joi.array()
    .items(Joi.string())
    .required()
    .description('The last four characters of the cards that were the person’s; they are blocked now.')
    .example(['3456']),
  optOutKept: Joi.boolean().required().description('The phone had opted out; that is kept as a keyed hash.'),
  counts: Joi.object()
    .pattern(Joi.string(), Joi.number().integer().min(0))
    .required()
    .description('Rows that were deleted or emptied, by table.')
    .example({ members: 1, inbox: 2, replies: 2 }),
  audit: Joi.object({
    event: Joi.string().required().description('The id of the audit event that records the erasure.'),
    position: Joi.string()
      .allow(null)
      .required()
      .description('Its place in the sealed audit; null until it is sealed.'),
  }).required(),
})
  .description('The proof that a person was erased. It names nobody: keep it.')
  .meta({ name: 'ActOfDestruction' });

/** Erasure: `DELETE /v1/members/{id}`. */
export function erasureRoutes({ db }: ApiParts): Route[] {
  return [
    route<{ id: string }, unknown, unknown>({
      id: 'eraseMember',
      method: 'delete',
      path: '/v1/members/{id}',
      summary: 'Erase a member',
      description:
        'Profile, texts and numbers are gone from every table; the card is blocked; the ledger of bindings and the audit stay verifiable. It cannot be undone. With `If-Match` the member is erased only as you read them: `stale` means that they were changed since. Answers the act of destruction. A second time there is no such member.',
      scopes: ['members:write'],
      params: idParams,
      ifMatch: 'optional',
      answers: { 200: { description: 'The act of destruction.', schema: actSchema } },
      problems: ['not-found', 'stale', 'unavailable'],
      handle: async (call) => ({ status: 200, body: bodyOf(await eraseFor(call)) }),
    }),
  ];

  async function eraseFor(call: Call<{ id: string }>): Promise<ActOfDestruction> {
    const who = { memberId: call.params.id, version: versionNamed(call.ifMatch) };
    const act = await erase(db, { program: call.caller.program, who, actor: actorOf(call) }).catch((error: unknown) => {
      if (error instanceof ChangedMember) throw stale();
      if (error instanceof NoPepper) throw new ApiProblem('unavailable', error.message);
      throw error;
    });
    if (act === undefined) throw new ApiProblem('not-found', 'There is no such member.');
    return act;
  }
}

function bodyOf({ program, memberId, at, by, cards, isOptOutKept, counts, audit }: ActOfDestruction): object {
  return {
    document: 'act-of-destruction',
    program,
    memberId,
    at: at.toISOString(),
    by,
    cards: cards.map(lastFour),
    optOutKept: isOptOutKept,
    counts,
    audit,
  };
}
