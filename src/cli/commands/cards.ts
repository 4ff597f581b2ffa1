import { basename } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type CardNumber, parseCardNumber } from '../../activation/card-number.ts';
import type { Program } from '../../activation/program.ts';
import { openCardFile } from '../../files/card-file.ts';
import { type NewFile, openNewFile } from '../../files/new-file.ts';
import { openRejectFile } from '../../files/reject-file.ts';
import { maskCard } from '../../sms/mask.ts';
import { generateCards } from '../../store/card-generate.ts';
import { type ImportCounts, importCards } from '../../store/card-import.ts';
import { type BlockResult, blockCard, cardHistory, recordReveal, unblockCard } from '../../store/cards.ts';
import { describeCard } from '../card-sheet.ts';
import { actor, chooseProgram, PROGRAM_OPTION, type ProgramChoice } from '../choose.ts';
import { type CliContext, CliFailure } from '../context.ts';
import { startProgress } from '../progress.ts';

/** `cardwake cards import|generate|show|block`. */
export function cardsCommand(context: CliContext): Command {
  const cards = new Command('cards').description('The registry of cards');
  cards
    .command('import')
    .description('bring a list of cards into the registry')
    .argument('<file>', 'a CSV in UTF-8')
    .option('--program <key>', PROGRAM_OPTION)
    .option('--ignore <columns>', 'columns of the list that are not to be read, with commas between', parseColumns, [])
    .addHelpText('after', IMPORT_HELP)
    .action((file: string, options: ImportChoice) => importFile(context, file, options));
  cards
    .command('generate')
    .description('make new cards with random numbers and print them as CSV')
    .requiredOption('--count <n>', 'how many', parseCount)
    .option('--program <key>', PROGRAM_OPTION)
    .option('--series <name>', 'a card series of the programme; default: its first')
    .option('--out <file>', 'write the numbers to a new file instead')
    .action((options: GenerateChoice) => generate(context, options));
  cards
    .command('show')
    .description('print a card, its holder and everything that happened to it')
    .argument('<number>', 'the card number in any spelling')
    .option('--program <key>', PROGRAM_OPTION)
    .option('--reveal', 'show phones in full; the audit keeps that you looked')
    .action((number: string, options: ShowChoice) => show(context, number, options));
  cards
    .command('block')
    .description('keep a card from earning and redeeming; the phone stays bound to it')
    .argument('<number>', 'the card number in any spelling')
    .requiredOption('--reason <text>', 'why; the audit keeps it')
    .option('--program <key>', PROGRAM_OPTION)
    .option('--unblock', 'end the block instead')
    .action((number: string, options: BlockChoice) => block(context, number, options));
  return cards;
}

const IMPORT_HELP = `
The first line may name the columns: "number" (or "card") and, if you like, "status" (issued or blocked). A list with
a column of another name is refused, since it may say which cards are blocked: rename it, or name it with --ignore.
Without names the number comes first and the status, if there is one, second. Commas, semicolons or tabs.
Numbers may be grouped with spaces or dashes. Cards that the registry has stay as they are, so the same list may be
imported again, also after it was interrupted. Rows that cannot be taken go to FILE.rejected.csv with the reason.

Exit code: 0 every row is in the registry, 3 some rows were rejected, 1 the file or the database failed on the way.`;

/** Some rows of a list were rejected: neither success nor failure. */
const EXIT_REJECTED = 3;

interface ImportChoice extends ProgramChoice {
  readonly ignore: readonly string[];
}

async function importFile(context: CliContext, path: string, choice: ImportChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const db = await context.database();
  const file = await openCardFile(path, program, choice.ignore);
  const rejects = await openRejectFile(path, ['number', 'status']);
  const progress = startProgress('Imported', context.complain);
  let counts: ImportCounts;
  let committed = 0;
  try {
    counts = await importCards(db, {
      program,
      actor: actor(),
      file: { name: basename(path), sha256: file.sha256 },
      rows: file.lines(),
      onReject: ({ line, number, status }, reason) => rejects.add(line, [number, status], reason),
      onCommit: (added) => {
        committed += added;
      },
      onChunk: () => progress.update(file.bytesRead(), file.bytes),
    });
  } catch (error) {
    context.complain(
      `Stopped. Cards added so far: ${committed.toLocaleString('en')}. They stay, and the same list may simply be imported again.`,
    );
    throw error;
  } finally {
    progress.stop();
    await rejects.close();
  }
  for (const line of summary(counts, rejects.path)) context.print(line);
  if (counts.rejected > 0) process.exitCode = EXIT_REJECTED;
}

