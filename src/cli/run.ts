import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/problem.ts';
import { PACKAGE_ROOT } from '../config.ts';
import { isUnmigrated } from '../store/database.ts';
import { NoPepper } from '../store/opt-outs.ts';
import { auditCommand } from './commands/audit.ts';
import { cardsCommand } from './commands/cards.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { keysCommand } from './commands/keys.ts';
import { membersCommand } from './commands/members.ts';
import { openapiCommand } from './commands/openapi.ts';
import { questionnairesCommand } from './commands/questionnaires.ts';
import { templatesCommand } from './commands/templates.ts';
import { textCommand } from './commands/text.ts';
import { type CliContext, CliFailure } from './context.ts';

/**
 * Runs one command line (without `node` and the script) and gives its exit code: 0, 1 for a failure and 2 for a command
 * line that is wrong. A failure is told in one sentence on the standard error output; `--debug` adds its stack.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const cli = createCli(context);
  try {
    await cli.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.complain(tell(error, cli.opts<{ debug?: boolean }>().debug === true));
    return 1;
  }
}

function createCli(context: CliContext): Command {
  const cli = new Command('cardwake')
    .description('A customer texts a loyalty card’s number; within seconds the card is theirs.')
    .version(packageVersion())
    .option('--debug', 'show where in the program a failure came from');
  for (const command of commands(context)) cli.addCommand(command);
  return obey(cli, context);
}

/** Every sub-command, in the order of `--help`. A new one is a line here and a file in `commands/`. */
function commands(context: CliContext): readonly Command[] {
  return [
    textCommand(context),
    cardsCommand(context),
    templatesCommand({
      loadPrograms: async () => [...context.settings().programs.values()],
      defaultFolder: () => context.settings().templatesDir,
      print: context.print,
    }),
    membersCommand(context),
    questionnairesCommand(context),
    eventsCommand(context),
    configCommand(context),
    keysCommand(context),
    openapiCommand(context),
    doctorCommand(context),
    auditCommand(context),
  ];
}

/** Makes a command and those below it throw instead of ending the process, and print where the context prints. */
function obey(command: Command, context: CliContext): Command {
  command.exitOverride().showHelpAfterError('(--help shows how)');
  command.configureOutput({
    writeOut: (text) => context.print(text.trimEnd()),
    writeErr: (text) => context.complain(text.trimEnd()),
  });
  for (const child of command.commands) obey(child, context);
  return command;
}

/** Their messages say what to do. */
const TOLD = [CliFailure, ConfigError, NoPepper];

const UNMIGRATED =
  'The database has no tables of this version of Cardwake: start the service on it once, it makes them, and try again.';

function tell(error: unknown, isDebug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isDebug) return error.stack ?? error.message;
  if (TOLD.some((kind) => error instanceof kind)) return error.message;
  if (isUnmigrated(error)) return `${UNMIGRATED} (--debug shows more)`;
  return `${reasonOf(error)} (--debug shows more)`;
}

/** Node's connection errors may have an empty message and hold the reasons in a list. */
function reasonOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message || (first instanceof Error ? first.message : error.name);
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
