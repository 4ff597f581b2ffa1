import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type Collected, joinParts, placeOf } from '../sms/concat.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, type Trx, transact } from './database.ts';
import { keepInbound, type NewInbound } from './inbox.ts';
import { rows } from './rows.ts';

/** What the parts of one SMS share. */
interface PartKey {
  readonly channel: string;
  readonly senderRaw: string;
  readonly recipient: string;
  readonly reference: string;
  readonly total: number;
}

/** A part of a long SMS as it is kept. */
export interface NewPart extends PartKey {
  readonly providerMessageId: string;
  /** The phone it came from, where that can be told already: for an erasure while the other parts are waited for. */
  readonly sender: Msisdn | undefined;
  readonly position: number;
  /** May begin or end with half of a surrogate pair. */
  readonly text: string;
  /** How long the other parts are waited for, in milliseconds. */
  readonly waitMs: number;
}

/** A long SMS from its parts, to be read as any other. */
export interface LongMessage {
  readonly channel: string;
  /** Made from the id of the first part there is, so that it stays the same. */
  readonly providerMessageId: string;
  readonly from: string;
  readonly to: string;
  /** May hold halves of surrogate pairs, beside a gap. */
  readonly text: string;
  /** False: parts are missing, and gaps stand in their places. */
  readonly isWhole: boolean;
}

/** Reads a long SMS into what the inbox keeps; is called within a transaction and must not throw. */
export type ReadLongMessage = (message: LongMessage) => NewInbound;

/** A long SMS that was put into the inbox, and the id of its row there. */
export interface JoinedInbound {
  readonly id: string;
  readonly inbound: NewInbound;
}

/** What became of the parts, in their order, and the SMS that they completed. */
export interface KeptParts {
  readonly kept: readonly ('new' | 'repeated')[];
  readonly joined: readonly JoinedInbound[];
}

/**
 * Commits the parts, and with the last part of an SMS the SMS itself: after it returns none of them can be lost. A part
 * that the channel sent before is left as it was. Parts of one SMS may come in any order, to any number of processes.
 */
export async function keepParts(db: Database, parts: readonly NewPart[], read: ReadLongMessage): Promise<KeptParts> {
  return await transact(db, async (trx) => {
    await lockKeys(trx, parts);
    const seen = await knownAmong(trx, parts);
    const kept = parts.map((part) => {
      if (seen.has(idOf(part))) return 'repeated';
      seen.add(idOf(part));
      return 'new';
    });
    const fresh = parts.filter((_, index) => kept[index] === 'new');
    const collections = await place(trx, fresh);
    const joined: JoinedInbound[] = [];
    // One after the other: the second may turn out to be the first once more.
    for (const { id, isOpen, taken, total } of collections) {
      if (!isOpen || taken.size < total) continue;
      const inbound = await finish(trx, id, read);
      if (inbound !== undefined) joined.push(inbound);
    }
    return { kept, joined };
  });
}

/** The ids of long SMS that have waited long enough for their parts, each given out once in a minute. */
export async function claimOverdue(db: Database, channels: readonly string[], limit: number): Promise<string[]> {
  const { rows: due } = await sql<{ id: string }>`
    UPDATE long_messages SET due_at = clock_timestamp() + interval '1 minute'
    WHERE id IN (SELECT id FROM long_messages WHERE read_at IS NULL AND due_at <= clock_timestamp()
        AND channel = ANY(${channels}::text[]) ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id`.execute(db);
  return due.map(({ id }) => id);
}

/**
 * Puts what came of a long SMS into the inbox. Undefined when there is nothing to be read any more: the last part came
 * meanwhile, or it was all a repetition.
 */
export async function readOverdue(db: Database, id: string, read: ReadLongMessage): Promise<JoinedInbound | undefined> {
  return await transact(db, async (trx) => {
    const { rows: open } = await sql`SELECT FROM long_messages
      WHERE id = ${id} AND read_at IS NULL FOR UPDATE`.execute(trx);
    return open.length === 0 ? undefined : await finish(trx, id, read);
  });
}

