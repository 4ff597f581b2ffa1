import { join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import Joi from 'joi';
import type { LogLevel } from '../log.ts';
import type { Variables } from './document.ts';
import type { Problem } from './problem.ts';
import { SENTENCES } from './validate.ts';

/** The environment's part of the settings. Relative paths are from the working directory. */
export interface Environment {
  /** Undefined: `./cardwake.yaml` when there is one, else the demo. */
  readonly CARDWAKE_CONFIG?: string;
  readonly DATABASE_URL?: string;
  readonly REDIS_URL?: string;
  readonly PORT: number;
  readonly CONSOLE_PORT: number;
  readonly CONSOLE_HOST: string;
  /** Addresses, networks and `loopback`, `linklocal`, `uniquelocal`. */
  readonly TRUSTED_PROXIES: readonly string[];
  readonly DATA_DIR: string;
  readonly TEMPLATES_DIR: string;
  readonly LOG_LEVEL: LogLevel;
  readonly CARDWAKE_PEPPER?: string;
  readonly CARDWAKE_PRIVATE_EVENT_URLS: boolean;
}

const url = (scheme: RegExp, example: string): Joi.StringSchema =>
  Joi.string()
    .pattern(scheme)
    .messages({ 'string.pattern.base': `must be a URL such as ${example}` })
    .example(example);

/** The variables that Cardwake reads, besides those that the configuration file names. */
export const environmentSchema = Joi.object<Environment>({
  CARDWAKE_CONFIG: Joi.string().description(
    'The configuration file. Absent: `./cardwake.yaml` when there is one, else the demo that comes with Cardwake.',
  ),
  DATABASE_URL: url(/^postgres(?:ql)?:\/\/./, 'postgres://cardwake@db/cardwake').description(
    'Postgres. Absent: Cardwake runs one of its own in `DATA_DIR`.',
  ),
  REDIS_URL: url(/^rediss?(?:\+(?:sentinel|cluster))?:\/\/./, 'redis://queue:6379').description(
    'Redis for the queue. Sentinel: `redis+sentinel://host,host/master`; Cluster: `redis+cluster://host,host`. Absent: the queue lives in Postgres.',
  ),
  PORT: Joi.number()
    .port()
    .default(3000)
    .description('Where providers and the API are listened to. 0 takes a free one.'),
  CONSOLE_PORT: Joi.number()
    .port()
    .default(3001)
    .description('Where people, health checks and metrics are listened to. 0 takes a free one.'),
  CONSOLE_HOST: Joi.string()
    .hostname()
    .default('127.0.0.1')
    .description('The address that `CONSOLE_PORT` is opened on. Nobody from outside reaches the default.'),
  TRUSTED_PROXIES: Joi.string()
    .custom(readProxies)
    .default([])
    .messages({
      'proxies.invalid': 'must be addresses, networks, loopback, linklocal or uniquelocal, with commas between',
    })
    .description(
      'Proxies in front of `PORT`, with commas between: what they say in `X-Forwarded-For` is where a caller of the API is. Absent: nobody is believed.',
    )
    .example('10.0.0.0/8, loopback'),
  DATA_DIR: Joi.string()
    .default('.data')
    .description('What a single machine keeps: the embedded Postgres, the demo’s secret.'),
  TEMPLATES_DIR: Joi.string().description('The folder of reply texts. Absent: the texts that come with Cardwake.'),
  LOG_LEVEL: Joi.string()
    .valid('silent', 'fatal', 'error', 'warn', 'info', 'debug')
    .default('info')
    .description('How much is logged. `npm start` asks for `warn` unless told otherwise.'),
  CARDWAKE_PEPPER: Joi.string()
    .min(32)
    .example('0f3c…')
    .description(
      'A secret of at least 32 characters, the same for all processes and never changed: `openssl rand -hex 32`. It keys the hash that keeps the opt-out of a person who was erased. The demo makes its own, in `DATA_DIR`.',
    ),
  CARDWAKE_PRIVATE_EVENT_URLS: Joi.boolean()
    .default(false)
    .description(
      '`true`: events may be posted to private addresses of your own network, to any port, and over `http` on this machine. For a loyalty back end behind the same firewall, and for tests.',
    ),
});

/** Reads the environment; a variable set to nothing is unset, and a wrong one is reported and stands at its default. */
export function readEnvironment(
  env: Variables,
  from: { readonly cwd: string; readonly packageRoot: string },
): { readonly environment: Environment; readonly problems: readonly Problem[] } {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.describe().keys)
      .map((name) => [name, env[name]])
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const faults = environmentSchema.validate(given, SENTENCES).error?.details ?? [];
  const problems = faults.map(({ path, message }) => mistake(String(path[0]), message));
  for (const { path } of problems) delete given[path];
  const read: Omit<Environment, 'TEMPLATES_DIR'> & { readonly TEMPLATES_DIR?: string } = Joi.attempt(
    given,
    environmentSchema,
  );
  if (read.PORT === read.CONSOLE_PORT && read.PORT !== 0) {
    problems.push(mistake('CONSOLE_PORT', `must differ from PORT: both are ${read.PORT}`));
  }
  const environment = {
    ...read,
    DATA_DIR: resolve(from.cwd, read.DATA_DIR),
    TEMPLATES_DIR: read.TEMPLATES_DIR ? resolve(from.cwd, read.TEMPLATES_DIR) : join(from.packageRoot, 'templates'),
  };
  return { environment, problems };
}

const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

function readProxies(value: string, helpers: Joi.CustomHelpers<string>): string[] | Joi.ErrorReport {
  const proxies = value.split(',').map((proxy) => proxy.trim());
  const isKnown = (proxy: string) =>
    NETWORK_NAMES.includes(proxy) || ipaddr.isValid(proxy) || (proxy.includes('/') && ipaddr.isValidCIDR(proxy));
  return proxies.every(isKnown) ? proxies : helpers.error('proxies.invalid');
}

function mistake(path: string, message: string): Problem {
  return { file: 'environment', path, message };
}
