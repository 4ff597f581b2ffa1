import type { Program } from '../activation/program.ts';
import { pickRoute, type Route } from '../activation/route.ts';
import { isForTrying } from '../config/channels.ts';
import type { Channel, Settings } from '../config.ts';
import type { Received } from '../providers/provider.ts';
import { rehearsalId } from '../providers/rehearsal.ts';
import { simulatedCall, simulatedMessage } from '../providers/simulator.ts';
import { parseMsisdn } from '../sms/msisdn.ts';
import { conversation } from '../store/conversation.ts';
import type { Database } from '../store/database.ts';
import { freeCards } from '../store/free-cards.ts';
import { within } from '../within.ts';
import type { Phone, PhoneLine, Posted, TypedSms } from './phone.ts';

const CARDS_SHOWN = 3;
const MESSAGES_SHOWN = 50;
const DOOR_TIMEOUT_MS = 5000;

/** What stands behind the phone page. */
export interface PhoneNeighbours {
  readonly settings: Pick<Settings, 'channels' | 'programs'>;
  readonly db: Database;
  /** The port that providers call, known once it is listened on. */
  readonly port: () => number;
  /** Resolves once all that was received is committed; rejects when it is not. */
  readonly keep: (channel: string, received: readonly Received[], rawBody: Buffer) => Promise<void>;
}

/**
 * The channels that the phone page may speak as: those in rehearsal and simulators. Live ones it neither texts nor shows.
 * Undefined when there is none.
 *
 * What is typed for a simulator goes over HTTP to this service's own webhook on loopback, signed as any caller signs. A
 * provider's signature cannot be made here: under a channel in rehearsal it is kept as what that provider brings is kept.
 */
export function phoneChannels(neighbours: PhoneNeighbours): Phone | undefined {
  const channels = [...neighbours.settings.channels.values()].filter(isForTrying);
  const [first] = channels;
  if (first === undefined) return undefined;
  return {
    lines: () => linesOf(neighbours, channels),
    conversation(raw, key) {
      const shown = channels.filter((channel) => key === undefined || channel.key === key);
      const phone = parseMsisdn(raw, (shown[0] ?? first).country) ?? raw;
      return conversation(neighbours.db, { phone, channels: shown.map((one) => one.key), limit: MESSAGES_SHOWN });
    },
    async send(typed) {
      const channel = channels.find((one) => isMeant(one, typed));
      if (channel === undefined) return 'shut';
      const sms = { ...typed, to: typed.to ?? channel.addresses[0] };
      return channel.isRehearsal ? await rehearse(neighbours, channel, sms) : await post(neighbours, channel, sms);
    },
  };
}

function isMeant({ key, addresses }: Channel, { channel = key, to = addresses[0] }: TypedSms): boolean {
  return channel === key && addresses.includes(to);
}

/** Every address with each keyword that leads somewhere there, in the order of the configuration. */
async function linesOf({ settings, db }: PhoneNeighbours, channels: readonly Channel[]): Promise<PhoneLine[]> {
  const places = channels.flatMap((channel) =>
    channel.addresses.flatMap((address) =>
      channel.routes
        .filter((route) => pickRoute(channel.routes, address, route.keyword ?? '') === route)
        .map((route) => ({ channel, address, route })),
    ),
  );
  const programs = [...new Set(places.map(({ route }) => route.program))];
  const cards = new Map(
    await Promise.all(programs.map(async (key) => [key, await freeCards(db, key, CARDS_SHOWN)] as const)),
  );
  return places.map(({ channel, address, route }) => ({
    channel: channel.key,
    provider: channel.provider,
    isRehearsal: channel.isRehearsal,
    address,
    ...(route.keyword !== undefined && { keyword: route.keyword }),
    program: nameOf(settings.programs, route),
    cards: cards.get(route.program) ?? [],
  }));
}

function nameOf(programs: ReadonlyMap<string, Program>, { program }: Route): string {
  return programs.get(program)?.name ?? program;
}

interface AddressedSms extends TypedSms {
  readonly to: string;
}

async function rehearse(
  { keep }: PhoneNeighbours,
  channel: Channel,
  { id, from, to, text }: AddressedSms,
): Promise<Posted> {
  const message = { providerMessageId: rehearsalId(id), from, to, text };
  const kept = keep(channel.key, [{ kind: 'message', message }], Buffer.from(JSON.stringify(message)));
  const status = await within(DOOR_TIMEOUT_MS, kept).then(
    () => 200,
    () => 503,
  );
  return { id: message.providerMessageId, status };
}

async function post({ port }: PhoneNeighbours, channel: Channel, typed: AddressedSms): Promise<Posted> {
  const { secret } = channel.options as { readonly secret: string };
  const sms = simulatedMessage(typed);
  const response = await fetch(`http://127.0.0.1:${port()}/webhooks/${channel.key}`, {
    ...simulatedCall(secret, sms),
    signal: AbortSignal.timeout(DOOR_TIMEOUT_MS),
  });
  await response.arrayBuffer();
  return { id: sms.id, status: response.status };
}
