import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { foldWord } from './activation/fold.ts';
import type { Program } from './activation/program.ts';
import { type Channel, readChannel } from './config/channels.ts';
import { demoPepper, demoSecret } from './config/demo-secret.ts';
import { type ConfigDocument, readDocument, type Variables } from './config/document.ts';
import { type Environment, readEnvironment } from './config/environment.ts';
import { checkFallbacks } from './config/fallbacks.ts';
import { deepFreeze, frozenMap } from './config/freeze.ts';
import { ConfigError, type Problem } from './config/problem.ts';
import { readProgram } from './config/programs.ts';
import { type Retention, readRetention } from './config/retention.ts';
import { readSections } from './config/sections.ts';
import type { LogLevel } from './log.ts';

export type { Channel } from './config/channels.ts';

/** The whole configuration: typed, frozen and complete before the first socket opens. */
export interface Settings {
  /** Where it was read from, for messages. */
  readonly file: string;
  /** True for the configuration that comes with Cardwake, which a fresh machine starts with. */
  readonly isDemo: boolean;
  readonly programs: ReadonlyMap<string, Program>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly retention: Retention;
  /** Absent: the embedded Postgres in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Absent: the queue lives in Postgres. */
  readonly redisUrl: string | undefined;
  /** Providers and API. */
  readonly port: number;
  /** People, health and metrics; `consoleHost` is 127.0.0.1 unless told otherwise. */
  readonly consolePort: number;
  readonly consoleHost: string;
  /** Proxies in front of `port` whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly dataDir: string;
  /** The folder of reply texts. */
  readonly templatesDir: string;
  readonly logLevel: LogLevel;
  /** Keys the hash of an erased phone's opt-out; undefined when nobody set it. */
  readonly pepper: string | undefined;
  /** Events may be posted to addresses that nobody from outside reaches. */
  readonly hasPrivateEventUrls: boolean;
}

/** The folder that Cardwake is installed in, found from the sources and from `dist/` alike. */
export const PACKAGE_ROOT = findUpwards('cardwake.demo.yaml', import.meta.dirname);

/** What tests and the command line tell apart from the environment. */
export interface LoadOptions {
  /** Where relative paths begin; default: the working directory. */
  readonly cwd?: string;
  /** The configuration file, instead of `CARDWAKE_CONFIG`. */
  readonly file?: string;
}

/**
 * Reads the environment and the configuration file, and gives settings that need no further check, or throws one
 * `ConfigError` that lists every mistake of both.
 */
export function loadSettings(env: NodeJS.ProcessEnv = process.env, options: LoadOptions = {}): Settings {
  const cwd = options.cwd ?? process.cwd();
  const { environment, problems } = readEnvironment(env, { cwd, packageRoot: PACKAGE_ROOT });
  const source = readSource(options.file ?? environment.CARDWAKE_CONFIG, cwd);
  if (source === undefined) throw new ConfigError([...problems, noSuchFile(options, environment)]);
  const doc = readDocument(source.file, source.text, variablesFor(source.isDemo, env, environment));
  const declared = readDeclarations(doc);
  if (problems.length + doc.problems.length > 0) throw new ConfigError([...problems, ...doc.problems]);
  return deepFreeze({
    file: source.file,
    isDemo: source.isDemo,
    ...complete(declared),
    databaseUrl: environment.DATABASE_URL,
    redisUrl: environment.REDIS_URL,
    port: environment.PORT,
    consolePort: environment.CONSOLE_PORT,
    consoleHost: environment.CONSOLE_HOST,
    trustedProxies: environment.TRUSTED_PROXIES,
    dataDir: environment.DATA_DIR,
    templatesDir: environment.TEMPLATES_DIR,
    logLevel: environment.LOG_LEVEL,
    pepper: environment.CARDWAKE_PEPPER ?? (source.isDemo ? demoPepper(environment.DATA_DIR) : undefined),
    hasPrivateEventUrls: environment.CARDWAKE_PRIVATE_EVENT_URLS,
  });
}

interface Declarations {
  readonly programs: ReadonlyMap<string, Program>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly retention: Retention;
}

/** Everything that the file declares; what stands beside a reported mistake may be incomplete. */
function readDeclarations(doc: ConfigDocument): Declarations {
  const sections = readSections(doc);
  const programs = new Map(sections.programs.map(([key, value]) => [key, readProgram(doc, key, value)]));
  const channels = new Map(sections.channels.map(([key, value]) => [key, readChannel(doc, key, value, programs)]));
  checkFallbacks(doc, channels);
  return { programs, channels, retention: readRetention(doc, sections.retention) };
}

/** A word that leads to a programme is one of its keywords, so that the reader of its texts knows it too. */
function complete({ programs, channels, retention }: Declarations): Declarations {
  const routes = [...channels.values()].flatMap((channel) => channel.routes);
  const withRouteKeywords = (program: Program): Program => {
    const keywords = new Map(program.keywords.map((word) => [foldWord(word), word]));
    for (const { keyword, program: target } of routes) {
      if (keyword === undefined || target !== program.key || keywords.has(foldWord(keyword))) continue;
      keywords.set(foldWord(keyword), keyword);
    }
    return { ...program, keywords: [...keywords.values()] };
  };
  const completed = [...programs].map(([key, program]) => [key, withRouteKeywords(program)] as const);
  return { programs: frozenMap(completed), channels: frozenMap(channels), retention };
}

interface Source {
  /** As the user would write it: relative to the working directory where it lies below it. */
  readonly file: string;
  readonly text: string;
  readonly isDemo: boolean;
}

/** The named file, else `./cardwake.yaml`, else the demo; undefined when the named one cannot be read. */
function readSource(named: string | undefined, cwd: string): Source | undefined {
  const demo = join(PACKAGE_ROOT, 'cardwake.demo.yaml');
  const own = resolve(cwd, 'cardwake.yaml');
  const path = named === undefined ? ([own].find(existsSync) ?? demo) : resolve(cwd, named);
  const nearby = relative(cwd, path);
  try {
    return { file: nearby.startsWith('..') ? path : nearby, text: readFileSync(path, 'utf8'), isDemo: path === demo };
  } catch {
    return undefined;
  }
}

function noSuchFile({ file }: LoadOptions, { CARDWAKE_CONFIG }: Environment): Problem {
  const message = 'there is no such file, or it cannot be read';
  return file === undefined
    ? { file: 'environment', path: 'CARDWAKE_CONFIG', message: `${CARDWAKE_CONFIG}: ${message}` }
    : { file, path: '', message };
}

/** What the file may name: the environment, ports with their defaults, and the secret of the demo's simulator. */
function variablesFor(isDemo: boolean, env: Variables, { PORT, CONSOLE_PORT, DATA_DIR }: Environment): Variables {
  const ports = { PORT: String(PORT), CONSOLE_PORT: String(CONSOLE_PORT) };
  if (!isDemo || env.CARDWAKE_SIMULATOR_SECRET) return { ...env, ...ports };
  return { ...env, ...ports, CARDWAKE_SIMULATOR_SECRET: demoSecret(DATA_DIR) };
}

function findUpwards(name: string, folder: string): string {
  if (existsSync(join(folder, name))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`${name} is missing: Cardwake is not completely installed`);
  return findUpwards(name, parent);
}
