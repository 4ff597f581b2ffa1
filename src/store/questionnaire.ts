import type { CardNumber } from '../activation/card-number.ts';
import type { EnrolOutcome } from '../activation/enrol.ts';
import type { Fact, Profile } from '../activation/profile.ts';
import type { Program } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { joinIn } from './join.ts';
import type { EnteredMember } from './members.ts';
import { changeAndText, type Texting, type TextingAddress } from './texting.ts';

/** What somebody filled in on paper. */
export interface Form {
  readonly phone: Msisdn;
  readonly card: CardNumber;
  readonly profile: Profile;
  /** Consent by name, with the time it was given in ISO 8601. */
  readonly consents: Readonly<Record<string, string>>;
  /** The operator has made sure that the phone is theirs, by a call for instance. */
  readonly isPhoneProved: boolean;
}

/** Who enters forms, into which programme. */
export interface FormDesk {
  readonly program: Program;
  /** `key:<prefix>/<person>` or `cli:<user>`. */
  readonly actor: string;
  /** Where customers are texted from; undefined: nobody is texted. */
  readonly from: TextingAddress | undefined;
  readonly now: Date;
}

/** Why a form cannot be entered as it is; `member-differs`: the member is known by other facts. */
export type FormConflict = Exclude<EnrolOutcome, 'activated' | 'already-active' | 'awaiting-check'> | 'member-differs';

/** What became of a form. One that was refused has changed nothing. */
export type FormResult =
  | { readonly kind: 'entered'; readonly outcome: 'activated' | 'already-active'; readonly member: EnteredMember }
  | { readonly kind: 'refused'; readonly conflict: FormConflict; readonly differing: readonly Fact[] };

/**
 * Enters a form in one transaction: card and phone are joined, the member is made or completed, the customer is texted.
 * The same form again finds everything as it is. A form never corrects a member: mostly it is the phone that was misread.
 */
export async function enterForm(texting: Texting, desk: FormDesk, form: Form): Promise<FormResult> {
  try {
    return await changeAndText(texting, desk.program, async (round) => {
      const { isPhoneProved, ...facts } = form;
      const phoneProof = isPhoneProved ? 'operator' : 'none';
      const { outcome, member } = await joinIn(round, { ...desk, ...facts, proof: 'operator', phoneProof });
      return resultOf(outcome, member);
    });
  } catch (error) {
    if (error instanceof Refused) return error.result;
    throw error;
  }
}

function resultOf(outcome: EnrolOutcome, member: EnteredMember | undefined): FormResult {
  switch (outcome) {
    case 'activated':
    case 'already-active':
      if (member === undefined) throw new Error('A join without a member');
      if (member.differing.length > 0) throw new Refused('member-differs', member.differing);
      return { kind: 'entered', outcome, member };
    case 'unknown-card':
    case 'card-blocked':
    case 'card-awaiting-check':
    case 'card-has-another-phone':
    case 'phone-has-another-card':
      throw new Refused(outcome, []);
    case 'awaiting-check':
      throw new Error('A form is entered or refused, and never waits');
    default:
      return outcome satisfies never;
  }
}

/** Thrown so that the transaction is rolled back. */
class Refused extends Error {
  readonly result: Extract<FormResult, { kind: 'refused' }>;

  constructor(conflict: FormConflict, differing: readonly Fact[]) {
    super(conflict);
    this.name = 'Refused';
    this.result = { kind: 'refused', conflict, differing };
  }
}
