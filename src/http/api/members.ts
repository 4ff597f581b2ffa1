import Joi from 'joi';
import { spelledPhones } from '../../activation/spelled-phone.ts';
import { findMember, findMembersByPhone, listIncompleteMembers } from '../../store/member-lookup.ts';
import { entityTag } from './etag.ts';
import { idParams, idSchema } from './id-schema.ts';
import { memberAnswer, memberBody, memberSchema } from './member-answer.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Answer, type Call, type Route, route } from './route.ts';

/** The members of a programme: found by phone, listed for completion, read one by one. */
export function membersRoutes(parts: ApiParts): Route[] {
  return [findMembers(parts), readMember(parts)];
}

interface Search {
  readonly phone?: string;
  readonly profile?: 'incomplete';
  readonly after?: string;
  readonly limit: number;
}

const searchSchema = Joi.object<Search>({
  phone: Joi.string()
    .max(64)
    .description('A phone in any spelling: national or full, with separators, in digits of any script.')
    .example('+79161234567'),
  profile: Joi.valid('incomplete').description(
    'Instead of a phone: everyone whose profile is incomplete, oldest first.',
  ),
  after: idSchema.description('The `next` of the page before.'),
  limit: Joi.number().integer().min(1).max(200).default(50).description('Members of a page at most.'),
})
  .xor('phone', 'profile')
  .with('after', 'profile');

const listSchema = Joi.object({
  members: Joi.array().items(memberSchema).required(),
  next: idSchema.description('There are more: ask again with this as `after`.'),
}).meta({ name: 'Members' });

function findMembers({ db }: ApiParts): Route {
  return route<unknown, Search, unknown>({
    id: 'findMembers',
    method: 'get',
    path: '/v1/members',
    summary: 'Find members by phone, or list those whose profile is incomplete',
    description:
      'By phone: the members with that phone, mostly one or none; a national form that fits two countries of the programme may find two. By profile: page by page, oldest first; everyone who was there at the first page is shown once, whoever comes meanwhile.',
    scopes: ['members:read'],
    query: searchSchema,
    hasETag: true,
    answers: { 200: { description: 'The members.', schema: listSchema } },
    problems: ['unsupported-phone'],
    handle: async (call) =>
      call.query.phone === undefined ? await listPage(call) : await findByPhone(call, call.query.phone),
  });

  async function findByPhone({ caller: { program } }: Call<unknown, Search>, phone: string): Promise<Answer> {
    const phones = spelledPhones(phone, program);
    if (phones.length === 0) throw new ApiProblem('unsupported-phone', 'The text is no phone number.');
    return members(await findMembersByPhone(db, program.key, phones));
  }

  async function listPage({ caller: { program }, query: { after, limit } }: Call<unknown, Search>): Promise<Answer> {
    const page = await listIncompleteMembers(db, program.key, { after, limit });
    if (page !== undefined) return members(page.members, page.next);
    const mistakes = [{ path: 'query.after', message: 'is the end of no page' }];
    throw new ApiProblem('invalid-request', 'The request has mistakes.', { mistakes });
  }
}

/** With an ETag: a till may keep the answer and ask whether it still holds. */
function members(found: readonly Parameters<typeof memberBody>[0][], next?: string): Answer {
  const body = { members: found.map(memberBody), ...(next !== undefined && { next }) };
  return { status: 200, body, headers: { 'cache-control': 'private, no-cache', etag: entityTag(body) } };
}

function readMember({ db }: ApiParts): Route {
  return route<{ id: string }, unknown, unknown>({
    id: 'readMember',
    method: 'get',
    path: '/v1/members/{id}',
    summary: 'A member',
    description: 'The ETag is what a change of the member has to name in `If-Match`.',
    scopes: ['members:read'],
    params: idParams,
    hasETag: true,
    answers: { 200: { description: 'The member.', schema: memberSchema } },
    async handle({ caller: { program }, params: { id } }) {
      const member = await findMember(db, program.key, id);
      if (member === undefined) throw new ApiProblem('not-found', 'The programme has no such member.');
      return memberAnswer(member);
    },
  });
}
