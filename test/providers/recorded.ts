import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ProviderRequest, Received } from '../../src/providers/provider.ts';
import { requestOf } from './call.ts';

/** A provider's call as it came over the wire, and what it tells. */
export interface Recorded {
  /** The file's name without its ending. */
  readonly name: string;
  readonly about: string;
  readonly request: ProviderRequest;
  /** When it came, in ms since 1970. */
  readonly at: number;
  readonly received: readonly Received[];
}

/** When recorded calls came whose file says nothing else, in ms since 1970. */
export const RECORDED_AT = Date.UTC(2026, 10, 21);

/** The recorded calls of a provider, by name; none, which the contract then says, when it has no folder. */
export function recordedCalls(provider: string): readonly Recorded[] {
  const folder = new URL(`./fixtures/${provider}/`, import.meta.url);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((file) => readRecorded(new URL(file, folder), provider, file.replace(/\.json$/, '')));
}

interface File {
  readonly about: string;
  /** Absent: POST. */
  readonly method?: 'GET' | 'POST';
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** An ISO date. */
  readonly at?: string;
  readonly received: readonly Received[];
}

function readRecorded(file: URL, provider: string, name: string): Recorded {
  const { about, at, received, ...call } = JSON.parse(readFileSync(file, 'utf8')) as File;
  return {
    name,
    about,
    request: requestOf(provider, call),
    at: at === undefined ? RECORDED_AT : Date.parse(at),
    received,
  };
}
