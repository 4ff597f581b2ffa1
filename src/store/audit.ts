import { type RawBuilder, sql } from 'kysely';
import { phoneMark } from './audit-hash.ts';
import type { Trx } from './database.ts';
import { rows } from './rows.ts';

/** What is written into the audit: every change of a binding, a card or an API key, and who looked behind a mask. */
export type AuditAction =
  | 'binding.opened'
  | 'binding.closed'
  | 'card.status'
  | 'cards.imported'
  | 'cards.generated'
  | 'card.revealed'
  | 'member.created'
  | 'member.updated'
  | 'enrolment.rejected'
  | 'key.created'
  | 'key.revoked'
  | 'member.erased';

/** One change: who or which message, what it was before, what it is after. */
export interface AuditEvent {
  readonly program: string;
  /** `sms:<inbox id>`, `operator:<name>`, `cli:<user>` or `system:<part>`. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly card?: string;
  readonly phone?: string;
  readonly before?: object | undefined;
  readonly after?: object;
}

/** Writes the events in the transaction of the change itself; the sealer chains them a moment later. */
export async function recordAudit(trx: Trx, events: readonly AuditEvent[]): Promise<void> {
  if (events.length > 0) await auditInsert(events).execute(trx);
}

/** The same as a statement that can be sent together with others; `pack`: see `rows`. */
export function auditInsert(events: readonly AuditEvent[], pack?: readonly unknown[]): RawBuilder<unknown> {
  const columns = 'program text, actor text, action text, card text, phone text, before jsonb, after jsonb';
  return sql`INSERT INTO audit_events (program, actor, action, card, phone, phone_salt, phone_mark, before, after)
    SELECT program, actor, action, card, phone, salt, ${phoneMark(sql`salt`, sql`phone`)}, before, after
    FROM (SELECT r.*, CASE WHEN phone IS NOT NULL THEN gen_random_uuid() END AS salt FROM ${rows(events, columns, pack)}) e`;
}
