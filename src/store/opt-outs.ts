import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { type Database, pepperOf, type Trx } from './database.ts';
import { rows } from './rows.ts';

/** Nobody gave the key under which the opt-out of an erased person is kept: the erasure did not happen. */
export class NoPepper extends Error {
  override readonly name = 'NoPepper';

  constructor() {
    super('CARDWAKE_PEPPER is not set: the opt-out of an erased person could not be kept. Set it and erase again');
  }
}

/**
 * HMAC-SHA256 of the programme and the phone, under the pepper: who knows the phone and the pepper can ask for it, who
 * has only the database learns nothing. Undefined without a pepper.
 */
export function optOutMark(db: Database | Trx, program: string, phone: string): Buffer | undefined {
  const pepper = pepperOf(db);
  return pepper === undefined ? undefined : createHmac('sha256', pepper).update(`${program}\n${phone}`).digest();
}

/**
 * Keeps the opt-out of a phone that is being erased, or drops one that an earlier erasure kept and that was taken back
 * since. Throws `NoPepper`.
 */
export async function settleOptOut(trx: Trx, program: string, phone: string, optedOutAt: Date | null): Promise<void> {
  const mark = optOutMark(trx, program, phone);
  if (optedOutAt === null) {
    if (mark === undefined) return;
    await trx.deleteFrom('opt_outs').where('program', '=', program).where('phone_mark', '=', mark).execute();
    return;
  }
  if (mark === undefined) throw new NoPepper();
  await sql`INSERT INTO opt_outs (program, phone_mark, opted_out_at) VALUES (${program}, ${mark}, ${optedOutAt})
    ON CONFLICT (program, phone_mark) DO UPDATE SET opted_out_at = excluded.opted_out_at`.execute(trx);
}

/** Gives phones that were made anew the opt-outs that erasures kept of them, and answers which those are. */
export async function keptOptOuts(
  trx: Trx,
  program: string,
  phones: readonly { readonly phone: string }[],
): Promise<ReadonlyMap<string, Date>> {
  const list = phones.map(({ phone }) => ({ phone, mark: optOutMark(trx, program, phone)?.toString('hex') }));
  const { rows: kept } = await sql<{ phone: string; opted_out_at: Date }>`
    UPDATE phones p SET opted_out_at = o.opted_out_at
    FROM ${rows(list, 'phone text, mark text')}
    JOIN opt_outs o ON o.program = ${program} AND o.phone_mark = decode(r.mark, 'hex')
    WHERE p.program = ${program} AND p.phone = r.phone RETURNING p.phone, p.opted_out_at`.execute(trx);
  return new Map(kept.map((row) => [row.phone, row.opted_out_at]));
}
