import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Locale } from '../activation/program.ts';
import type { Card, LiveWorld, Offer, Phone } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Trx } from './database.ts';
import { type LockedCard, type LockedPhone, lockCards, lockPhones } from './locks.ts';

/** The cards and phones a pack of SMS names, and those that its decisions turned out to need. */
export interface Wanted {
  readonly phones: ReadonlySet<Msisdn>;
  readonly cards: ReadonlySet<CardNumber>;
}

/** Locks and reads all that is wanted: phones first, then cards, each in order of number. Lasts for the transaction. */
export async function loadWorld(trx: Trx, program: string, wanted: Wanted, repliesLeft: number): Promise<LiveWorld> {
  const phones = await lockPhones(trx, program, wanted.phones);
  const cards = await lockCards(trx, program, wanted.cards);
  return toWorld(wanted, { phones, cards, ties: await readTies(trx, program, wanted) }, repliesLeft);
}

/**
 * What is wanted as it stands, without a lock or a write, for whoever only
 * looks. Of a phone only its card and its offer are told: all else is of a phone that was never seen.
 */
export async function peekWorld(trx: Trx, program: string, wanted: Wanted): Promise<LiveWorld> {
  const { rows: cards } = await sql<LockedCard>`
    SELECT number, status FROM cards WHERE program = ${program} AND number = ANY(${[...wanted.cards]}::text[])`.execute(
    trx,
  );
  const phones = [...wanted.phones].map((phone) => ({ ...NEVER_SEEN, phone }));
  return toWorld(wanted, { phones, cards, ties: await readTies(trx, program, wanted) }, 0);
}

const NEVER_SEEN = { locale: null, opted_out_at: null, failed_at: [], replied_at: [], told_until: null };

/** What the database has of what is wanted. */
export interface Found {
  readonly phones: readonly LockedPhone[];
  readonly cards: readonly LockedCard[];
  readonly ties: readonly TieRow[];
}

/** The world that decisions are made in; a card that was not found is known not to exist. */
export function toWorld(wanted: Wanted, found: Found, repliesLeft: number): LiveWorld {
  const { cardOfPhone, holderOfCard, offers } = toTies(found.ties);
  const cards = new Map<CardNumber, Card | undefined>();
  for (const number of wanted.cards) cards.set(number, undefined);
  for (const row of found.cards) {
    const number = row.number as CardNumber;
    cards.set(number, { number, status: row.status, holder: holderOfCard.get(number) });
  }
  const phones = new Map<Msisdn, Phone>();
  for (const row of found.phones) {
    const number = row.phone as Msisdn;
    phones.set(number, toPhone(row, cardOfPhone.get(number), offers.get(number)));
  }
  return { cards, phones, repliesLeft };
}

function toPhone(row: LockedPhone, card: CardNumber | undefined, offer: Offer | undefined): Phone {
  return {
    number: row.phone as Msisdn,
    card,
    offer,
    locale: (row.locale ?? undefined) as Locale | undefined,
    isOptedOut: row.opted_out_at !== null,
    failedAt: row.failed_at,
    repliedAt: row.replied_at,
    toldUntil: row.told_until ?? undefined,
  };
}

interface Ties {
  readonly cardOfPhone: Map<Msisdn, CardNumber>;
  readonly holderOfCard: Map<CardNumber, Msisdn>;
  readonly offers: Map<Msisdn, Offer>;
}

/** A row of the database's `ties_of`. */
export interface TieRow {
  card: CardNumber;
  phone: Msisdn;
  kind: 'binding' | 'switch' | 'release';
  newcomer: Msisdn | null;
  code: string | null;
  tries_left: number | null;
  expires_at: Date | null;
}

/** Open bindings of the cards and phones, and the phones' offers, in one round trip: everything is locked by now. */
async function readTies(trx: Trx, program: string, { phones, cards }: Wanted): Promise<TieRow[]> {
  const { rows } = await sql<TieRow>`
    SELECT * FROM ties_of(${program}, ${[...phones]}::text[], ${[...cards]}::text[])`.execute(trx);
  return rows;
}

function toTies(rows: readonly TieRow[]): Ties {
  const ties: Ties = { cardOfPhone: new Map(), holderOfCard: new Map(), offers: new Map() };
  for (const row of rows) {
    if (row.kind === 'binding') {
      ties.cardOfPhone.set(row.phone, row.card);
      ties.holderOfCard.set(row.card, row.phone);
    } else {
      ties.offers.set(row.phone, toOffer(row));
    }
  }
  return ties;
}

function toOffer(row: TieRow): Offer {
  const terms = {
    card: row.card,
    code: row.code ?? '',
    triesLeft: row.tries_left ?? 0,
    expiresAt: row.expires_at ?? new Date(0),
  };
  return row.kind === 'release' && row.newcomer !== null
    ? { kind: 'release', newcomer: row.newcomer, ...terms }
    : { kind: 'switch', ...terms };
}
