import { Command, InvalidArgumentError } from 'commander';
import type { Program } from '../../activation/program.ts';
import { maskCard } from '../../sms/mask.ts';
import { type EventSelection, type ListedEvent, listEvents, replayEvents } from '../../store/event-delivery.ts';
import { chooseProgram, PROGRAM_OPTION, type ProgramChoice } from '../choose.ts';
import { type CliContext, CliFailure } from '../context.ts';

interface EventChoice extends ProgramChoice {
  readonly since?: Date;
  readonly subject?: string;
  readonly failed?: boolean;
}

/** `cardwake events list` and `cardwake events replay`. */
export function eventsCommand(context: CliContext): Command {
  const events = new Command('events').description('What the loyalty back end is told');
  select(events.command('list').description('print events, newest first, cards masked'))
    .option('--limit <count>', 'how many at most', parseLimit, 50)
    .action((choice: EventChoice & { limit: number }) => list(context, choice));
  select(events.command('replay').description('tell the back end again'))
    .addHelpText('after', REPLAY_HELP)
    .action((choice: EventChoice) => replay(context, choice));
  return events;
}

const REPLAY_HELP = `
Events go back in line with the ids that they had: a receiver that keeps the webhook-id knows the repetitions. What
still waits is not touched, and what was about a person who was erased is gone.`;

function select(command: Command): Command {
  return command
    .option('--program <key>', PROGRAM_OPTION)
    .option('--since <time>', 'only what happened since: 2026-01-31 or 2026-01-31T10:00:00Z', parseTime)
    .option('--subject <card>', 'only those of a card, or of a member by id')
    .option('--failed', 'only those that were given up after three days');
}

async function list(context: CliContext, { limit, ...choice }: EventChoice & { limit: number }): Promise<void> {
  const found = await listEvents(await context.database(), selection(told(context, choice), choice), limit);
  if (found.length === 0) context.print('There are no such events.');
  for (const event of found) context.print(describe(event));
}

async function replay(context: CliContext, choice: EventChoice): Promise<void> {
  const count = await replayEvents(await context.database(), selection(told(context, choice), choice));
  context.print(`${count.toLocaleString('en')} ${count === 1 ? 'event is' : 'events are'} in line again.`);
}

function told(context: CliContext, choice: ProgramChoice): Program {
  const program = chooseProgram(context, choice);
  if (program.events !== undefined) return program;
  throw new CliFailure(`${program.key} has no loyalty back end: its configuration has no events.`);
}

function selection({ key }: Program, { since, subject, failed }: EventChoice): EventSelection {
  return { program: key, since, subject: subject?.replace(/\s/g, ''), isFailedOnly: failed === true };
}

/** `2026-01-31 10:00:00Z  card.activated  •••• 3456  delivered  1 try  <webhook-id>`. */
function describe({ webhookId, type, subject, at, state, attempts, lastError }: ListedEvent): string {
  const time = `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  const about = type.startsWith('card.') ? maskCard(subject) : subject;
  return [time, type, about, state, tries, ...(lastError === null ? [] : [lastError]), webhookId].join('  ');
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('Write a day or a time as 2026-01-31 or 2026-01-31T10:00:00Z.');
  }
  return time;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 10000.');
  }
  return limit;
}
