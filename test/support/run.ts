import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('./guard.sh', import.meta.url));

const endings: (() => Promise<unknown>)[] = [];

/** Has `ending` called when the run is over, passed or failed; the last registered first. */
export function atRunEnd(ending: () => Promise<unknown>): void {
  endings.push(ending);
}

/** Calls every ending, then throws the first error that one of them threw. For the global teardown only. */
export async function endRun(): Promise<void> {
  const errors: unknown[] = [];
  for (let ending = endings.pop(); ending !== undefined; ending = endings.pop()) {
    await ending().catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

/** A new folder that other users can pass through (Postgres may run as one); it goes when the run ends. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `cardwake-${name}-`));
  await chmod(folder, 0o711);
  tellGuard(`folder ${folder}`);
  atRunEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Has a process ended with the run also when the run is killed.
 * @returns what to call once it has ended in the usual way: afterwards its pid may be anybody's.
 */
export function endWithRun(pid: number): () => void {
  tellGuard(`started ${pid}`);
  return () => tellGuard(`ended ${pid}`);
}

let guard: ChildProcess | undefined;

function tellGuard(line: string): void {
  guard ??= startGuard();
  guard.stdin?.write(`${line}\n`);
}

function startGuard(): ChildProcess {
  // Detached: Ctrl-C in the terminal must not reach it.
  const child = spawn('sh', [GUARD], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  (child.stdin as unknown as Socket).unref();
  endings.unshift(async () => {
    child.ref();
    child.stdin.end('done\n');
    if (child.exitCode === null) await once(child, 'exit');
  });
  return child;
}
