import Joi, { type ObjectSchema } from 'joi';
import type { Program } from '../../activation/program.ts';
import type { Form, FormConflict, FormResult } from '../../store/questionnaire.ts';
import { CONFLICTS, enrolmentFields, readEnrolment, type TypedEnrolment } from './enrolling.ts';
import type { ApiParts } from './parts.ts';

/** A form as it is typed. */
export interface TypedForm extends TypedEnrolment {
  readonly phoneProved?: boolean;
}

/** The shape of a typed form. */
export function formSchema(now: () => Date): ObjectSchema<TypedForm> {
  return Joi.object<TypedForm>({
    ...enrolmentFields(now),
    phoneProved: Joi.boolean()
      .strict()
      .description(
        'Somebody made sure that the phone is theirs, by a call for instance. Else it is marked as not proved.',
      ),
  });
}

/**
 * A form of the right shape, understood.
 * @throws ApiProblem `unsupported-card`, `unsupported-phone`
 */
export function readForm(parts: Pick<ApiParts, 'lines' | 'now'>, program: Program, typed: TypedForm): Form {
  return { ...readEnrolment(parts, program, typed), isPhoneProved: typed.phoneProved ?? false };
}

const DETAILS: Readonly<Record<FormConflict, string>> = {
  ...CONFLICTS,
  'member-differs':
    'The member with this phone is known otherwise. Compare the phone with the form, or correct the member.',
};

export const FORM_CONFLICTS = Object.keys(DETAILS) as readonly FormConflict[];

/** Why a form is refused and what to do, in sentences that are fit for an operator. */
export function refusalOf({ conflict, differing }: Omit<Extract<FormResult, { kind: 'refused' }>, 'kind'>): string {
  const told = DETAILS[conflict];
  return differing.length === 0 ? told : `${told} It differs in: ${differing.join(', ')}.`;
}
