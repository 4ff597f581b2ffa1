/** One mistake in the configuration: where it stands and what to do about it. Never holds a secret's value. */
export interface Problem {
  /** The file as the user knows it, or `environment`. */
  readonly file: string;
  /** From 1; absent for the environment. */
  readonly position?: Position;
  /** The keys that lead to it, such as `channels.main.addresses[0]`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** Line and column, both from 1, as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The keys and list indexes that lead to a value of the file. */
export type Path = readonly (string | number)[];

/** `['channels', 'main', 'addresses', 0]` → `channels.main.addresses[0]`. */
export function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** `cardwake.yaml:12:5 channels.main.authToken: is missing. …`, a form that editors and terminals make a link of. */
function formatProblem({ file, position, path, message }: Problem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  return `${place}${path === '' ? '' : ` ${path}`}: ${message}`;
}

/** Every mistake of the configuration at once, in the order of the file; the message is ready to be printed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted(byPosition);
    const count = sorted.length === 1 ? 'a mistake' : `${sorted.length} mistakes`;
    super([`The configuration has ${count}:`, ...sorted.map((problem) => `  ${formatProblem(problem)}`)].join('\n'));
    this.problems = sorted;
  }
}

function byPosition(a: Problem, b: Problem): number {
  const [left, right] = [a.position ?? { line: 0, column: 0 }, b.position ?? { line: 0, column: 0 }];
  return left.line - right.line || left.column - right.column;
}
