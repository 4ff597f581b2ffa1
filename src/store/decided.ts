import type { Decision } from '../activation/decision.ts';
import type { Locale } from '../activation/program.ts';
import type { Change } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';

/** One SMS of a pack with what was decided about it. */
export interface Decided {
  readonly inboundId: string;
  readonly channel: string;
  /** The address that was texted: replies are sent from it. */
  readonly address: string;
  readonly from: Msisdn;
  readonly decision: Decision;
  /** The language for each phone that is replied to. */
  readonly localeFor: (phone: Msisdn) => Locale;
  /** The language that the text itself showed; remembered for texts that show none. */
  readonly localeShown: Locale | undefined;
}

type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

/** Every change of one kind in the pack, with the SMS that caused it. */
export function changesOf<K extends Change['kind']>(
  pack: readonly Decided[],
  kind: K,
): { cause: Decided; change: ChangeOf<K> }[] {
  return pack.flatMap((cause) =>
    cause.decision.changes
      .filter((change): change is ChangeOf<K> => change.kind === kind)
      .map((change) => ({ cause, change })),
  );
}

/** Who is behind a change that an SMS made. */
export function actorOf(cause: Decided): string {
  return `sms:${cause.inboundId}`;
}
