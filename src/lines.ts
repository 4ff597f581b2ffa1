import { pickRoute } from './activation/route.ts';
import type { Channel, Settings } from './config.ts';
import type { Provider } from './providers/provider.ts';
import { isProviderName, PROVIDERS } from './providers/registry.ts';

/** A configured channel and the provider made for it. */
export interface Line {
  readonly channel: Channel;
  readonly provider: Provider;
}

/** The lines of all channels, by channel key. Opens no connection. */
export function openLines({ channels }: Pick<Settings, 'channels'>): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>();
  for (const channel of channels.values()) {
    if (!isProviderName(channel.provider)) throw new Error(`There is no provider ${channel.provider}`);
    const provider = PROVIDERS[channel.provider].create(channel, channel.options, { now: Date.now });
    lines.set(channel.key, { channel, provider });
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

/**
 * The first address whose texts are the programme's, in the order of the configuration; one that needs no keyword goes
 * first. Undefined when no channel leads to the programme.
 */
export function sendingLine(
  lines: ReadonlyMap<string, { readonly channel: Pick<Channel, 'key' | 'addresses' | 'routes'> }>,
  program: string,
): SendingLine | undefined {
  let withKeyword: SendingLine | undefined;
  for (const { channel } of lines.values()) {
    for (const address of channel.addresses) {
      const place = { channel: channel.key, address };
      if (pickRoute(channel.routes, address, '')?.program === program) return place;
      const keyword = channel.routes
        .map((route) => route.keyword ?? '')
        .find((word) => word !== '' && pickRoute(channel.routes, address, word)?.program === program);
      if (keyword !== undefined) withKeyword ??= { ...place, keyword };
    }
  }
  return withKeyword;
}
