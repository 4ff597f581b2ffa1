import { Command } from 'commander';
import type { Program } from '../../activation/program.ts';
import { type FormFile, type FormLine, openFormFile } from '../../files/form-file.ts';
import { openRejectFile } from '../../files/reject-file.ts';
import { refusalOf } from '../../http/api/form.ts';
import { openLines, sendingLine } from '../../lines.ts';
import { assertPepper } from '../../store/opt-outs.ts';
import { enterForm, type Form } from '../../store/questionnaire.ts';
import { checkForms, type FormForecast } from '../../store/questionnaire-check.ts';
import { createReplyQuota } from '../../store/reply-quota.ts';
import { actor, chooseProgram, PROGRAM_OPTION, type ProgramChoice } from '../choose.ts';
import { type CliContext, CliFailure } from '../context.ts';
import { type Progress, startProgress } from '../progress.ts';
import { describeForm, lineReader, type ReadLine } from '../typed-forms.ts';

/** `cardwake questionnaires import`. */
export function questionnairesCommand(context: CliContext): Command {
  const questionnaires = new Command('questionnaires').description('Paper forms that were typed into a table');
  questionnaires
    .command('import')
    .description('show what would become of a pile of forms, and enter it with --commit')
    .argument('<file>', 'a CSV in UTF-8 whose first line names the columns')
    .option('--program <key>', PROGRAM_OPTION)
    .option('--commit', 'enter the forms; without it nothing is written')
    .addHelpText('after', HELP)
    .action((file: string, options: ImportChoice) => importPile(context, file, options));
  return questionnaires;
}

const HELP = `
Columns: phone, card, name, birthday, email, and consent_<name> for each consent (yes, no or empty). Phones and cards in
any spelling, birthdays as 1990-05-12 or 12.05.1990. Commas, semicolons or tabs.
Each form is entered on its own, as by POST /v1/questionnaires: the card becomes the phone's, the customer is texted, and
the phone is marked as not proved. A member who is known is completed and never corrected. Forms that were entered before
change nothing, so the same pile may be entered again, also after it was interrupted.
With --commit, forms that cannot be entered go to FILE.rejected.csv with the reason.

Exit code: 0 every form can be entered, or is; 3 some cannot; 1 the file or the database failed on the way.`;

interface ImportChoice extends ProgramChoice {
  readonly commit?: boolean;
}

/** Some forms were refused: neither success nor failure. */
const EXIT_REJECTED = 3;

interface Pile {
  readonly program: Program;
  readonly file: FormFile;
  readonly path: string;
  readonly read: (line: FormLine) => ReadLine;
  readonly progress: Progress;
  readonly total: number;
}

async function importPile(context: CliContext, path: string, choice: ImportChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  if (!program.ways.includes('questionnaire')) {
    throw new CliFailure(`The programme ${program.key} takes no questionnaires: add the way to its "ways".`);
  }
  const file = await openFormFile(path);
  const read = lineReader({ lines: openLines(context.settings()), now: () => new Date() }, program);
  let total = 0;
  for await (const _ of file.lines()) total += 1;
  const progress = startProgress(choice.commit ? 'Entered' : 'Checked', context.complain);
  const pile = { program, file, path, read, progress, total };
  try {
    const refused = choice.commit ? await enterPile(context, pile) : await checkPile(context, pile);
    if (refused > 0) process.exitCode = EXIT_REJECTED;
  } finally {
    progress.stop();
  }
}

/** Forms that are looked up in one go. */
const CHUNK = 200;

async function checkPile(context: CliContext, { program, file, path, read, progress, total }: Pile): Promise<number> {
  const pile = checkForms(await context.database(), program, () => new Date());
  const refused: (readonly [line: FormLine, reason: string])[] = [];
  let done = 0;
  for await (const chunk of chunksOf(file.lines(), CHUNK)) {
    const judged = chunk.map((line) => ({ line, ...read(line) }));
    const forms = judged.flatMap((one) => ('form' in one ? [one.form] : []));
    const forecasts = (await pile.check(forms)).values();
    for (const one of judged) {
      const reason = 'form' in one ? refusalIn(forecasts.next().value) : one.reason;
      if (reason !== undefined) refused.push([one.line, reason]);
    }
    done += chunk.length;
    progress.update(done, total);
  }
  for (const line of table(refused)) context.print(line);
  const good = total - refused.length;
  context.print(`Forms read:      ${count(total)}`);
  context.print(`Can be entered:  ${count(good)}`);
  context.print(`Cannot:          ${count(refused.length)}`);
  if (good > 0)
    context.print(
      `Nothing was written. To enter them: cardwake questionnaires import ${path} --program ${program.key} --commit`,
    );
  return refused.length;
}

function refusalIn(forecast: FormForecast | undefined): string | undefined {
  if (forecast === undefined) throw new Error('A form without a forecast');
  return forecast.kind === 'refused' ? refusalOf(forecast) : undefined;
}

function table(refused: readonly (readonly [line: FormLine, reason: string])[]): string[] {
  if (refused.length === 0) return [];
  const rows = [
    ['Line', 'Form', 'Why it cannot be entered'],
    ...refused.map(([at, why]) => [`${at.line}`, describeForm(at), why]),
  ];
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [widthOf(0), widthOf(1)];
  return [
    ...rows.map(([line = '', form = '', why = '']) => `${line.padEnd(first)}  ${form.padEnd(second)}  ${why}`),
    '',
  ];
}

/** Form by form, each in its own transaction: locks are short, and one that fails takes no other with it. */
async function enterPile(context: CliContext, { program, file, path, read, progress, total }: Pile): Promise<number> {
  const db = await context.database();
  await assertPepper(db);
  const from = sendingLine(openLines(context.settings()), program.key);
  // No queue is at hand: the workers' sweeper finds the replies in the outbox.
  const texting = { db, quota: createReplyQuota(db, () => new Date()), enqueue: { send: () => undefined } };
  const rejects = await openRejectFile(path, file.columns);
  const enter = (form: Form) => enterForm(texting, { program, actor: actor(), from, now: new Date() }, form);
  const counts = { activated: 0, 'already-active': 0, rejected: 0 };
  let done = 0;
  try {
    for await (const line of file.lines()) {
      const judged = read(line);
      const result = 'form' in judged ? await enter(judged.form) : undefined;
      if (result?.kind === 'entered') counts[result.outcome] += 1;
      else {
        counts.rejected += 1;
        const reason = result === undefined ? ('reason' in judged ? judged.reason : '') : refusalOf(result);
        await rejects.add(
          line.line,
          file.columns.map((column) => line.cells.get(column) ?? ''),
          reason,
        );
      }
      done += 1;
      progress.update(done, total);
    }
  } finally {
    await rejects.close();
  }
  context.print(`Forms read:      ${count(total)}`);
  context.print(`Cards activated: ${count(counts.activated)}`);
  context.print(`Active before:   ${count(counts['already-active'])}`);
  if (counts.rejected > 0) context.print(`Rejected:        ${count(counts.rejected)}, see ${rejects.path}`);
  return counts.rejected;
}

function count(forms: number): string {
  return forms.toLocaleString('en');
}

async function* chunksOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
