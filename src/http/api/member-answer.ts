import Joi from 'joi';
import type { Member } from '../../store/member-lookup.ts';
import { versionedTag } from './etag.ts';
import { idSchema } from './id-schema.ts';
import type { Answer } from './route.ts';

/** A member as every route that tells of one answers it. What is not known is null. */
export const memberSchema = Joi.object({
  id: idSchema.required(),
  phone: Joi.string().required().description('In E.164.').example('+79161234567'),
  phoneProof: Joi.valid('none', 'sms', 'code', 'operator', 'cashier')
    .required()
    .description('How the phone was proved to be theirs. `none`: it was written on a form.'),
  card: Joi.string()
    .allow(null)
    .required()
    .description('The number of the card that they have.')
    .example('9643123456789019'),
  name: Joi.string().allow(null).required(),
  birthday: Joi.string().isoDate().allow(null).required().description('`YYYY-MM-DD`.').example('1990-01-31'),
  email: Joi.string().allow(null).required(),
  consents: Joi.object()
    .pattern(Joi.string(), Joi.string().isoDate())
    .required()
    .description('Consents by name, with the time that each was given.')
    .example({ marketing: '2026-01-31T10:00:00.000Z' }),
  profile: Joi.valid('incomplete', 'complete').required(),
  proposedName: Joi.string()
    .allow(null)
    .required()
    .description('A name that came in an SMS: for an operator to confirm, never a fact.'),
  createdAt: Joi.string().isoDate().required(),
  version: Joi.number().integer().required().description('Grows with every change of the profile.'),
}).meta({ name: 'Member' });

/** A member in the order and form of the schema. */
export function memberBody(member: Member) {
  const { id, phone, phoneProof, card, name, birthday, email, consents, profile, proposedName, version } = member;
  const createdAt = member.createdAt.toISOString();
  return { id, phone, phoneProof, card, name, birthday, email, consents, profile, proposedName, createdAt, version };
}

/** The answer that shows one member; its ETag names the version for a change with `If-Match`. */
export function memberAnswer(member: Member): Answer {
  const body = memberBody(member);
  const etag = versionedTag(member.version, body);
  return { status: 200, body, headers: { etag, 'cache-control': 'private, no-cache' } };
}
