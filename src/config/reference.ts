import type { Description } from 'joi';
import { channelSchema, PROVIDER_OPTIONS } from './channels.ts';
import { environmentSchema } from './environment.ts';
import { KEY_RULE } from './keys.ts';
import { programSchema } from './programs.ts';
import { retentionSchema } from './retention.ts';

/** The reference of the configuration in Markdown, made from the schemas that check it. */
export function configurationReference(): string {
  const providers = [...PROVIDER_OPTIONS].map(([name, schema]) => [
    `### Provider \`${name}\``,
    'Beside the keys above:',
    table(schema.describe()),
  ]);
  return [
    '# Configuration',
    '<!-- Made by `npx cardwake config docs`; do not edit by hand. -->',
    INTRODUCTION,
    '## Environment',
    table(environmentSchema.describe(), 'Variable'),
    '## Programmes: `programs.<key>`',
    `A loyalty programme. Its key ${KEY_RULE}.`,
    table(programSchema.describe()),
    '## Channels: `channels.<key>`',
    `A channel is one account at one provider. Its key ${KEY_RULE}; it is the end of the webhook’s address, \`publicUrl\` + \`/webhooks/\` + key.`,
    table(channelSchema.describe()),
    ...providers.flat(),
    '## Retention: `retention`',
    'How long messages are kept; see [operations.md](operations.md#months-and-retention). Cards, bindings, members and the audit are not touched.',
    table(retentionSchema.describe()),
  ]
    .join('\n\n')
    .concat('\n');
}

const INTRODUCTION = `One YAML file declares programmes and channels; [cardwake.example.yaml](../cardwake.example.yaml) has every key with a
comment, \`npx cardwake config check\` reports every mistake at once, each with its line.

\`\${NAME}\` in a value is filled in from the environment after the file has been parsed, so a secret can hold any
character; \`$\${\` stands for the characters themselves. A variable that is not set, or set to nothing, is a mistake.
\`PORT\` and \`CONSOLE_PORT\` may be used with their defaults. Phones, prefixes and addresses are text: put them in quotes.`;

interface Row {
  readonly key: string;
  readonly type: string;
  readonly standard: string;
  readonly meaning: string;
}

function table(description: Description, heading = 'Key'): string {
  const rows = rowsOf(description, '').map(
    ({ key, type, standard, meaning }) => `| \`${key}\` | ${type} | ${standard} | ${meaning} |`,
  );
  return [`| ${heading} | Type | Default | Meaning |`, '|---|---|---|---|', ...rows].join('\n');
}

function rowsOf(description: Description, prefix: string): Row[] {
  return Object.entries(description.keys as Readonly<Record<string, Description>>).flatMap(([name, child]) => {
    const key = prefix + name;
    const item: Description | undefined = child.items?.[0];
    const below = child.keys ? rowsOf(child, `${key}.`) : item?.keys ? rowsOf(item, `${key}[].`) : [];
    return [{ key, type: typeOf(child), standard: defaultOf(child), meaning: meaningOf(child) }, ...below];
  });
}

function typeOf(description: Description): string {
  if (description.allow && description.flags && 'only' in description.flags)
    return description.allow.map((value: unknown) => `\`${String(value)}\``).join(', ');
  if (isSingleOrList(description)) return `${typeOf(description.items?.[0])} or a list of them`;
  if (description.type === 'array') return description.items?.[0] ? `list of ${typeOf(description.items[0])}` : 'list';
  if (description.type === 'alternatives') {
    return description.matches.map((match: { schema: Description }) => typeOf(match.schema)).join(' or ');
  }
  return TYPE_NAMES[description.type ?? ''] ?? String(description.type);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  any: 'anything',
  string: 'text',
  object: 'group',
  number: 'number',
  boolean: 'true or false',
};

function isSingleOrList({ flags }: Description): boolean {
  return flags !== undefined && 'single' in flags;
}

/** `**required**`, the default, or nothing where absence has a meaning of its own. */
function defaultOf({ flags }: Description): string {
  const { presence, default: standard } = (flags ?? {}) as { presence?: string; default?: unknown };
  if (presence === 'required') return '**required**';
  if (standard === undefined || standard === '' || isDeep(standard)) return '';
  return `\`${typeof standard === 'string' ? standard : JSON.stringify(standard)}\``;
}

/** Joi's sign for "made from the defaults of the keys below". */
function isDeep(standard: unknown): boolean {
  return typeof standard === 'object' && standard !== null && 'special' in standard;
}

function meaningOf(description: Description): string {
  const text = ((description.flags ?? {}) as { description?: string }).description ?? '';
  const example: unknown = description.examples?.[0];
  const shown =
    example === undefined ? '' : ` Example: \`${typeof example === 'string' ? example : JSON.stringify(example)}\`.`;
  return `${text}${shown}`.replaceAll('|', '\\|').trim();
}
