import type { ConfigDocument } from './document.ts';
import { didYouMean } from './suggest.ts';

/** The entries of the file's two sections, unchecked. */
export interface Sections {
  readonly programs: readonly (readonly [key: string, value: unknown])[];
  readonly channels: readonly (readonly [key: string, value: unknown])[];
}

/** Takes the file apart into its sections and reports a missing, empty or unknown one. */
export function readSections(doc: ConfigDocument): Sections {
  const none: Sections = { programs: [], channels: [] };
  if (doc.value === undefined) return none;
  if (!isGroup(doc.value)) {
    doc.report([], 'must have the keys programs: and channels:');
    return none;
  }
  const known = Object.keys(none);
  for (const key of Object.keys(doc.value)) {
    if (known.includes(key)) continue;
    doc.report([key], `is not a key that Cardwake knows${didYouMean(key, known)}`, 'key');
  }
  return {
    programs: entriesOf(doc, doc.value, 'programs', 'programme'),
    channels: entriesOf(doc, doc.value, 'channels', 'channel'),
  };
}

function entriesOf(
  doc: ConfigDocument,
  root: Readonly<Record<string, unknown>>,
  section: string,
  what: string,
): [string, unknown][] {
  const value = root[section];
  if (isGroup(value) && Object.keys(value).length > 0) return Object.entries(value);
  const isEmpty = value === undefined || value === null || isGroup(value);
  doc.report(
    [section],
    isEmpty
      ? `is missing. Declare at least one ${what}`
      : `must be a group: the key of each ${what}, then its own keys`,
    'key',
  );
  return [];
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
