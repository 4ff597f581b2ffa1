import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { hashCode } from '../../src/store/codes.ts';
import type { Database } from '../../src/store/database.ts';
import { addCards } from './club.ts';
import { card, phone } from './world.ts';

/** The code of every enrolment that waits for one. */
export const SEEDED_CODE = '482193';

/** What a programme has: one thing of each kind that a call can be about. */
export interface Seeds {
  readonly program: string;
  /** Nobody has it. */
  readonly freeCard: CardNumber;
  /** No member, no card. */
  readonly freePhone: Msisdn;
  /** The member's card. */
  readonly heldCard: CardNumber;
  readonly heldPhone: Msisdn;
  /** Ids by what they are of. */
  readonly ids: Readonly<Record<'member' | 'awaiting' | 'tillCode' | 'websiteCode', string>>;
  /** Texts that nobody outside the programme may ever read. */
  readonly secrets: readonly string[];
}

const TABLES = ['audit_events', 'bindings', 'cards', 'cases', 'code_quota', 'enrolments', 'events', 'members'];

/** Puts the programme back to its seeds. `n` keeps the numbers of programmes apart. */
export async function seed(db: Database, program: string, n: number): Promise<Seeds> {
  await db.transaction().execute(async (trx) => {
    for (const table of [...TABLES, 'phones', 'replies']) {
      await sql`DELETE FROM ${sql.table(table)} WHERE program = ${program}`.execute(trx);
    }
    await sql`DELETE FROM idempotent_answers`.execute(trx);
  });
  const first = n * 100;
  const [freeCard, heldCard, checkedCard] = [card(first), card(first + 1), card(first + 2)];
  const [freePhone, heldPhone] = [phone(first), phone(first + 1)];
  const [forTill, forWebsite] = [card(first + 3), card(first + 4)];
  await addCards(
    db,
    [
      { number: freeCard },
      { number: heldCard, holder: heldPhone },
      { number: checkedCard, status: 'awaiting-check' },
      { number: forTill },
      { number: forWebsite },
    ],
    program,
  );
  const secrets = [`Maria${program}`, `maria@${program}.example`, heldPhone, `Olga${program}`];
  const [member] = (
    await sql<{ id: string }>`
      INSERT INTO members (program, phone, phone_proof, name, email, birthday, profile)
      VALUES (${program}, ${heldPhone}, 'sms', ${`Maria${program}`}, ${`maria@${program}.example`}, '1990-05-12', 'complete')
      RETURNING id`.execute(db)
  ).rows;
  const awaiting = await enrolment(db, program, 'till', checkedCard, phone(first + 2), 'awaiting-check');
  const tillCode = await enrolment(db, program, 'till', forTill, phone(first + 3), 'code-sent');
  const websiteCode = await enrolment(db, program, 'website', forWebsite, phone(first + 4), 'code-sent');
  const ids = { member: member?.id ?? '', awaiting, tillCode, websiteCode };
  return { program, freeCard, freePhone, heldCard, heldPhone, ids, secrets: [...secrets, ...Object.values(ids)] };
}

async function enrolment(
  db: Database,
  program: string,
  way: 'till' | 'website',
  of: CardNumber,
  by: Msisdn,
  state: 'awaiting-check' | 'code-sent',
): Promise<string> {
  const id = randomUUID();
  const hash = state === 'code-sent' ? hashCode(id, SEEDED_CODE) : null;
  await sql`
    INSERT INTO enrolments (id, program, way, card, phone, profile, state, shop, entered_by, code_hash, codes_sent, resend_after, expires_at)
    VALUES (${id}, ${program}, ${way}, ${of}, ${by}, ${JSON.stringify({ name: `Olga${program}` })}::jsonb, ${state}, 'Shop 1',
      'key:somebodyel', ${hash}, 1, now() - interval '1 second', now() + interval '9 minutes')`.execute(db);
  return id;
}

/** Everything that a programme has, to be compared: what a caller of another changes here is a breach. */
export async function snapshot(db: Database, program: string): Promise<string> {
  const parts = await Promise.all(
    [...TABLES, 'phones', 'replies'].map(async (table) => {
      const { rows } = await sql<{ row: string }>`
        SELECT to_jsonb(t)::text AS row FROM ${sql.table(table)} t WHERE program = ${program} ORDER BY 1`.execute(db);
      return `${table}: ${rows.map(({ row }) => row).join('\n')}`;
    }),
  );
  return parts.join('\n');
}