function summary({ rows, added, alreadyThere, rejected }: ImportCounts, rejectPath: string): string[] {
  const lines = [
    `Rows read:         ${rows.toLocaleString('en')}`,
    `Cards added:       ${added.toLocaleString('en')}`,
    `There already:     ${alreadyThere.toLocaleString('en')}`,
  ];
  return rejected === 0 ? lines : [...lines, `Rejected:          ${rejected.toLocaleString('en')}, see ${rejectPath}`];
}

interface GenerateChoice extends ProgramChoice {
  readonly count: number;
  readonly series?: string;
  readonly out?: string;
}

async function generate(context: CliContext, choice: GenerateChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const series = program.series.find(({ name }) => choice.series === undefined || name === choice.series);
  if (series === undefined) {
    throw new CliFailure(`The series are ${program.series.map(({ name }) => name).join(', ')}; not ${choice.series}.`);
  }
  const db = await context.database();
  const out = choice.out === undefined ? undefined : await openOut(choice.out);
  const write = out === undefined ? (lines: string) => Promise.resolve(context.print(lines)) : out.write;
  const progress = startProgress('Made', context.complain);
  let made = 0;
  try {
    await write('number');
    const onCards = async (cards: readonly CardNumber[]) => {
      made += cards.length;
      await write(cards.join('\n'));
      if (out !== undefined) progress.update(made, choice.count);
    };
    await generateCards(db, { program, series, count: choice.count, actor: actor(), onCards });
  } finally {
    progress.stop();
    await (made === 0 ? out?.discard() : out?.close());
  }
}

async function openOut(path: string): Promise<NewFile> {
  return await openNewFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new CliFailure(`There is a file ${path} already, and it is never overwritten: choose another --out.`);
  });
}

interface ShowChoice extends ProgramChoice {
  readonly reveal?: boolean;
}

async function show(context: CliContext, raw: string, choice: ShowChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const number = chooseCard(raw, program);
  const db = await context.database();
  if (choice.reveal) await recordReveal(db, program.key, number, actor());
  const card = await cardHistory(db, program.key, number);
  if (card === undefined) throw unknownCard(number, program);
  for (const line of describeCard(card, program, choice.reveal === true)) context.print(line);
}

interface BlockChoice extends ProgramChoice {
  readonly reason: string;
  readonly unblock?: boolean;
}

async function block(context: CliContext, raw: string, choice: BlockChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const card = chooseCard(raw, program);
  const change = choice.unblock ? unblockCard : blockCard;
  const request = {
    program: program.key,
    card,
    actor: actor(),
    reason: choice.reason,
    hasEvents: program.events !== undefined,
  };
  const result = await change(await context.database(), request);
  if (result.kind === 'unknown') throw unknownCard(card, program);
  context.print(`Card ${maskCard(card)}: ${outcomeOf(result)}`);
}

function outcomeOf(result: Exclude<BlockResult, { kind: 'unknown' }>): string {
  switch (result.kind) {
    case 'changed':
      return `was ${result.from}, is ${result.to} now`;
    case 'unchanged':
      return `is ${result.status} as before`;
    case 'final':
      return 'was replaced by another card and stays that way';
    default:
      return result satisfies never;
  }
}

function chooseCard(raw: string, program: Program): CardNumber {
  const card = parseCardNumber(raw, program);
  if (card === undefined) throw new CliFailure(`That is not a card number of ${program.key}: check its digits.`);
  return card;
}

function unknownCard(card: CardNumber, program: Program): CliFailure {
  return new CliFailure(`There is no card ${maskCard(card)} in ${program.key}.`);
}

function parseColumns(text: string): readonly string[] {
  return text.split(',');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return count;
}
