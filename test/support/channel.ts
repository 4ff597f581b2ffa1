import type { Channel } from '../../src/config.ts';

/** A channel named `main` of the programme `club` with the address 2420, with changes. */
export function channelOf(changes: Partial<Channel> = {}): Channel {
  const key = changes.key ?? 'main';
  return {
    key,
    provider: 'simulator',
    webhookUrl: `http://127.0.0.1/webhooks/${key}`,
    addresses: ['2420'],
    routes: [{ program: 'club' }],
    country: 'RU',
    messagesPerSecond: 1_000,
    isRehearsal: false,
    partsTimeoutMinutes: 10,
    unknown: { waitReceiptMinutes: 10, lookup: true, otherwise: 'hold' },
    options: {},
    ...changes,
  };
}
