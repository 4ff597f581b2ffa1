import Joi from 'joi';
import { FACTS, type Fact, parseBirthday } from '../../activation/profile.ts';
import { transact } from '../../store/database.ts';
import { findMember } from '../../store/member-lookup.ts';
import { correctMember } from '../../store/members.ts';
import { actorOf } from './actor.ts';
import { idParams } from './id-schema.ts';
import { stale, versionNamed } from './if-match.ts';
import { memberAnswer, memberSchema } from './member-answer.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { consentChangesSchema, factSchemas } from './profile-schema.ts';
import { type Route, route } from './route.ts';

interface Changes {
  readonly name?: string | null;
  readonly birthday?: string | null;
  readonly email?: string | null;
  readonly consents?: Record<string, boolean>;
}

/** An operator completes or corrects a member. */
export function correctMemberRoute(parts: ApiParts): Route {
  const { db, now } = parts;
  return route<{ id: string }, unknown, Changes>({
    id: 'correctMember',
    method: 'patch',
    path: '/v1/members/{id}',
    summary: 'Complete or correct a member',
    description:
      'Fields that are not named stay as they are; null takes a fact away. `If-Match` must hold the ETag of the member as you read it, so that nobody’s change is lost: `stale` means somebody else was first. A proposed name is gone once there is a name.',
    scopes: ['members:write'],
    params: idParams,
    hasETag: true,
    ifMatch: 'required',
    body: changesSchema(now),
    answers: { 200: { description: 'The member as it is now.', schema: memberSchema } },
    problems: ['stale'],
    async handle(call) {
      const { program } = call.caller;
      const { id } = call.params;
      const { consents, ...facts } = call.body;
      const version = requireVersion(call.ifMatch);
      const correction = {
        program,
        id,
        version,
        actor: actorOf(call),
        profile: tidied(facts, now()),
        consents,
        now: now(),
      };
      const { kind } = await transact(db, (trx) => correctMember(trx, correction));
      if (kind === 'stale') throw stale();
      const member = kind === 'unknown' ? undefined : await findMember(db, program.key, id);
      if (member === undefined) throw new ApiProblem('not-found', 'The programme has no such member.');
      return memberAnswer(member);
    },
  });
}

function changesSchema(now: () => Date) {
  const { name, birthday, email } = factSchemas(now);
  return Joi.object<Changes>({
    name: name.allow(null),
    birthday: birthday.allow(null),
    email: email.allow(null),
    consents: consentChangesSchema,
  }).min(1);
}

function tidied(facts: Omit<Changes, 'consents'>, now: Date): { [F in Fact]?: string | null } {
  const tidy: { [F in Fact]?: string | null } = {};
  for (const fact of FACTS) {
    const typed = facts[fact];
    if (typed === undefined) continue;
    tidy[fact] = fact === 'birthday' && typed !== null ? (parseBirthday(typed, now) ?? null) : typed;
  }
  return tidy;
}

function requireVersion(ifMatch: string | undefined): number {
  const version = versionNamed(ifMatch);
  if (version !== undefined) return version;
  const mistakes = [{ path: 'headers.if-match', message: 'is required: the ETag of the member as you read it' }];
  throw new ApiProblem('invalid-request', 'Nothing was done. The mistakes are listed.', { mistakes });
}