/** A part that comes later than this after its SMS was read begins a new one: by then the reference may be another's. */
const LATE = sql.raw(`interval '1 day'`);

/** The same parts under other ids, within this time, are the same SMS that a gateway handed over twice. */
const REPETITION = sql.raw(`interval '1 hour'`);

const keyOf = ({ channel, senderRaw, recipient, reference, total }: PartKey) =>
  JSON.stringify([channel, senderRaw, recipient, reference, total]);
const idOf = ({ channel, providerMessageId }: NewPart) => JSON.stringify([channel, providerMessageId]);

/**
 * The parts of a key are placed by one process at a time: two that both found no SMS would both begin one. In order, so
 * that nobody waits for each other.
 */
async function lockKeys(trx: Trx, parts: readonly NewPart[]): Promise<void> {
  const keys = parts.map((part) => `part of ${keyOf(part)}`);
  await sql`SELECT pg_advisory_xact_lock(hash) FROM (
    SELECT DISTINCT hashtextextended(key, 0) AS hash FROM unnest(${keys}::text[]) key ORDER BY 1) ordered`.execute(trx);
}

/** Stands before the id of a part among the ids of SMS, once the part itself was dropped for its age. */
export const PART_PREFIX = 'part:';

async function knownAmong(trx: Trx, parts: readonly NewPart[]): Promise<Set<string>> {
  const list = parts.map(({ channel, providerMessageId: id }) => ({ channel, id }));
  const { rows: known } = await sql<{ channel: string; id: string }>`
    SELECT channel, id FROM ${rows(list, 'channel text, id text')}
    WHERE EXISTS (SELECT FROM message_parts p WHERE p.channel = r.channel AND p.provider_message_id = r.id)
      OR EXISTS (SELECT FROM inbound_ids i WHERE i.channel = r.channel AND i.provider_message_id = ${PART_PREFIX} || r.id)`.execute(
    trx,
  );
  return new Set(known.map(({ channel, id }) => JSON.stringify([channel, id])));
}

interface Collection extends Collected {
  readonly id: string;
  readonly key: string;
  readonly total: number;
  readonly taken: Set<number>;
}

/** Gives each part its SMS, known or new, and writes both down; answers all SMS of the keys, from the oldest on. */
async function place(trx: Trx, parts: readonly NewPart[]): Promise<readonly Collection[]> {
  const collections = await loadCollections(trx, parts);
  const begun: object[] = [];
  const placed = parts.map(({ providerMessageId, position, text, ...part }) => {
    const key = keyOf(part);
    const ofKey = collections.filter((one) => one.key === key);
    let home = placeOf(position, ofKey);
    if (home === undefined) {
      home = { id: randomUUID(), key, total: part.total, isOpen: true, taken: new Set() };
      collections.push(home);
      begun.push({ ...part, id: home.id });
    }
    home.taken.add(position);
    const bytes = utf16be(text).toString('base64');
    return { channel: part.channel, id: providerMessageId, message: home.id, position, bytes };
  });
  await sql`INSERT INTO long_messages (id, channel, sender, sender_raw, recipient, reference, total, due_at)
    SELECT id, channel, sender, "senderRaw", recipient, reference, total,
      clock_timestamp() + "waitMs" * interval '1 millisecond'
    FROM ${rows(begun, `id uuid, sender text, "waitMs" float8, ${KEY_COLUMNS}`)}`.execute(trx);
  await sql`INSERT INTO message_parts (channel, provider_message_id, long_message_id, position, text)
    SELECT channel, id, message, position, decode(bytes, 'base64')
    FROM ${rows(placed, 'channel text, id text, message uuid, position int, bytes text')}`.execute(trx);
  return collections;
}

const KEY_COLUMNS = 'channel text, "senderRaw" text, recipient text, reference text, total int';

