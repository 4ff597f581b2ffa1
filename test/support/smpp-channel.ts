import assert from 'node:assert/strict';
import type { Provider, Received, SessionState, Sessions } from '../../src/providers/provider.ts';
import { smppChannel } from '../../src/providers/smpp/channel.ts';
import { smppOptions } from '../../src/providers/smpp/options.ts';
import { parseMsisdn } from '../../src/sms/msisdn.ts';
import type { FakeSmsc } from './fake-smsc.ts';
import { waitFor } from './wait-for.ts';

/** A channel whose sessions are kept open towards a fake SMSC. */
export interface OpenChannel {
  readonly provider: Provider & { readonly sessions: Sessions };
  /** What went through the door and was committed, in order. */
  readonly kept: Received[];
  /** Every change of a session's state, in order. */
  readonly changes: SessionState[];
  /** What happens at the door from now on; `undefined`: it is committed at once. */
  door: ((received: readonly Received[], raw: Buffer) => Promise<void>) | undefined;
  /** Sends a text as reply number `replyId`, to one and the same phone. */
  send(replyId: string, text?: string, signal?: AbortSignal): ReturnType<Provider['send']>;
  /** Tells `run` to part; resolves when it has. */
  stop(): Promise<void>;
  /** Tells `run` that another may begin soon; resolves when it has ended. */
  cut(): Promise<void>;
}

export interface OpenChannelTerms {
  /** Beside host, port, systemId and password. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Between attempts to bind; short unless told otherwise. */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  readonly firstSequence?: number;
  /** submit_sm; as many as come unless told otherwise. */
  readonly messagesPerSecond?: number;
  /** How long one reply may take, in ms. */
  readonly sendMs?: number;
  /** Resolve at once instead of when all sessions are bound. */
  readonly isImpatient?: boolean;
}

/** Options of a channel that leads to the fake, as they come out of the schema. */
export function smppOptionsTo(smsc: Pick<FakeSmsc, 'port'>, options: Readonly<Record<string, unknown>> = {}) {
  const given = { host: '127.0.0.1', port: smsc.port, systemId: 'cardwake', password: 'secret', ...options };
  const { value, error } = smppOptions.validate(given);
  assert.equal(error, undefined);
  return value;
}

/** Opens the sessions and waits until all are bound. */
export async function openSmppChannel(
  smsc: Pick<FakeSmsc, 'port'>,
  terms: OpenChannelTerms = {},
): Promise<OpenChannel> {
  const { backoff = { firstMs: 20, maxMs: 100 }, firstSequence, messagesPerSecond, sendMs } = terms;
  const provider = smppChannel(smppOptionsTo(smsc, terms.options), {
    backoff,
    random: Math.random,
    ...(firstSequence !== undefined && { firstSequence }),
    ...(messagesPerSecond !== undefined && { messagesPerSecond }),
    ...(sendMs !== undefined && { sendMs }),
  });
  const kept: Received[] = [];
  const changes: SessionState[] = [];
  const stopping = new AbortController();
  const cutting = new AbortController();
  const channel: OpenChannel = {
    provider,
    kept,
    changes,
    door: undefined,
    send(replyId, text = 'Your card is active', signal = new AbortController().signal) {
      const to = parseMsisdn('+79160000567');
      assert.ok(to);
      return provider.send({ replyId, from: '+79160000500', to, text }, signal);
    },
    async stop() {
      stopping.abort();
      await running;
      await provider.close();
    },
    async cut() {
      cutting.abort();
      await running;
    },
  };
  const keep = async (received: readonly Received[], raw: Buffer) => {
    await channel.door?.(received, raw);
    kept.push(...received);
  };
  const running = provider.sessions.run(
    { keep, changed: (session) => void changes.push(session) },
    stopping.signal,
    cutting.signal,
  );
  if (terms.isImpatient !== true) {
    await waitFor(() => provider.sessions.states().every(({ state }) => state === 'bound'), { what: 'bound sessions' });
  }
  return channel;
}
