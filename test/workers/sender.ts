import { setMaxListeners } from 'node:events';
import type { Channel } from '../../src/config.ts';
import type { SendOutcome, Sessions } from '../../src/providers/provider.ts';
import { compileTemplates } from '../../src/reply/compile.ts';
import { templateSource } from '../../src/reply/source.ts';
import type { Database } from '../../src/store/database.ts';
import { type Attempts, createAttempts } from '../../workers/attempt.ts';
import { createCircuits } from '../../workers/circuit.ts';
import { createSend } from '../../workers/send.ts';
import { createSendNow } from '../../workers/send-now.ts';
import { channelOf } from '../support/channel.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { CLUB } from '../support/world.ts';
import { log, metrics } from './binder.ts';

const NOW = new Date('2024-05-01T12:00:00Z');

const SOURCES = [
  ['en/help.liquid', 'Help from {{ program }}'],
  ['en/stopped.liquid', 'No more SMS'],
  ['en/holder-asked.liquid', 'Reply {{ code }}'],
  ['en/confirm-code.liquid', 'Type {{ code }}'],
  ['en/activated.liquid', 'Welcome, card {{ card }}'],
].flatMap(([path = '', text = '']) => templateSource(path, text) ?? []);
const { texts } = compileTemplates(SOURCES, [CLUB]);

export type Script = Parameters<typeof scriptedProvider>[0];

/** A job that was asked for. */
export interface Asked {
  readonly channel: string;
  readonly id: string;
  readonly delayMs: number;
}

/** What a test may want of the send worker. */
export interface SenderOptions {
  /** Of the channel `main`. */
  readonly channel?: Partial<Channel>;
  /** What the provider of the channel `backup` says; it accepts unless told otherwise. Absent: there is no such channel. */
  readonly backup?: Script;
  readonly backupChannel?: Partial<Channel>;
  /** It speaks over sessions, and some process has one that can send, or none has. */
  readonly backupSession?: boolean;
  /** What `sendNow` does with replies, instead of what the worker does. */
  readonly attempts?: Attempts;
}

const IDLE: Sessions = { run: () => Promise.resolve(), states: () => [], canSend: () => false };

/** A send worker of the channel `main`, whose provider says what the script says, and perhaps of `backup`. */
export function sender(
  db: Database,
  script: Script,
  { channel = {}, backup, backupChannel, backupSession, attempts: held }: SenderOptions = {},
) {
  const provider = scriptedProvider(script);
  const second = { ...scriptedProvider(backup ?? accept), ...(backupSession !== undefined && { sessions: IDLE }) };
  const hasSession = backupSession ?? true;
  const again: Asked[] = [];
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const lines = new Map([['main', { channel: channelOf(channel), provider }]]);
  if (backup !== undefined) {
    lines.set('backup', {
      channel: channelOf({ key: 'backup', addresses: ['7000', '7001'], ...backupChannel }),
      provider: second,
    });
  }
  const circuits = createCircuits(lines, { metrics, log, random: () => 0.5 });
  const neighbours = {
    db,
    programs: new Map([['club', CLUB]]),
    lines,
    circuits,
    hasSession: () => hasSession,
    texts: () => texts,
    enqueue: {
      send: (key: string, ids: readonly string[], delayMs = 0) =>
        again.push(...ids.map((id) => ({ channel: key, id, delayMs }))),
    },
    metrics,
    log,
    now: () => NOW,
    random: () => 0.5,
  };
  const attempts = createAttempts(neighbours, 0);
  const handle = createSend(neighbours, attempts);
  return {
    /** Runs one job. */
    send: (ids: readonly string[], key = 'main') => handle({ ids }, { signal: stopping.signal, channel: key }),
    /** What sends without a job. */
    sendNow: createSendNow(neighbours, held ?? attempts),
    provider,
    backup: second,
    circuits,
    /** What was asked for. */
    again,
    stop: () => stopping.abort(),
  };
}

/** The same answer to every send. */
export function always(outcome: SendOutcome): Script {
  return () => outcome;
}
