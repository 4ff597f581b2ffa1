import { type RawBuilder, sql } from 'kysely';
import type { Program } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Trx } from './database.ts';
import type { Decided } from './decided.ts';
import { tell } from './members.ts';
import { type PhoneProof, proofRank, strongest } from './phone-proof.ts';
import { rows } from './rows.ts';

interface Met {
  readonly proof: PhoneProof;
  readonly proposedName: string | undefined;
}

/** A member who was known before, and what the SMS of a pack changed of them. */
export interface TouchedMember {
  readonly id: string;
  readonly phone: Msisdn;
  readonly phoneProof: PhoneProof;
  readonly fields: readonly ('phoneProof' | 'proposedName')[];
}

/**
 * The statement that makes a member of each phone that an SMS of the pack bound, or proved anew by naming its own card;
 * undefined for a pack without any. It gives a row, columns as in `TouchedMember`, for each that was known before. A name
 * in an SMS becomes a proposal, and only while no name is known. What came in another way than by SMS is left out: it
 * says itself what it knows, through `upsertMember`.
 * A member made here leaves no audit row of its own: `binding.opened` says all that is known.
 */
export function memberWrites(program: string, pack: readonly Decided[]): RawBuilder<unknown> | undefined {
  const met = membersMet(pack);
  if (met.size === 0) return undefined;
  const list = [...met].map(([phone, { proof, proposedName }]) => ({ phone, proof, name: proposedName }));
  const isProved = sql`${proofRank(sql`excluded.phone_proof`)} > ${proofRank(sql`m.phone_proof`)}`;
  const isProposed = sql`(m.name IS NULL AND excluded.proposed_name IS DISTINCT FROM m.proposed_name AND excluded.proposed_name IS NOT NULL)`;
  // The statement's snapshot has the member as it was. A row that was locked before it was written was there: its xmax tells.
  const was = (column: string) => sql`(SELECT old.${sql.raw(column)} FROM members old WHERE old.id = m.id)`;
  return sql`INSERT INTO members AS m (program, phone, phone_proof, proposed_name)
    SELECT ${program}, phone, proof, name FROM ${rows(list, 'phone text, proof text, name text', pack)} ORDER BY phone
    ON CONFLICT (program, phone) WHERE erased_at IS NULL DO UPDATE SET
      phone_proof = CASE WHEN ${isProved} THEN excluded.phone_proof ELSE m.phone_proof END,
      proposed_name = CASE WHEN ${isProposed} THEN excluded.proposed_name ELSE m.proposed_name END,
      version = m.version + 1, updated_at = now()
    WHERE ${isProved} OR ${isProposed}
    RETURNING id, phone, phone_proof AS "phoneProof", xmax <> 0 AS is_known,
      CASE WHEN xmax <> 0 THEN array_remove(ARRAY[
        CASE WHEN phone_proof IS DISTINCT FROM ${was('phone_proof')} THEN 'phoneProof' END,
        CASE WHEN proposed_name IS DISTINCT FROM ${was('proposed_name')} THEN 'proposedName' END], NULL) END AS fields`;
}

/** Writes down what a pack's SMS changed of members who were known before, and tells the loyalty back end. */
export async function tellOfMembers(
  trx: Trx,
  program: Program,
  pack: readonly Decided[],
  touched: readonly TouchedMember[],
): Promise<void> {
  for (const { id, phone, fields, phoneProof } of touched) {
    const actor = pack.findLast(({ from }) => from === phone)?.actor ?? 'system:bind';
    await tell(trx, { program, actor, action: 'member.updated', phone, member: id, fields, phoneProof });
  }
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
