import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from '../activation/program.ts';
import { compileTemplates, type ReplyTexts } from '../reply/compile.ts';
import { formatProblem, type Problem } from '../reply/problem.ts';
import { type TemplateSource, templateSource } from '../reply/source.ts';

/** Reply texts that follow their files on the disk. */
export interface TemplateFolder {
  /** The last texts without a problem. Ask again for each reply: a saved file is in the next answer. */
  texts(): ReplyTexts;
  /** Stops following the files; `texts` keeps answering. */
  close(): void;
}

/** Whom to tell about what happens to the files after the start. */
export interface TemplateFolderListener {
  /** Changed files are live. */
  readonly onChange: () => void;
  /** Changed files have problems, or cannot be read: the last good texts, all of them, stay live. */
  readonly onProblems: (problems: readonly Problem[]) => void;
}

/** What a reading of the disk gives. */
export interface TemplateFiles {
  readonly sources: readonly TemplateSource[];
  /** Liquid files that lie where no reply text can. */
  readonly problems: readonly Problem[];
  /** Every folder that was read, the templates folder first. */
  readonly folders: readonly string[];
}

/** An editor saves in several steps (write, rename, permissions): read once it is through. */
const SETTLE_MS = 50;

/** How often to look for a folder that cannot be read. */
const RETRY_MS = 1000;

/** Reads every `.liquid` file of a templates folder. Hidden files and an editor's backups are not looked at. */
export async function readTemplateFolder(folder: string): Promise<TemplateFiles> {
  const sources: TemplateSource[] = [];
  const problems: Problem[] = [];
  const folders: string[] = [folder];
  await walk('');
  return { sources, problems, folders };

  async function visit(path: string): Promise<void> {
    if ((await stat(join(folder, path))).isDirectory()) {
      folders.push(join(folder, path));
      return walk(path);
    }
    if (!path.endsWith('.liquid')) return;
    const source = templateSource(path, await readFile(join(folder, path), 'utf8'));
    if (source === undefined) problems.push(outOfPlace(path));
    else sources.push(source);
  }

  async function walk(below: string): Promise<void> {
    const names = (await readdir(join(folder, below))).filter((name) => !name.startsWith('.'));
    for (const name of names.toSorted()) {
      await visit(below === '' ? name : `${below}/${name}`).catch(ignoreVanished);
    }
  }
}

/**
 * Reads, checks and parses all reply texts, and follows the files from then on without keeping the process alive.
 * Throws an error that lists every problem: a service must not start with reply texts that it cannot send.
 */
export async function openTemplates(
  folder: string,
  programs: readonly Program[],
  listener: TemplateFolderListener,
): Promise<TemplateFolder> {
  const watched = followFolders(() => readIn(SETTLE_MS));
  let current = await firstReading(folder, programs, watched);
  let seen = current.content;
  let timer: NodeJS.Timeout | undefined;
  let isReading = false;

  function readIn(delayMs: number): void {
    if (watched.isClosed()) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), delayMs).unref();
  }

  async function reload(): Promise<void> {
    if (isReading) return readIn(SETTLE_MS);
    isReading = true;
    const reading = await readAll(folder, programs, watched).catch(unreadable);
    isReading = false;
    // A folder that is gone sends no events when it comes back.
    if (reading.isUnreadable) readIn(RETRY_MS);
    if (watched.isClosed() || reading.content === seen) return;
    seen = reading.content;
    if (reading.problems.length > 0) return listener.onProblems(reading.problems);
    current = reading;
    listener.onChange();
  }

  return {
    texts: () => current.texts,
    close() {
      clearTimeout(timer);
      watched.close();
    },
  };
}

interface Reading {
  readonly texts: ReplyTexts;
  readonly problems: readonly Problem[];
  /** Equal for equal files: a touched file is no change. */
  readonly content: string;
  readonly isUnreadable?: true;
}

async function firstReading(folder: string, programs: readonly Program[], watched: FollowedFolders): Promise<Reading> {
  try {
    const reading = await readAll(folder, programs, watched);
    if (reading.problems.length === 0) return reading;
    const list = reading.problems.map((problem) => `  ${formatProblem(problem, folder)}`).join('\n');
    throw new Error(`The reply texts have problems (see "cardwake templates check"):\n${list}`);
  } catch (error) {
    watched.close();
    throw error;
  }
}

async function readAll(folder: string, programs: readonly Program[], watched: FollowedFolders): Promise<Reading> {
  // A folder that was not watched while it was read is read again: no save falls between the two.
  let files = await readTemplateFolder(folder);
  while (await watched.follow(files.folders)) files = await readTemplateFolder(folder);
  const { texts, problems } = compileTemplates(files.sources, programs);
  return { texts, problems: [...files.problems, ...problems], content: JSON.stringify(files) };
}

function unreadable(error: unknown): Reading {
  const message = `the folder cannot be read (${String(error)}); put it back`;
  const problems = [{ file: '', line: 1, column: 1, message }];
  return { texts: { find: () => undefined }, problems, content: message, isUnreadable: true };
}

interface FollowedFolders {
  /** Watches exactly these folders from now on. True when one of them was not watched before. */
  follow(folders: readonly string[]): Promise<boolean>;
  isClosed(): boolean;
  close(): void;
}

/**
 * One watch per folder: a file that is replaced by a rename, as editors and mounted volumes do, is seen by its folder's
 * watch, while Node's recursive watch on Linux follows the file that was replaced.
 */
function followFolders(onEvent: () => void): FollowedFolders {
  const watchers = new Map<string, FSWatcher>();
  let isClosed = false;

  function drop(key: string): void {
    watchers.get(key)?.close();
    watchers.delete(key);
  }

  return {
    async follow(folders) {
      const wanted = new Map<string, string>();
      for (const folder of folders) {
        const { dev, ino } = await stat(folder);
        // A folder that was replaced has its old name and another inode.
        wanted.set(`${dev}:${ino}:${folder}`, folder);
      }
      if (isClosed) return false;
      for (const key of watchers.keys()) if (!wanted.has(key)) drop(key);
      let hasNew = false;
      for (const [key, folder] of wanted) {
        if (watchers.has(key)) continue;
        hasNew = true;
        const watcher = watch(folder, { persistent: false }, onEvent);
        watcher.on('error', onEvent);
        watchers.set(key, watcher);
      }
      return hasNew;
    },
    isClosed: () => isClosed,
    close() {
      isClosed = true;
      for (const key of watchers.keys()) drop(key);
    },
  };
}

/** An editor's file may be gone between the listing and the reading; its folder's watch tells what follows. */
function ignoreVanished(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function outOfPlace(file: string): Problem {
  const message = 'no reply text lies here; move it to <language>/<reply>.liquid or programs/<programme>/<language>/';
  return { file, line: 1, column: 1, message };
}
