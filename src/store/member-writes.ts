import { type RawBuilder, sql } from 'kysely';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Decided } from './decided.ts';
import { type PhoneProof, proofRank, strongest } from './phone-proof.ts';
import { rows } from './rows.ts';

interface Met {
  readonly proof: PhoneProof;
  readonly proposedName: string | undefined;
}

/**
 * The statement that makes a member of each phone that an SMS of the pack bound, or proved anew by naming its own card;
 * none for a pack without any. A name in an SMS becomes a proposal, and only while no name is known. What came in
 * another way than by SMS is left out: it says itself what it knows, through `upsertMember`.
 * A member made here leaves no audit row of its own: `binding.opened` says all that is known.
 */
export function memberWrites(program: string, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const met = membersMet(pack);
  if (met.size === 0) return [];
  const list = [...met].map(([phone, { proof, proposedName }]) => ({ phone, proof, name: proposedName }));
  const isProved = sql`${proofRank(sql`excluded.phone_proof`)} > ${proofRank(sql`m.phone_proof`)}`;
  const isProposed = sql`(m.name IS NULL AND excluded.proposed_name IS DISTINCT FROM m.proposed_name AND excluded.proposed_name IS NOT NULL)`;
  return [
    sql`INSERT INTO members AS m (program, phone, phone_proof, proposed_name)
      SELECT ${program}, phone, proof, name FROM ${rows(list, 'phone text, proof text, name text')} ORDER BY phone
      ON CONFLICT (program, phone) WHERE erased_at IS NULL DO UPDATE SET
        phone_proof = CASE WHEN ${isProved} THEN excluded.phone_proof ELSE m.phone_proof END,
        proposed_name = CASE WHEN ${isProposed} THEN excluded.proposed_name ELSE m.proposed_name END,
        version = m.version + 1, updated_at = now()
      WHERE ${isProved} OR ${isProposed}`,
  ];
}

/** Once for each phone, as a statement may touch a row once: the strongest proof and the latest name. */
function membersMet(pack: readonly Decided[]): ReadonlyMap<Msisdn, Met> {
  const met = new Map<Msisdn, Met>();
  const meet = (phone: Msisdn, proof: PhoneProof, name: string | undefined) => {
    const before = met.get(phone);
    met.set(phone, {
      proof: strongest(before?.proof ?? 'none', proof),
      proposedName: name ?? before?.proposedName,
    });
  };
  for (const { inboundId, from, decision, proposedName } of pack) {
    if (inboundId === undefined) continue;
    for (const change of decision.changes) {
      if (change.kind !== 'open-binding') continue;
      meet(change.phone, change.proof, change.phone === from ? proposedName : undefined);
    }
    if (decision.outcome === 'already-active') meet(from, 'sms', proposedName);
  }
  return met;
}
