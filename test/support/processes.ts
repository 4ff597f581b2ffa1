import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import { endWithRun } from './run.ts';
import { waitFor } from './wait-for.ts';

/** What is started in production: the HTTP process, the worker process, and both in one with a Postgres of their own. */
export type ProgramFile = 'src/main.ts' | 'workers/main.ts' | 'workers/standalone.ts';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What `/health/ready` answers. */
export interface ReadyAnswer {
  readonly status: number;
  readonly draining: boolean;
  readonly dependencies: Readonly<Record<string, 'up' | 'down' | 'degraded'>>;
}

/** A real process of Cardwake. */
export interface RunningProcess {
  readonly pid: number;
  /** Where providers call, `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Where people look. */
  readonly consoleOrigin: string;
  /** Everything that it wrote to its standard output, and to its standard error output. */
  output(): { readonly out: string; readonly error: string };
  hasEnded(): boolean;
  /** Rejects when it still runs after that time. */
  endWithin(timeoutMs: number): Promise<Ending>;
  /** Rejects while nobody listens. */
  readiness(): Promise<ReadyAnswer>;
  /** Resolves when somebody answers at `/health/ready`, whatever; rejects when the process ends first. */
  listening(): Promise<void>;
  /** Resolves when `/health/ready` is 200; rejects when the process ends first. */
  ready(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
}

/** About two seconds, on a machine that has nothing else to do. */
const START_WITHIN_MS = 40_000;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starts a program from its sources, with nothing in its environment but what is given; on free ports unless given. */
export async function startProcess(
  program: ProgramFile,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunningProcess> {
  const [port, consolePort] = [env.PORT ?? (await freePort()), env.CONSOLE_PORT ?? (await freePort())];
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: `${port}`, CONSOLE_PORT: `${consolePort}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', error: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.error += text));
  const ended: Promise<Ending> = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  await once(child, 'spawn');
  const pid = child.pid as number;
  const tellEnded = endWithRun(pid);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  child.once('exit', tellEnded);
  const consoleOrigin = `http://127.0.0.1:${consolePort}`;
  const readiness = () => askReadiness(consoleOrigin);
  const withOutput = (error: Error): never => {
    throw new Error(`${error.message}; it wrote:\n${output.out}${output.error}`, { cause: error });
  };
  async function become(what: string, isIt: () => Promise<boolean>): Promise<void> {
    const isOver = async () => hasEnded() || (await isIt());
    await waitFor(isOver, { what: `${program} ${what}`, timeoutMs: START_WITHIN_MS }).catch(withOutput);
    if (hasEnded()) withOutput(new Error(`${program} ended instead`));
  }
  return {
    pid,
    origin: `http://127.0.0.1:${port}`,
    consoleOrigin,
    output: () => ({ ...output }),
    hasEnded,
    async endWithin(timeoutMs) {
      await waitFor(hasEnded, { what: `${program} to end`, timeoutMs }).catch(withOutput);
      return await ended;
    },
    readiness,
    listening: () => become('to listen', async () => (await readiness()).status > 0),
    ready: () => become('to be ready', async () => (await readiness()).status === 200),
    // A signal through the child's handle never reaches a process that merely got the same pid later.
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function askReadiness(consoleOrigin: string): Promise<ReadyAnswer> {
  const answer = await fetch(`${consoleOrigin}/health/ready`, { signal: AbortSignal.timeout(3_000) });
  const body = (await answer.json()) as Omit<ReadyAnswer, 'status'>;
  return { ...body, status: answer.status };
}
