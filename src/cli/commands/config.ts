import { Command } from 'commander';
import { configurationReference } from '../../config/reference.ts';
import type { Channel, Settings } from '../../config.ts';
import type { CliContext } from '../context.ts';

/** `cardwake config check [file]` and `cardwake config docs`. */
export function configCommand({ settings, print }: CliContext): Command {
  const config = new Command('config').description('The configuration');
  config
    .command('check')
    .description('print every mistake of the configuration with its line, or what it declares')
    .argument('[file]', 'the file to check; without it, the one that the service would read')
    .action((file?: string) => {
      for (const line of summarise(settings(file))) print(line);
    });
  config
    .command('docs')
    .description('print the reference of every key, in Markdown')
    .action(() => print(configurationReference().trimEnd()));
  return config;
}

function summarise(settings: Settings): string[] {
  const lines = [`${settings.file}: ok`, '', 'Programmes'];
  for (const { key, name, countries, locales, series } of settings.programs.values()) {
    const numbers = series.map(({ prefix, length }) => `${prefix}… (${length})`).join(', ');
    lines.push(`  ${key}: ${name}, ${countries.join(' ')}, ${locales.join(' ')}, cards ${numbers}`);
  }
  lines.push('', 'Channels');
  for (const channel of settings.channels.values()) lines.push(...summariseChannel(channel));
  lines.push(
    '',
    `Database  ${settings.databaseUrl === undefined ? `embedded, in ${settings.dataDir}` : 'DATABASE_URL'}`,
  );
  lines.push(`Queue     ${settings.redisUrl === undefined ? 'in Postgres' : 'REDIS_URL'}`);
  return lines;
}

function summariseChannel({
  key,
  provider,
  webhookUrl,
  addresses,
  routes,
  options,
  messagesPerSecond,
}: Channel): string[] {
  const targets = routes.map(({ address, keyword, program }) =>
    [address, keyword, program].filter(Boolean).join(' → '),
  );
  const own = Object.entries(options as Readonly<Record<string, unknown>>).map(
    ([name, value]) => `${name} ${mask(value)}`,
  );
  return [
    `  ${key}: ${provider}, ${addresses.join(' ')}, ${messagesPerSecond} a second`,
    `    webhook  ${webhookUrl}`,
    `    routes   ${targets.join(', ')}`,
    `    options  ${own.join(', ')}`,
  ];
}

/** Everything but numbers and plain addresses may be a secret. */
function mask(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && /^https?:\/\/[^@?]*$/.test(value)) return value;
  return Array.isArray(value) ? value.map(mask).join(' ') : '••••';
}
