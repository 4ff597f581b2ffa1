import { Command, InvalidArgumentError } from 'commander';
import { isScope, SCOPES, type Scope } from '../../http/api/route.ts';
import { hashSecret, makeToken } from '../../http/api/token.ts';
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../store/api-keys.ts';
import { actor, chooseProgram, PROGRAM_OPTION, type ProgramChoice } from '../choose.ts';
import { type CliContext, CliFailure } from '../context.ts';

/** `cardwake keys create|list|revoke`. */
export function keysCommand(context: CliContext): Command {
  const keys = new Command('keys').description('Keys for the API: tills, web shops, back offices');
  keys
    .command('create')
    .description('make a key and print it, once')
    .option('--program <key>', PROGRAM_OPTION)
    .requiredOption('--scopes <list>', `what it may do, with commas between: ${SCOPES.join(', ')}`, parseScopes)
    .requiredOption('--name <text>', 'who or what uses it', parseName)
    .option('--shop <name>', 'the shop that it stands in', parseName)
    .option('--expires <days>', 'how long it is valid, such as 365d; without it, until it is revoked', parseDays)
    .action((options: CreateChoice) => create(context, options));
  keys
    .command('list')
    .description('print every key with its scopes and its last use, newest first')
    .option('--program <key>', 'only of this programme; default: of all')
    .action((options: ProgramChoice) => list(context, options));
  keys
    .command('revoke')
    .description('end a key for good, everywhere, at once')
    .argument('<prefix>', 'the part before the dot')
    .action((prefix: string) => revoke(context, prefix));
  return keys;
}

interface CreateChoice extends ProgramChoice {
  readonly scopes: readonly Scope[];
  readonly name: string;
  readonly shop?: string;
  readonly expires?: number;
}

const DAY_MS = 86_400_000;

async function create(context: CliContext, { scopes, name, shop, expires, ...choice }: CreateChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const { prefix, secret } = makeToken();
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires * DAY_MS);
  await createApiKey(await context.database(), {
    prefix,
    secretHash: hashSecret(secret),
    program: program.key,
    shop,
    name,
    scopes,
    expiresAt,
    actor: actor(),
  });
  context.print(`${prefix}.${secret}`);
  context.complain(`Keep it now: it is not shown again. It belongs to ${program.name} and may ${scopes.join(', ')}.`);
  if (expiresAt !== undefined) context.complain(`It ends on ${day(expiresAt)}.`);
}

async function list(context: CliContext, { program }: ProgramChoice): Promise<void> {
  if (program !== undefined) chooseProgram(context, { program });
  const keys = await listApiKeys(await context.database(), program);
  if (keys.length === 0) {
    context.print('There are no keys.');
    return;
  }
  const now = new Date();
  for (const key of keys) {
    const place = key.shop === null ? key.program : `${key.program}, ${key.shop}`;
    context.print(`${key.prefix}  ${key.name} (${place}): ${stateOf(key, now)}`);
    context.print(`            may ${key.scopes.join(', ')}`);
    const used = key.last_used_at === null ? 'never used' : `last used ${minute(key.last_used_at)}`;
    context.print(`            made ${day(key.created_at)} by ${key.created_by}, ${used}`);
  }
}

async function revoke(context: CliContext, prefix: string): Promise<void> {
  // Whoever pastes the whole key means that key.
  const [name = ''] = prefix.split('.');
  const result = await revokeApiKey(await context.database(), name, actor());
  if (result === 'unknown') throw new CliFailure('There is no such key: `cardwake keys list` shows them.');
  context.print(result === 'revoked' ? `Key ${name} is revoked.` : `Key ${name} was revoked before.`);
}

function stateOf({ revoked_at: revokedAt, expires_at: expiresAt }: ApiKey, now: Date): string {
  if (revokedAt !== null) return `revoked ${day(revokedAt)}`;
  if (expiresAt === null) return 'valid';
  return expiresAt > now ? `valid until ${day(expiresAt)}` : `expired ${day(expiresAt)}`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function parseScopes(text: string): Scope[] {
  const words = text.split(',').map((word) => word.trim());
  const scopes = words.filter(isScope);
  if (scopes.length < words.length) throw new InvalidArgumentError(`Scopes are ${SCOPES.join(', ')}.`);
  return [...new Set(scopes)];
}

function parseName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 80) throw new InvalidArgumentError('It must have 1 to 80 characters.');
  return name;
}

function parseDays(text: string): number {
  const days = Number(/^(\d{1,4})d$/.exec(text)?.[1]);
  if (!(days >= 1)) throw new InvalidArgumentError('It must be a number of days, such as 365d.');
  return days;
}
