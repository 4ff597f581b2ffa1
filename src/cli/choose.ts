import { userInfo } from 'node:os';
import type { Program } from '../activation/program.ts';
import { type CliContext, CliFailure } from './context.ts';

/** Said of `--program` in every command's help. */
export const PROGRAM_OPTION = 'the programme; may be left out when there is only one';

/** What `--program` was given, if anything. */
export interface ProgramChoice {
  readonly program?: string;
}

/**
 * The programme that a command is about.
 * @throws CliFailure that lists the programmes
 */
export function chooseProgram({ settings }: Pick<CliContext, 'settings'>, { program: key }: ProgramChoice): Program {
  const { programs } = settings();
  const program = key === undefined && programs.size === 1 ? [...programs.values()][0] : programs.get(key ?? '');
  if (program === undefined) throw new CliFailure(`Say which programme: --program ${[...programs.keys()].join('|')}`);
  return program;
}

/** Who acts, as the audit spells it: `cli:<user>`. */
export function actor(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // Containers run under user ids that have no name.
    return `cli:${process.getuid?.() ?? 'unknown'}`;
  }
}
