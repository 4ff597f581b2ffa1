import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where a folder of the package is, seen from `src/` and from `dist/src/` alike; undefined when it was not packaged. */
export function packagedFolder(name: string): string | undefined {
  const { dirname } = import.meta;
  return [join(dirname, '../..', name), join(dirname, '../../..', name)].find((folder) => existsSync(folder));
}
