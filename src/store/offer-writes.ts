import { type RawBuilder, sql } from 'kysely';
import type { Offer, OfferResult } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Decided } from './decided.ts';
import { rows } from './rows.ts';

interface MadeOffer {
  readonly phone: Msisdn;
  readonly inbound_id: string | undefined;
  offer: Offer;
  result: OfferResult | undefined;
}

/**
 * The statements that bring the offers of a pack's phones into the state its decisions left them in. An offer that was
 * made and ended within the pack is written as ended, so that what a customer was told can always be explained.
 */
export function offerWrites(
  program: string,
  pack: readonly Decided[],
): { closing: RawBuilder<unknown>[]; opening: RawBuilder<unknown>[] } {
  const made: MadeOffer[] = [];
  const ended = new Map<Msisdn, OfferResult>();
  const tries = new Map<Msisdn, number>();
  const liveMade = (phone: Msisdn) => made.find((one) => one.phone === phone && one.result === undefined);
  for (const { inboundId, decision } of pack) {
    for (const change of decision.changes) {
      if (change.kind === 'make-offer') {
        made.push({ phone: change.phone, inbound_id: inboundId, offer: change.offer, result: undefined });
      } else if (change.kind === 'close-offer') {
        const own = liveMade(change.phone);
        if (own === undefined) ended.set(change.phone, change.result);
        else own.result = change.result;
      } else if (change.kind === 'count-wrong-code') {
        const own = liveMade(change.phone);
        if (own === undefined) tries.set(change.phone, change.triesLeft);
        else own.offer = { ...own.offer, triesLeft: change.triesLeft };
      }
    }
  }
  return {
    closing: [...offersEnded(program, ended, pack), ...wrongCodes(program, tries, ended, pack)],
    opening: offersMade(program, made, pack),
  };
}

function offersEnded(
  program: string,
  ended: ReadonlyMap<Msisdn, OfferResult>,
  pack: readonly Decided[],
): RawBuilder<unknown>[] {
  if (ended.size === 0) return [];
  const list = [...ended].map(([phone, result]) => ({ phone, result }));
  // A newcomer whose request was granted is told by the reply itself; the others are told by the sweeper.
  return [
    sql`UPDATE offers o SET closed_at = now(), result = r.result,
        newcomer_told_at = CASE WHEN r.result = 'taken' THEN now() ELSE newcomer_told_at END
      FROM ${rows(list, 'phone text, result text', pack)}
      WHERE o.program = ${program} AND o.phone = r.phone AND o.closed_at IS NULL`,
  ];
}

function wrongCodes(
  program: string,
  tries: ReadonlyMap<Msisdn, number>,
  ended: ReadonlyMap<Msisdn, OfferResult>,
  pack: readonly Decided[],
): RawBuilder<unknown>[] {
  const list = [...tries].filter(([phone]) => !ended.has(phone)).map(([phone, left]) => ({ phone, left }));
  if (list.length === 0) return [];
  return [
    sql`UPDATE offers o SET tries_left = r.left FROM ${rows(list, 'phone text, "left" smallint', pack)}
      WHERE o.program = ${program} AND o.phone = r.phone AND o.closed_at IS NULL`,
  ];
}

function offersMade(program: string, made: readonly MadeOffer[], pack: readonly Decided[]): RawBuilder<unknown>[] {
  if (made.length === 0) return [];
  const list = made.map(({ phone, inbound_id, offer, result }) => ({
    phone,
    inbound_id,
    kind: offer.kind,
    card: offer.card,
    newcomer: offer.kind === 'release' ? offer.newcomer : undefined,
    code: offer.code,
    tries: offer.triesLeft,
    expires: offer.expiresAt,
    result,
  }));
  const columns =
    'phone text, inbound_id bigint, kind text, card text, newcomer text, code text, tries smallint, expires timestamptz, result text';
  return [
    sql`INSERT INTO offers (program, phone, inbound_id, kind, card, newcomer, code, tries_left, expires_at, result, closed_at, newcomer_told_at)
      SELECT ${program}, phone, inbound_id, kind, card, newcomer, code, tries, expires, result,
        CASE WHEN result IS NOT NULL THEN now() END, CASE WHEN result = 'taken' THEN now() END
      FROM ${rows(list, columns, pack)}`,
  ];
}
