import { readdirSync, readFileSync } from 'node:fs';
import type { ProviderRequest, Received } from '../../src/providers/provider.ts';

/** A provider's call as it came over the wire, and what it tells. */
export interface Recorded {
  /** The file's name without its ending. */
  readonly name: string;
  readonly about: string;
  readonly request: ProviderRequest;
  readonly received: readonly Received[];
}

/** The public address under which all calls were recorded; the channel's key is `<provider>-main`. */
export const PUBLIC_URL = 'https://sms.example.com';

/** The recorded calls of a provider, by name. */
export function recordedCalls(provider: string): readonly Recorded[] {
  const folder = new URL(`./fixtures/${provider}/`, import.meta.url);
  return readdirSync(folder)
    .toSorted()
    .map((file) => readRecorded(new URL(file, folder), provider, file.replace(/\.json$/, '')));
}

interface File {
  readonly about: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly received: readonly Received[];
}

function readRecorded(file: URL, provider: string, name: string): Recorded {
  const { about, query, headers, body, received } = JSON.parse(readFileSync(file, 'utf8')) as File;
  const request = {
    method: 'POST',
    url: `${PUBLIC_URL}/webhooks/${provider}-main${query}`,
    headers,
    body: Buffer.from(body),
    remoteAddress: '127.0.0.1',
  };
  return { name, about, request, received };
}
