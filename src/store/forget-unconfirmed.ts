import { sql } from 'kysely';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, type Trx, transact } from './database.ts';
import { isWithin } from './id-bounds.ts';
import { optOutMark } from './opt-outs.ts';
import { idList, rows } from './rows.ts';
import { EMPTIED_REPLY, isMentioned } from './wipe.ts';

/** A phone that was sent a code. */
interface Texted {
  readonly program: string;
  readonly phone: Msisdn;
}

/**
 * A code that nobody brought back is forgotten with all that was typed for it, an hour after its time: the enrolment, to
 * whom its texts went and what they said, and the phone's row where nothing else is known of the phone. It may be a
 * stranger's. What stays is the day's count of codes to it, see `forgetCodes`.
 */
export async function forgetUnconfirmed(db: Database, now: Date): Promise<void> {
  const since = new Date(now.getTime() - 3_600_000);
  await transact(db, async (trx) => {
    const { rows: forgotten } = await sql<{ code_replies: string[] }>`DELETE FROM enrolments
      WHERE state IN ('code-sent', 'expired') AND expires_at < ${since} RETURNING code_replies`.execute(trx);
    const replies = forgotten.flatMap((enrolment) => enrolment.code_replies);
    if (replies.length === 0) return;
    const texted = await lockTexted(trx, replies);
    await sql`UPDATE replies SET ${EMPTIED_REPLY}
      WHERE id = ANY(${idList(replies)}::bigint[]) AND ${isWithin('id', replies)}`.execute(trx);
    for (const one of texted) await forgetPhone(trx, one);
  });
}

/** Whoever works with one of the phones is waited for: what is known of it is looked at afterwards. */
async function lockTexted(trx: Trx, replies: readonly string[]): Promise<Texted[]> {
  const { rows: texted } = await sql<Texted>`
    SELECT DISTINCT program, recipient AS phone FROM replies
    WHERE id = ANY(${idList(replies)}::bigint[]) AND ${isWithin('id', replies)} AND recipient <> ''`.execute(trx);
  await sql`SELECT FROM phones p JOIN ${rows(texted, 'program text, phone text')} USING (program, phone)
    ORDER BY program, phone FOR UPDATE OF p`.execute(trx);
  return texted;
}

/** An opt-out that an erasure kept is in `opt_outs` and needs no number beside it. */
async function forgetPhone(trx: Trx, { program, phone }: Texted): Promise<void> {
  const mark = optOutMark(trx, program, phone) ?? null;
  await sql`DELETE FROM phones p WHERE program = ${program} AND phone = ${phone}
    AND locale IS NULL AND told_until IS NULL AND failed_at = '{}' AND replied_at = '{}'
    AND (opted_out_at IS NULL OR EXISTS (SELECT FROM opt_outs o
      WHERE o.program = p.program AND o.phone_mark = ${mark} AND o.opted_out_at = p.opted_out_at))
    AND NOT (${isMentioned(program, phone)})`.execute(trx);
}
