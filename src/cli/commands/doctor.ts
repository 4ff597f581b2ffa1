import { Command } from 'commander';
import { ConfigError } from '../../config/problem.ts';
import type { Settings } from '../../config.ts';
import { readTemplateFolder } from '../../files/template-folder.ts';
import { type Finding, ok } from '../../finding.ts';
import { openLines } from '../../lines.ts';
import { compileTemplates } from '../../reply/compile.ts';
import { formatProblem } from '../../reply/problem.ts';
import { inspectDatabase } from '../../store/health.ts';
import { type CliContext, CliFailure } from '../context.ts';

/** `cardwake doctor`. Sets the exit code 1 when there is a problem; warnings leave it at 0. */
export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('check configuration, database, Redis, channel credentials and reply texts')
    .option('--channel <key>', 'prove the credentials of this channel, and look at nothing else')
    .addHelpText('after', '\nSends nothing and changes nothing. Exits with 1 when there is a problem.')
    .action(async ({ channel }: { readonly channel?: string }) => {
      let problems = 0;
      for await (const { part, finding } of examine(context, channel)) {
        if (finding.level === 'problem') problems += 1;
        context.print(lineOf(part, finding));
        if (finding.advice !== undefined) context.print(`${' '.repeat(INDENT)}→ ${finding.advice}`);
      }
      context.print(summary(problems));
      if (problems > 0) process.exitCode = 1;
    });
}

const PART_WIDTH = 15;
const INDENT = 10 + PART_WIDTH;
const LEVELS = { ok: 'ok', warning: 'warning', problem: 'PROBLEM' } as const satisfies Record<Finding['level'], string>;

function lineOf(part: string, { level, what }: Finding): string {
  return `${LEVELS[level].padEnd(10)}${part.padEnd(PART_WIDTH)}${what}`;
}

function summary(problems: number): string {
  if (problems === 0) return 'No problems.';
  return problems === 1 ? '1 problem.' : `${problems} problems.`;
}

const NO_PEPPER: Finding = {
  level: 'warning',
  what: 'CARDWAKE_PEPPER is not set: a person who opted out cannot be erased',
  advice: 'set it for all processes to what `openssl rand -hex 32` prints, and never change it',
};

interface Examined {
  readonly part: string;
  readonly finding: Finding;
}

/** Part by part, as each answers; a part that fails is a finding and does not keep the others from being looked at. */
async function* examine(context: CliContext, channel: string | undefined): AsyncGenerator<Examined> {
  let settings: Settings;
  try {
    settings = context.settings();
    yield { part: 'configuration', finding: ok(`${settings.file} loads`) };
    if (settings.pepper === undefined) yield { part: 'configuration', finding: NO_PEPPER };
  } catch (error) {
    for (const finding of configurationFindings(error)) yield { part: 'configuration', finding };
    return;
  }
  const parts: readonly [string, () => Promise<readonly Finding[]>][] =
    channel === undefined
      ? [
          ['database', async () => inspectDatabase(await context.database(), settings.retention.messagesMonths)],
          ['redis', () => redisFindings(settings)],
          ['channels', () => channelFindings(settings)],
          ['reply texts', () => templateFindings(settings)],
        ]
      : [['channels', () => channelFindings(only(channel, settings))]];
  for (const [part, look] of parts) {
    const findings = await look().catch((error: unknown) => [failure(error)]);
    for (const finding of findings) yield { part, finding };
  }
}

function configurationFindings(error: unknown): Finding[] {
  if (!(error instanceof ConfigError)) return [failure(error)];
  // The first line of the message only counts the mistakes.
  const [, ...mistakes] = error.message.split('\n');
  return mistakes.map((mistake) => ({ level: 'problem', what: mistake.trim() }));
}

async function redisFindings({ redisUrl }: Settings): Promise<Finding[]> {
  if (redisUrl === undefined) return [ok('not used: REDIS_URL is not set, the queue lives in Postgres')];
  // BullMQ takes 0.15 s to load, which every other command would wait for as well.
  const { inspectRedis } = await import('../../queue/inspect.ts');
  return inspectRedis(redisUrl);
}

/** @throws CliFailure that lists the channels */
function only(key: string, { channels }: Settings): Pick<Settings, 'channels'> {
  const channel = channels.get(key);
  if (channel === undefined)
    throw new CliFailure(`there is no channel ${key}: say --channel ${[...channels.keys()].join('|')}`);
  return { channels: new Map([[key, channel]]) };
}

async function channelFindings(settings: Pick<Settings, 'channels'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [key, { channel, provider }] of openLines(settings)) {
    const check = await provider.check();
    await provider.close();
    if (channel.isRehearsal) findings.push(rehearsalOf(key));
    if (check.kind === 'ok') {
      findings.push(ok(`${key}: ${channel.provider} takes the credentials`));
      findings.push(...(check.warnings ?? []).map((what): Finding => ({ level: 'warning', what: `${key}: ${what}` })));
    } else {
      const what = `${key}: ${channel.provider} does not take the credentials`;
      findings.push({ level: 'problem', what, advice: check.advice });
    }
  }
  return findings;
}

function rehearsalOf(key: string): Finding {
  return {
    level: 'warning',
    what: `${key}: in rehearsal: customers get no replies from it`,
    advice: 'take `rehearsal: true` out of the channel and restart when it is to go live',
  };
}

async function templateFindings({ templatesDir, programs }: Settings): Promise<Finding[]> {
  const files = await readTemplateFolder(templatesDir);
  const { problems } = compileTemplates(files.sources, [...programs.values()]);
  const all = [...files.problems, ...problems];
  if (all.length === 0) return [ok(`${files.sources.length} texts can be sent`)];
  return all.map((problem) => ({ level: 'problem', what: formatProblem(problem, templatesDir) }));
}

/** Node's connection errors may have an empty message and hold the reasons in a list. */
function failure(error: unknown): Finding {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const reason = first instanceof Error ? first.message || first.name : String(first);
  return { level: 'problem', what: reason };
}
