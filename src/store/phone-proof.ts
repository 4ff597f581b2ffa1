import { type RawBuilder, sql } from 'kysely';

/** How sure it is that a member's phone is theirs. */
export type PhoneProof = 'none' | 'sms' | 'code' | 'operator' | 'cashier';

/**
 * Weakest first. A form proves nothing: its number may be misread. A cashier saw a customer who named a number; an
 * operator has compared it with a signed form or has called it. An SMS came from the phone, though a sender can be
 * forged; a code was read on it, which only its owner can do.
 */
const PHONE_PROOFS = ['none', 'cashier', 'operator', 'sms', 'code'] as const satisfies readonly PhoneProof[];

/** The stronger of two proofs: what was proved once stays proved. */
export function strongest(one: PhoneProof, other: PhoneProof): PhoneProof {
  return PHONE_PROOFS.indexOf(one) >= PHONE_PROOFS.indexOf(other) ? one : other;
}

/** The place of a proof in that order, as an SQL expression. */
export function proofRank(proof: RawBuilder<unknown>): RawBuilder<number> {
  return sql`array_position(${[...PHONE_PROOFS]}::text[], ${proof})`;
}
