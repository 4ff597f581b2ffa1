import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secret of the demo's simulator: random, made once per data folder and readable for its owner alone, so that the
 * service and `cardwake text` on one machine share it. Two processes that make it at once end up with the same one.
 */
export function demoSecret(dataDir: string): string {
  return secretIn(dataDir, 'simulator.secret');
}

/** The demo's pepper, made in the same way. */
export function demoPepper(dataDir: string): string {
  return secretIn(dataDir, 'pepper.secret');
}

function secretIn(dataDir: string, name: string): string {
  const file = join(dataDir, name);
  return readSecret(file) ?? makeSecret(dataDir, file);
}

function makeSecret(dataDir: string, file: string): string {
  const draft = `${file}.${randomUUID()}`;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(draft, randomBytes(24).toString('hex'), { mode: 0o600 });
  try {
    // A link appears with its whole content or not at all, and never replaces the one that another process made.
    linkSync(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(file, 'utf8');
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
