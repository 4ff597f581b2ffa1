import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { type Database, pepperOf, type Trx } from './database.ts';
import { changesOf, type Decided } from './decided.ts';
import { rows } from './rows.ts';

/** Nobody gave the key under which the opt-outs of erased people are kept; the message says what to do. */
export class NoPepper extends Error {
  override readonly name = 'NoPepper';

  constructor(why: string) {
    super(`CARDWAKE_PEPPER is not set: ${why}.`);
  }
}

/**
 * True when opt-outs of erased people are kept and the key to know those people by is missing: whoever makes the row of
 * such a phone without it makes somebody who may be texted, and nobody looks again.
 */
export async function lacksPepper(db: Database): Promise<boolean> {
  if (pepperOf(db) !== undefined) return false;
  const { rows: kept } = await sql`SELECT FROM opt_outs LIMIT 1`.execute(db);
  return kept.length > 0;
}

/** For whoever is going to write to phones or text them. Throws `NoPepper`. */
export async function assertPepper(db: Database): Promise<void> {
  if (await lacksPepper(db)) throw new NoPepper(`${PEOPLE_WOULD_BE_TEXTED}. ${PEPPER_ADVICE}`);
}

/** What it means that the key is missing, and what to do: for whoever tells of it otherwise. */
export const PEOPLE_WOULD_BE_TEXTED = 'people who have opted out and were erased since would be texted again';
export const PEPPER_ADVICE = 'Set it to the secret that it was when they were erased';

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
  if (mark === undefined)
    throw new NoPepper('the opt-out of an erased person could not be kept. Set it and erase again');
  await sql`INSERT INTO opt_outs (program, phone_mark, opted_out_at) VALUES (${program}, ${mark}, ${optedOutAt})
    ON CONFLICT (program, phone_mark) DO UPDATE SET opted_out_at = excluded.opted_out_at`.execute(trx);
}

/**
 * Opts phones out of the other programmes that a STOP named. To be called once all packs of the transaction are written: a
 * pack writes its phones as they were when it was claimed.
 */
export async function optOutElsewhere(trx: Trx, pack: readonly Decided[]): Promise<void> {
  const list = changesOf(pack, 'opt-out-of').flatMap(({ change: { phone, programs } }) =>
    programs.map((program) => ({ program, phone })),
  );
  if (list.length === 0) return;
  await sql`INSERT INTO phones (program, phone, opted_out_at)
    SELECT DISTINCT program, phone COLLATE "C", now() FROM ${rows(list, 'program text, phone text')} ORDER BY 1, 2
    ON CONFLICT (program, phone) DO UPDATE SET opted_out_at = coalesce(phones.opted_out_at, excluded.opted_out_at)`.execute(
    trx,
  );
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
