import type { Decision } from '../activation/decision.ts';
import type { Locale } from '../activation/program.ts';
import type { Change } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';

/** One request of a pack, an SMS or a call of the API, with what was decided about it. */
export interface Decided {
  /** The inbox row; undefined for a request that came in another way. */
  readonly inboundId: string | undefined;
  /** Who is behind it: `sms:<inbox id>`, `key:<prefix>/<person>`, `cli:<user>`. */
  readonly actor: string;
  /** The channel that replies go out by. */
  readonly channel: string;
  /** The address that replies are sent from: the one that was texted, else the programme's own. */
  readonly address: string;
  readonly from: Msisdn;
  readonly decision: Decision;
  /** The language for each phone that is replied to. */
  readonly localeFor: (phone: Msisdn) => Locale;
  /** The language that the text itself showed; remembered for texts that show none. */
  readonly localeShown: Locale | undefined;
  /** The name that an SMS carried beside the number of the card. */
  readonly proposedName?: string | undefined;
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
