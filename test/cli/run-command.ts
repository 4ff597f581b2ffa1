import type { CliContext } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';
import type { Settings } from '../../src/config.ts';
import type { Database } from '../../src/store/database.ts';

/** What a command line printed and answered. */
export interface CommandResult {
  readonly exitCode: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs a command line as the shell would, on these settings and this database. */
export async function runCommand(
  { settings, db }: { readonly settings: Partial<Settings> | (() => Settings); readonly db?: Database },
  ...args: string[]
): Promise<CommandResult> {
  const [out, err]: [string[], string[]] = [[], []];
  const context: CliContext = {
    settings: typeof settings === 'function' ? settings : () => settings as Settings,
    database: () => (db === undefined ? Promise.reject(new Error('there is no database')) : Promise.resolve(db)),
    print: (line) => out.push(...line.split('\n')),
    complain: (line) => err.push(...line.split('\n')),
  };
  const answered = await runCli(args, context);
  // A command may have set the process's own; that is this test run's.
  const exitCode = answered === 0 ? Number(process.exitCode ?? 0) : answered;
  process.exitCode = undefined;
  return { exitCode, out, err };
}
