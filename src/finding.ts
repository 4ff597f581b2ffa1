/** What a check of something that Cardwake stands on has found; for `cardwake doctor` and for refusing to start. */
export interface Finding {
  /** `warning`: works, and will not when something else goes wrong. `problem`: messages or cards are at risk now. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was looked at, and how it is: one line. */
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** All is well. */
export function ok(what: string): Finding {
  return { level: 'ok', what };
}

/** The finding, when the claim is false; else `ok` with the claim's words. */
export function unless(isRight: boolean, right: string, wrong: Finding): Finding {
  return isRight ? ok(right) : wrong;
}
