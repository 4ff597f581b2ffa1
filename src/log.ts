import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { CardNumber } from './activation/card-number.ts';
import type { Masked } from './sms/mask.ts';
import type { Msisdn } from './sms/msisdn.ts';

/**
 * Writes JSON lines. The message is a constant, the facts are fields: `log.warn({ channel, error }, 'Store refused')`.
 * What compiles cannot hold a customer's number: a `Msisdn` or `CardNumber` is refused wherever it stands, a field
 * named after a number has to be `Masked`, a field named after a text does not exist. `error` takes anything thrown.
 */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** A logger that adds these facts to every line. */
  child<F extends object>(facts: F & Safe<F>): Logger;
}

/** From quiet to talkative; `silent` writes nothing. */
export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug';

export interface LogOptions {
  readonly level: LogLevel;
  /** Standard output unless told otherwise. */
  readonly destination?: DestinationStream;
}

interface Write {
  <M extends string>(message: M & Constant<M>): void;
  <F extends object, M extends string>(facts: F & Safe<F>, message: M & Constant<M>): void;
}

/** A literal; a string put together at run time may hold a number. */
type Constant<M extends string> = Omit<Record<M, 1>, M> extends Record<M, 1> ? never : M;

type Fact = string | number | boolean | null | undefined | readonly (string | number)[];
type NumberField = 'phone' | 'card' | 'from' | 'to' | 'sender' | 'recipient' | 'msisdn';
type TextField = 'text' | 'body' | 'raw' | 'message';

type Safe<F> = {
  readonly [K in keyof F]: K extends 'error'
    ? unknown
    : K extends TextField
      ? never
      : K extends NumberField
        ? Masked | undefined
        : F[K] extends Msisdn | CardNumber | readonly (Msisdn | CardNumber)[]
          ? never
          : F[K] extends Fact
            ? F[K]
            : never;
};

/**
 * A logger of JSON lines with ISO times. Whatever the types let through is scrubbed: nine digits in a row lose all but
 * the last two, except in fields that end in `Id` or `Ids`, which hold row ids and providers' ids.
 */
export function createLogger(options: LogOptions): Logger {
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: scrubFacts },
  };
  return scrubbing(options.destination === undefined ? pino(settings) : pino(settings, options.destination));
}

/** Pino's formatters do not see the facts of a child. */
function scrubbing(logger: pino.Logger): Logger {
  return {
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    fatal: logger.fatal.bind(logger),
    child: (facts) => scrubbing(logger.child(scrubFacts({ ...facts }))),
  };
}

function scrubFacts(facts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, scrubFact(name, fact)]));
}

function scrubFact(name: string, fact: unknown): unknown {
  if (name === 'error' || fact instanceof Error) return describeError(fact);
  return typeof fact === 'string' && !/(?:^i|I)ds?$/.test(name) ? scrub(fact) : fact;
}

/** What of an error may be read by people: a fixed list of fields, scrubbed. */
interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  /** SQLSTATE, `ECONNREFUSED` and the like. */
  readonly code?: string;
  readonly constraint?: string;
  readonly stack?: string;
  readonly cause?: ErrorFacts;
}

/**
 * The facts of anything that was thrown, with causes three deep. Postgres puts rows into `detail`, `where` and
 * `parameters`, HTTP clients put bodies beside the message: only the listed fields are taken.
 */
function describeError(thrown: unknown, depth = 0): ErrorFacts {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'Something other than an error was thrown' };
  const { code, constraint } = thrown as { code?: unknown; constraint?: unknown };
  return {
    type: thrown.name,
    message: scrub(thrown.message),
    ...(typeof code === 'string' && { code: scrub(code) }),
    ...(typeof constraint === 'string' && { constraint: scrub(constraint) }),
    ...(thrown.stack !== undefined && { stack: scrub(thrown.stack) }),
    ...(thrown.cause !== undefined && depth < 3 && { cause: describeError(thrown.cause, depth + 1) }),
  };
}

function scrub(text: string): string {
  return text.replace(/\+?\d{7,}(\d\d)/g, '•••$1');
}
