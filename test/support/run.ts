import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Ending = () => Promise<void>;

const endings: Ending[] = [];

/** Has `ending` called when the run is over, passed or failed; the last registered first. */
export function atRunEnd(ending: Ending): void {
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
  atRunEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Ends a server also when this process is killed: a shell waits for our end of a pipe to close.
 * @returns what to call once the server has ended in the usual way.
 */
export async function endWithUs(pid: number, folder: string, signal: 'QUIT' | 'KILL'): Promise<Ending> {
  const script = `
    read -r word
    [ "$word" = done ] && exit
    kill -${signal} ${pid}
    tries=0
    while kill -0 ${pid} 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    rm -rf "$1"`;
  // Detached: Ctrl-C in the terminal must not reach it.
  const guard = spawn('sh', ['-c', script, 'guard', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return async () => {
    guard.ref();
    guard.stdin.end('done\n');
    if (guard.exitCode === null) await once(guard, 'exit');
  };
}
