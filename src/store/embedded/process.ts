import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process that lives. */
export interface LivingProcess {
  /** Differs between two processes that had the same pid; good for comparing only. */
  readonly startedAt: string;
  /** The program and its arguments, joined by spaces. */
  readonly command: string;
}

/** What lives under a pid now, or `undefined`. Reads `/proc`, or asks `ps` where there is none (macOS). */
export async function inspectProcess(pid: number): Promise<LivingProcess | undefined> {
  try {
    return process.platform === 'linux' ? await inspectThroughProc(pid) : await inspectThroughPs(pid);
  } catch {
    return undefined;
  }
}

/** True as soon as a process is gone, also when its pid is another's by then; false when it is not after `timeoutMs`. */
export async function hasEnded(pid: number, { startedAt }: LivingProcess, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while ((await inspectProcess(pid))?.startedAt === startedAt) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

async function inspectThroughProc(pid: number): Promise<LivingProcess | undefined> {
  const [stat, command, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
  ]);
  // proc(5): the second field is the name in parentheses and may hold anything; the state follows, the start is field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  return { startedAt: `${bootId.trim()}/${fields[19]}`, command: command.split('\0').join(' ').trim() };
}

async function inspectThroughPs(pid: number): Promise<LivingProcess | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'lstart=,command=', '-p', String(pid)]);
  const line = stdout.trim();
  // `lstart` is 24 characters wide: "Thu Jan  1 00:00:00 1970".
  return line === '' ? undefined : { startedAt: line.slice(0, 24), command: line.slice(24).trim() };
}
