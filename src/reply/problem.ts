/** Something that keeps a reply text from being used. */
export interface Problem {
  /** Relative to the folder of templates: `ru/activated.liquid`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

/** `templates/ru/activated.liquid:3:14: …`: one line that editors and terminals can follow. */
export function formatProblem(problem: Problem, folder: string): string {
  const { file, line, column, message } = problem;
  return `${folder.replace(/\/+$/, '')}/${file}:${line}:${column}: ${message}`;
}
