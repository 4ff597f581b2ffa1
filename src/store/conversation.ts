import type { ReplyStatus } from '../sms/message.ts';
import type { Database } from './database.ts';

/** One SMS as the owner of a phone sees it; `in` is what the phone sent to us, `out` what we sent to it. */
export interface ConversationMessage {
  /** For `in` the provider's message id, for `out` `reply-` and the row id. */
  readonly id: string;
  readonly direction: 'in' | 'out';
  /** Empty for a reply that has not been rendered yet. */
  readonly text: string;
  /** When it was received or decided; ISO 8601. */
  readonly at: string;
  readonly status: 'received' | 'done' | 'quarantined' | ReplyStatus;
  /** Of an `in`, once decided. */
  readonly outcome?: string;
  /** Why an `in` gets no reply although its outcome calls for one. */
  readonly silence?: string;
  /** Of a rendered `out`. */
  readonly segments?: number;
}

export interface ConversationQuery {
  /** In E.164; or a sender ID as it was texted, when it is not a phone that may take part. */
  readonly phone: string;
  /** Only SMS of these channels are read. */
  readonly channels: readonly string[];
  /** The latest so many of each direction. */
  readonly limit: number;
}

/**
 * What a phone and we have written to each other, oldest first. The replies are read before the texts, which are decided
 * in the transactions that write the replies: none is shown beside a text that seems undecided.
 */
export async function conversation(db: Database, query: ConversationQuery): Promise<ConversationMessage[]> {
  if (query.channels.length === 0) return [];
  const replies = await repliesTo(db, query);
  const received = await receivedFrom(db, query);
  return [...received, ...replies].toSorted((a, b) => a.at.localeCompare(b.at));
}

async function receivedFrom(db: Database, query: ConversationQuery): Promise<ConversationMessage[]> {
  const rows = await db
    .selectFrom('inbox')
    .select(['provider_message_id', 'text', 'received_at', 'state', 'outcome', 'silence'])
    .where('channel', 'in', query.channels)
    .where((where) =>
      where.or([
        where('sender', '=', query.phone),
        where.and([where('sender', 'is', null), where('sender_raw', '=', query.phone)]),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    id: row.provider_message_id,
    direction: 'in',
    text: row.text,
    at: row.received_at.toISOString(),
    status: row.state,
    ...(row.outcome !== null && { outcome: row.outcome }),
    ...(row.silence !== null && { silence: row.silence }),
  }));
}

async function repliesTo(db: Database, query: ConversationQuery): Promise<ConversationMessage[]> {
  const rows = await db
    .selectFrom('replies')
    .select(['id', 'text', 'created_at', 'status', 'segments'])
    .where('recipient', '=', query.phone)
    .where('channel', 'in', query.channels)
    .orderBy('id', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    id: `reply-${row.id}`,
    direction: 'out',
    text: row.text ?? '',
    at: row.created_at.toISOString(),
    status: row.status,
    ...(row.segments !== null && { segments: row.segments }),
  }));
}
