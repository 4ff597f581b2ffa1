import { randomUUID } from 'node:crypto';
import type { Backoff } from '../../flow/backoff.ts';
import type { DeliveryReceipt } from '../../sms/message.ts';
import { forged } from '../answers.ts';
import type { Provider, SessionDoor, Sessions } from '../provider.ts';
import { bindGate } from './bind-gate.ts';
import { checkBind } from './check.ts';
import { type BindKind, bindFields } from './connect.ts';
import { receivedFrom } from './deliver.ts';
import { Deliveries } from './deliveries.ts';
import type { SmppOptions } from './options.ts';
import { Redeliveries } from './redelivery.ts';
import type { Session, SessionTerms } from './session.ts';
import { SEND_MS, Submitter } from './submitter.ts';
import { Line, type SupervisionTerms } from './supervise.ts';
import { statusOf } from './wire.ts';

/** What tests set otherwise. */
export interface ChannelTerms {
  /** Between two attempts to bind. */
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Of every session; 1 unless told otherwise. */
  readonly firstSequence?: number;
  /** submit_sm that may be written; as many as come unless told otherwise. */
  readonly messagesPerSecond?: number;
  /** How long one reply may take; see `SEND_MS`. */
  readonly sendMs?: number;
}

/** `backoffMs` waits half of `firstMs` at least: from 1 to 60 s. */
export const TERMS: ChannelTerms = { backoff: { firstMs: 2_000, maxMs: 60_000 }, random: Math.random };

/** One account at an SMSC. Its sessions are open while `sessions.run` runs; sends find none before and after. */
export function smppChannel(options: SmppOptions, terms: ChannelTerms = TERMS): Provider & { sessions: Sessions } {
  const redeliveries = new Redeliveries({ newId: () => `smpp-${randomUUID()}`, now: () => performance.now() });
  const closing = new AbortController();
  const base = sessionTerms(options, terms);
  let door: SessionDoor | undefined;
  let running: Promise<void> = Promise.resolve();

  const withDeliveries = (kind: BindKind): SessionTerms => ({
    ...base(kind),
    ...(door !== undefined && { deliveries: deliveries(options, redeliveries, door) }),
  });
  const lines = linesOf(options, terms, { newSession: withDeliveries, onChange: (state) => door?.changed(state) });
  const submitter = new Submitter({
    options,
    limitPerSecond: terms.messagesPerSecond ?? Number.POSITIVE_INFINITY,
    sendMs: terms.sendMs ?? SEND_MS,
    session: () => leastLoaded(lines),
    onReceipt: (receipt, raw) => tell(door, receipt, raw),
  });

  async function run(newDoor: SessionDoor, part: AbortSignal, cut: AbortSignal): Promise<void> {
    door = newDoor;
    const ending = { part: AbortSignal.any([part, closing.signal]), cut };
    await Promise.all(lines.map((line) => line.run(ending)));
    door = undefined;
  }

  return {
    receive: () => forged('SMPP has no webhook'),
    send: (message, signal) => submitter.send(message, signal),
    check: () => (lines.some(({ bound }) => bound) ? Promise.resolve({ kind: 'ok' }) : checkBind(options, base)),
    async close() {
      closing.abort();
      await running;
    },
    sessions: {
      run(newDoor, part, cut) {
        running = running.then(() => run(newDoor, part, cut));
        return running;
      },
      states: () => lines.map((line) => line.state()),
      canSend: () => leastLoaded(lines) !== undefined,
    },
  };
}

function sessionTerms(options: SmppOptions, { firstSequence }: ChannelTerms) {
  return (kind: BindKind): SessionTerms => ({
    kind,
    bind: bindFields(options),
    window: options.window,
    responseTimeoutMs: options.responseTimeoutMs,
    enquireLinkMs: options.enquireLinkSeconds * 1_000,
    temporaryStatus: statusOf(options.temporaryStatus),
    ...(firstSequence !== undefined && { firstSequence }),
  });
}

function deliveries(options: SmppOptions, redeliveries: Redeliveries, door: SessionDoor): Deliveries {
  return new Deliveries({
    door,
    redeliveries,
    read: ({ frame }, id) => receivedFrom(frame, id, options),
    temporaryStatus: statusOf(options.temporaryStatus),
    timeoutMs: options.responseTimeoutMs,
  });
}

function linesOf(
  options: SmppOptions,
  terms: ChannelTerms,
  neighbours: Pick<SupervisionTerms, 'newSession' | 'onChange'>,
): Line[] {
  const { backoff, random } = terms;
  const gate = bindGate({ afterFailureMs: backoff.firstMs / 2, afterRefusalMs: backoff.maxMs });
  const kinds: readonly BindKind[] = options.bind === 'transceiver' ? ['transceiver'] : ['transmitter', 'receiver'];
  return Array.from({ length: options.sessions }, (_, index) =>
    kinds.map((kind) => new Line(kind, index + 1, { options, gate, backoff, random, ...neighbours })),
  ).flat();
}

function leastLoaded(lines: readonly Line[]): Session | undefined {
  return lines
    .filter(({ kind }) => kind !== 'receiver')
    .flatMap(({ bound }) => (bound === undefined ? [] : [bound]))
    .reduce<Session | undefined>((best, one) => (best === undefined || one.load < best.load ? one : best), undefined);
}

/** Nobody waits for it: what is lost here is told again by the SMSC's own receipt, or not at all. */
function tell(door: SessionDoor | undefined, receipt: DeliveryReceipt, raw: Buffer): void {
  door?.keep([{ kind: 'receipt', receipt }], raw).catch(() => undefined);
}
