import { type RawBuilder, sql } from 'kysely';
import type { ReplyFacts } from '../activation/decision.ts';
import type { TemplateName } from '../activation/outcome.ts';
import type { Locale } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Decided } from './decided.ts';
import { LEASE } from './replies.ts';
import { rows } from './rows.ts';

/** A reply on its way into the outbox. */
export interface NewReply {
  readonly inbound_id: string | undefined;
  /** Which of the replies to one SMS it is: 0 is its author's. */
  readonly slot: number;
  readonly program: string;
  readonly channel: string;
  readonly sender: string;
  readonly recipient: Msisdn;
  readonly template: TemplateName;
  readonly locale: Locale;
  readonly variables: ReplyFacts;
  /** This process sends it as soon as it is committed: no other takes it out of the outbox. */
  readonly is_claimed: boolean;
}

/** A reply that is in the outbox now. */
export interface QueuedReply {
  readonly id: string;
  readonly channel: string;
}

/** The same, with what it was made of. */
export interface WrittenReply extends QueuedReply {
  readonly made: NewReply;
  /** See `ClaimedReply`; null for one that is not claimed. */
  readonly attempted_at: string | null;
}

/** The replies of a pack. `claims` is asked of each in turn, by its channel, whether this process sends it itself. */
export function repliesOf(
  program: string,
  pack: readonly Decided[],
  claims: (channel: string) => boolean = () => false,
): NewReply[] {
  return pack.flatMap((one) =>
    one.decision.replies.map((reply, index) => ({
      inbound_id: one.inboundId,
      // Slot 0 stays free when silence was kept and only others are told.
      slot: reply.to === one.from ? 0 : index + 1,
      program,
      channel: one.channel,
      sender: one.address,
      recipient: reply.to,
      template: reply.template,
      locale: one.localeFor(reply.to),
      variables: reply.facts,
      is_claimed: claims(one.channel),
    })),
  );
}

/** What `queueReplies` gives for each row, as JSON. */
export interface QueuedRow extends QueuedReply {
  readonly inbound_id: string | null;
  readonly slot: number;
  readonly attempted_at: string | null;
}

/** The statement that puts them into the outbox; undefined when there are none. It gives a `QueuedRow` for each. */
export function queueReplies(
  replies: readonly NewReply[],
  pack: readonly unknown[] = replies,
): RawBuilder<unknown> | undefined {
  if (replies.length === 0) return undefined;
  const columns =
    'inbound_id bigint, slot smallint, program text, channel text, sender text, recipient text, template text, locale text, variables jsonb, is_claimed boolean';
  return sql`INSERT INTO replies (inbound_id, slot, program, channel, sender, recipient, template, locale, variables,
      status, attempts, attempted_at, sweep_at)
    SELECT inbound_id, slot, program, channel, sender, recipient, template, locale, variables,
      CASE WHEN is_claimed THEN 'sending' ELSE 'queued' END, is_claimed::int, CASE WHEN is_claimed THEN clock_timestamp() END,
      clock_timestamp() + CASE WHEN is_claimed THEN ${LEASE} ELSE interval '8 seconds' END
    FROM ${rows(replies, columns, pack)} RETURNING id::text, channel, inbound_id::text, slot, attempted_at::text`;
}

/** Each row with what it was made of. A reply that answers no SMS is alone in its pack. */
export function withOrigin(queued: readonly QueuedRow[], replies: readonly NewReply[]): WrittenReply[] {
  const key = (inboundId: string | null | undefined, slot: number) => `${inboundId ?? ''}:${slot}`;
  const made = new Map(replies.map((reply) => [key(reply.inbound_id, reply.slot), reply]));
  return queued.flatMap(({ id, channel, inbound_id, slot, attempted_at }) => {
    const origin = made.get(key(inbound_id, slot));
    return origin === undefined ? [] : [{ id, channel, made: origin, attempted_at }];
  });
}
