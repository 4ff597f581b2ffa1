import { pickRoute } from './activation/route.ts';
import type { Channel, Settings } from './config.ts';
import type { Provider } from './providers/provider.ts';
import { isProviderName, PROVIDERS } from './providers/registry.ts';
import { rehearse } from './providers/rehearsal.ts';

/** A configured channel and the provider made for it. */
export interface Line {
  readonly channel: Channel;
  readonly provider: Provider;
}

/** The lines of all channels, by channel key; one in rehearsal has a provider that sends nothing. Opens no connection. */
export function openLines({ channels }: Pick<Settings, 'channels'>): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>();
  for (const channel of channels.values()) {
    if (!isProviderName(channel.provider)) throw new Error(`There is no provider ${channel.provider}`);
    const provider = PROVIDERS[channel.provider].create(channel, channel.options, { now: Date.now });
    lines.set(channel.key, { channel, provider: channel.isRehearsal ? rehearse(provider) : provider });
  }
  return lines;
}

/** Where a programme writes from, and what its customers text. */
export interface SendingLine {
  /** The channel's key. */
  readonly channel: string;
  /** Our own address on it. */
  readonly address: string;
  /** The word that has to stand before the number, where the address belongs to another programme without it. */
  readonly keyword?: string;
}

/** A line as far as it matters where texts to it belong. */
interface Addressed {
  readonly channel: Pick<Channel, 'key' | 'addresses' | 'routes' | 'isRehearsal'>;
}

/**
 * The first address whose texts are the programme's, in the order of the configuration; one that needs no keyword goes
 * first. A channel in rehearsal is named only when no other leads to the programme: what it sends, nobody gets.
 * Undefined when no channel leads to the programme.
 */
export function sendingLine(lines: ReadonlyMap<string, Addressed>, program: string): SendingLine | undefined {
  const all = [...lines.values()];
  const isLive = ({ channel }: Addressed) => !channel.isRehearsal;
  return firstLeadingTo(program, all.filter(isLive)) ?? firstLeadingTo(program, all);
}

function firstLeadingTo(program: string, lines: readonly Addressed[]): SendingLine | undefined {
  let withKeyword: SendingLine | undefined;
  for (const { channel } of lines) {
    for (const address of channel.addresses) {
      const place = { channel: channel.key, address };
      if (pickRoute(channel.routes, address, '')?.program === program) return place;
      const keyword = keywordFor(channel, address, program);
      if (keyword !== undefined) withKeyword ??= { ...place, keyword };
    }
  }
  return withKeyword;
}

/**
 * The word that a text to an address has to begin with to be the programme's; undefined where it needs none, and where none
 * leads there.
 */
export function keywordFor({ routes }: Pick<Channel, 'routes'>, address: string, program: string): string | undefined {
  if (pickRoute(routes, address, '')?.program === program) return undefined;
  return routes.find(({ keyword }) => keyword !== undefined && pickRoute(routes, address, keyword)?.program === program)
    ?.keyword;
}
