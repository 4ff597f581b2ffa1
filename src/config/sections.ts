import type { ConfigDocument } from './document.ts';
import { didYouMean } from './suggest.ts';

/** The file's sections, unchecked: the entries of its two lists, and what stands beside them. */
export interface Sections {
  readonly programs: readonly (readonly [key: string, value: unknown])[];
  readonly channels: readonly (readonly [key: string, value: unknown])[];
  /** Undefined when it is not there. */
  readonly retention: unknown;
}

/** Takes the file apart into its sections and reports a missing, empty or unknown one. */
export function readSections(doc: ConfigDocument): Sections {
  const none: Sections = { programs: [], channels: [], retention: undefined };
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
    retention: doc.value.retention,
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
