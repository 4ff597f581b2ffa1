import type { Channel, Settings } from '../config.ts';
import { simulatedCall, simulatedMessage } from '../providers/simulator.ts';
import { parseMsisdn } from '../sms/msisdn.ts';
import { conversation } from '../store/conversation.ts';
import type { Database } from '../store/database.ts';
import { freeCards } from '../store/free-cards.ts';
import type { Phone, PhoneLine, Posted, TypedSms } from './phone.ts';

const CARDS_SHOWN = 3;
const MESSAGES_SHOWN = 50;
const WEBHOOK_TIMEOUT_MS = 5000;

/**
 * The phone page's neighbours: what is typed goes over HTTP to this service's own webhook on loopback, signed as any
 * caller signs; only conversations of simulator channels are read. Undefined when none is configured.
 */
export function simulatorPhone(from: {
  readonly settings: Pick<Settings, 'channels' | 'programs'>;
  readonly db: Database;
  /** The port that providers call, known once it is listened on. */
  readonly port: () => number;
}): Phone | undefined {
  const channels = [...from.settings.channels.values()].filter(({ provider }) => provider === 'simulator');
  const [first] = channels;
  if (first === undefined) return undefined;
  const keys = channels.map(({ key }) => key);
  return {
    lines: async () => (await Promise.all(channels.map((channel) => linesOf(from, channel)))).flat(),
    conversation: (raw) => {
      const phone = parseMsisdn(raw, first.country) ?? raw;
      return conversation(from.db, { phone, channels: keys, limit: MESSAGES_SHOWN });
    },
    send: (sms) => {
      const channel = channels.find(({ addresses }) => addresses.some((address) => address === sms.to)) ?? first;
      return post(from.port(), channel, sms);
    },
  };
}

function linesOf(
  { settings, db }: { readonly settings: Pick<Settings, 'programs'>; readonly db: Database },
  channel: Channel,
): Promise<PhoneLine[]> {
  return Promise.all(
    channel.routes.map(async (route) => ({
      address: route.address ?? channel.addresses[0],
      ...(route.keyword !== undefined && { keyword: route.keyword }),
      program: settings.programs.get(route.program)?.name ?? route.program,
      cards: await freeCards(db, route.program, CARDS_SHOWN),
    })),
  );
}

async function post(port: number, channel: Channel, typed: TypedSms): Promise<Posted> {
  const { secret } = channel.options as { readonly secret: string };
  const sms = simulatedMessage({ ...typed, to: typed.to ?? channel.addresses[0] });
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/${channel.key}`, {
    ...simulatedCall(secret, sms),
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  });
  await response.arrayBuffer();
  return { id: sms.id, status: response.status };
}