/** Locked: one that the sweeper reads at this moment is waited for, and then it is closed. */
async function loadCollections(trx: Trx, parts: readonly NewPart[]): Promise<Collection[]> {
  const bare = ({ channel, senderRaw, recipient, reference, total }: PartKey): PartKey => ({
    channel,
    senderRaw,
    recipient,
    reference,
    total,
  });
  const keys = [...new Map(parts.map((part) => [keyOf(part), bare(part)])).values()];
  const { rows: found } = await sql<PartKey & { id: string; isOpen: boolean; places: number[] }>`
    SELECT m.id, m.channel, m.sender_raw AS "senderRaw", m.recipient, m.reference, m.total,
      m.read_at IS NULL AS "isOpen",
      ARRAY(SELECT position FROM message_parts WHERE long_message_id = m.id) AS places
    FROM long_messages m JOIN ${rows(keys, KEY_COLUMNS)} ON m.channel = r.channel AND m.sender_raw = r."senderRaw"
      AND m.recipient = r.recipient AND m.reference = r.reference AND m.total = r.total
    WHERE m.read_at IS NULL OR m.read_at > clock_timestamp() - ${LATE} AND NOT m.is_repetition
    ORDER BY m.began_at, m.id FOR UPDATE OF m`.execute(trx);
  return found.map(({ id, isOpen, places, ...key }) => ({
    id,
    key: keyOf(key),
    total: key.total,
    isOpen,
    taken: new Set(places),
  }));
}

/** Reads the locked SMS into the inbox and closes it; one that was read before, part by part, is closed unread. */
async function finish(trx: Trx, id: string, read: ReadLongMessage): Promise<JoinedInbound | undefined> {
  const repeated = await repetitionOf(trx, id);
  if (repeated !== undefined) {
    await close(trx, id, repeated.inbox_id, true);
    return undefined;
  }
  const inbound = read(await loadMessage(trx, id));
  const [kept] = await keepInbound(trx, [inbound]);
  if (kept?.kind !== 'new') {
    await close(trx, id, null);
    return undefined;
  }
  await close(trx, id, kept.id);
  return { id: kept.id, inbound };
}

async function close(trx: Trx, id: string, inboxId: string | null, isRepetition = false): Promise<void> {
  await sql`UPDATE long_messages SET read_at = clock_timestamp(), inbox_id = ${inboxId}, is_repetition = ${isRepetition}
    WHERE id = ${id}`.execute(trx);
}

/** Another SMS of the key that was read lately and has all the parts of this one, letter by letter. */
async function repetitionOf(trx: Trx, id: string): Promise<{ readonly inbox_id: string | null } | undefined> {
  const { rows: found } = await sql<{ inbox_id: string | null }>`
    SELECT other.inbox_id FROM long_messages m
      JOIN long_messages other USING (channel, sender_raw, recipient, reference, total)
    WHERE m.id = ${id} AND other.id <> m.id AND other.read_at > m.began_at - ${REPETITION} AND NOT other.is_repetition
      AND NOT EXISTS (SELECT FROM message_parts mine WHERE mine.long_message_id = m.id
        AND NOT EXISTS (SELECT FROM message_parts its WHERE its.long_message_id = other.id
          AND its.position = mine.position AND its.text = mine.text))
    LIMIT 1`.execute(trx);
  return found[0];
}

async function loadMessage(trx: Trx, id: string): Promise<LongMessage> {
  const { rows: parts } = await sql<{
    channel: string;
    from: string;
    to: string;
    total: number;
    position: number;
    text: Buffer;
    part: string;
  }>`SELECT m.channel, m.sender_raw AS from, m.recipient AS to, m.total, p.position, p.text, p.provider_message_id AS part
    FROM long_messages m JOIN message_parts p ON p.long_message_id = m.id
    WHERE m.id = ${id} ORDER BY p.position`.execute(trx);
  const [first] = parts;
  if (first === undefined) throw new Error('A long SMS has no part');
  const { channel, from, to, total, part } = first;
  const texts = new Map(parts.map(({ position, text }) => [position, fromUtf16be(text)]));
  const isWhole = texts.size >= total;
  return { channel, providerMessageId: `parts:${part}`, from, to, text: joinParts(texts, total), isWhole };
}

/** Any string, halves of surrogate pairs included, as bytes that give it back. */
export function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

function fromUtf16be(bytes: Buffer): string {
  return Buffer.from(bytes).swap16().toString('utf16le');
}
