import { open, rm } from 'node:fs/promises';

/** A file that is being written. */
export interface NewFile {
  /** Adds the lines and a line end. */
  readonly write: (lines: string) => Promise<void>;
  /** Resolves when everything is on the disk. */
  readonly close: () => Promise<void>;
  /** Closes and removes it: nothing came of it, and the same name may be used again. */
  readonly discard: () => Promise<void>;
}

/** Makes a file that only its owner may read. Throws when there is one already: it is never overwritten. */
export async function openNewFile(path: string): Promise<NewFile> {
  const file = await open(path, 'wx', 0o600);
  return {
    write: (lines) => file.appendFile(`${lines}\n`),
    close: async () => {
      await file.sync();
      await file.close();
    },
    discard: async () => {
      await file.close();
      await rm(path);
    },
  };
}
