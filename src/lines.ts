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
