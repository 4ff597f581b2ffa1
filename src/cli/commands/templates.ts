import { Command } from 'commander';
import type { Program } from '../../activation/program.ts';
import { readTemplateFolder } from '../../files/template-folder.ts';
import { compileTemplates, type ReplyTexts } from '../../reply/compile.ts';
import { formatProblem } from '../../reply/problem.ts';
import { type SampleReply, sampleReplies, sampleTillTexts } from '../../reply/render.ts';
import { isTillText, MAX_TILL_CHARACTERS, screenCharacters } from '../../reply/till-texts.ts';

/** What the command needs of the rest. */
export interface TemplatesCommandNeeds {
  /** The programmes of the configuration; their names and phones are in the texts. */
  readonly loadPrograms: () => Promise<readonly Program[]>;
  /** Where the texts are, unless the command line says so. */
  readonly defaultFolder: () => string;
  /** Writes one line to the standard output. */
  readonly print: (line: string) => void;
}

/** `cardwake templates check [folder] [--list]`. Sets the exit code 1 when there is a problem. */
export function templatesCommand(needs: TemplatesCommandNeeds): Command {
  const templates = new Command('templates').description('The reply texts');
  templates
    .command('check')
    .description('print every problem of the reply texts as file:line:column: message')
    .argument('[folder]', 'the folder of the texts; without it, the one that the service reads')
    .option('--list', 'also print every text in every situation, with its segments or length')
    .action(async (folder: string | undefined, { list = false }: { list?: boolean }) =>
      check(needs, folder ?? needs.defaultFolder(), list),
    );
  return templates;
}

async function check({ loadPrograms, print }: TemplatesCommandNeeds, folder: string, list: boolean): Promise<void> {
  const programs = await loadPrograms();
  const files = await readTemplateFolder(folder);
  const { texts, problems: found } = compileTemplates(files.sources, programs);
  const problems = [...files.problems, ...found];
  if (list) listTexts(texts, programs, print);
  for (const problem of problems) print(formatProblem(problem, folder));
  if (problems.length > 0) process.exitCode = 1;
  print(`${files.sources.length} texts, ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`);
}

function listTexts(texts: ReplyTexts, programs: readonly Program[], print: (line: string) => void): void {
  let heading = '';
  for (const reply of [...sampleReplies(texts, programs), ...sampleTillTexts(texts, programs)]) {
    const place = `${reply.program}, ${reply.locale}${isTillText(reply.name) ? ', at the till' : ''}`;
    if (place !== heading) print(`\n${place}`);
    heading = place;
    print(describe(reply));
    print(`    ${reply.isFallback ? `(the safe text, because ${reply.error ?? ''}) ` : ''}${reply.text}`);
  }
  print('');
}

/** `  help: 1 segment, 98 of 160 GSM-7 characters`, `  till/active: 55 of 120 characters`. */
function describe({ name, situation, text, segments, characters, perSegment, encoding }: SampleReply): string {
  const title = [name, situation].filter(Boolean).join(', ');
  if (isTillText(name)) return `  ${title}: ${screenCharacters(text)} of ${MAX_TILL_CHARACTERS} characters`;
  const price = segments === 1 ? '1 segment' : `${segments} segments`;
  return `  ${title}: ${price}, ${characters} of ${segments * perSegment} ${encoding} characters`;
}
