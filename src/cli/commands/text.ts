import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { SilentOutcome } from '../../activation/outcome.ts';
import { isForTrying } from '../../config/channels.ts';
import type { Channel, Settings } from '../../config.ts';
import { rehearsalId } from '../../providers/rehearsal.ts';
import { type SimulatedMessage, simulatedCall, simulatedMessage } from '../../providers/simulator.ts';
import { parseMsisdn } from '../../sms/msisdn.ts';
import type { ConversationMessage } from '../../store/conversation.ts';
import { type CliContext, CliFailure } from '../context.ts';

/** How long an answer is waited for, unless the caller says so, and how often it is looked for. */
const PATIENCE_MS = 10_000;
const POLL_MS = 100;

interface Options {
  readonly to?: string;
  readonly channel?: string;
}

/** `cardwake text <from> <text>`: texts the service that runs on this machine, as a phone would, and shows the answer. */
export function textCommand(context: CliContext, patienceMs = PATIENCE_MS): Command {
  return new Command('text')
    .description('text the running service as a phone would, and show what it answers')
    .argument('<from>', 'the phone that texts, such as +79161234567')
    .argument('<text>', 'what it writes, in quotes')
    .option('--to <address>', 'the address it texts; default: the first of the channel')
    .option('--channel <key>', 'a simulator channel, or one in rehearsal; default: the first')
    .action((from: string, text: string, { to, channel }: Options) =>
      textAndWait(context, { from, text, to, channel, patienceMs }),
    );
}

interface Order extends Options {
  readonly from: string;
  readonly text: string;
  readonly patienceMs: number;
}

async function textAndWait({ settings, print }: CliContext, order: Order): Promise<void> {
  const configured = settings();
  const channel = channelFor(configured, order.channel);
  const to = order.to ?? channel.addresses[0];
  const phone = parseMsisdn(order.from, channel.country) ?? order.from.trim();
  const before = new Set((await readConversation(configured, channel, phone)).map(({ id }) => id));
  const sms = simulatedMessage({
    ...(channel.isRehearsal && { id: rehearsalId() }),
    from: order.from,
    to,
    text: order.text,
  });
  const startedAt = performance.now();
  await (channel.isRehearsal ? rehearse(configured, channel, sms) : post(configured, channel, sms));
  for (const line of bubble(`${phone} → ${to}`, order.text)) print(line);
  const isNew = ({ id }: ConversationMessage) => !before.has(id);
  const deadline = startedAt + order.patienceMs;
  const { replies, own } = await awaitReplies(async () => {
    const messages = (await readConversation(configured, channel, phone)).filter(isNew);
    return { own: messages.find(({ id }) => id === sms.id), replies: messages.filter(isOut) };
  }, deadline);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  for (const reply of replies) {
    for (const line of bubble(`${to} → ${phone} (${stateOf(reply)})`, reply.text)) print(line);
  }
  print(replies.length > 0 ? `${own?.outcome ?? 'Answered'}, after ${seconds} s` : explainSilence(own, seconds));
}

/** A live channel is never among them. */
function channelFor({ channels, file }: Settings, key?: string): Channel {
  const open = [...channels.values()].filter(isForTrying);
  const channel = key === undefined ? open[0] : open.find((candidate) => candidate.key === key);
  if (channel !== undefined) return channel;
  const known = open.map((candidate) => candidate.key).join(', ');
  if (known === '') {
    throw new CliFailure(
      `${file} declares no channel with provider: simulator or rehearsal: true, so nothing can be texted from here.`,
    );
  }
  throw new CliFailure(`${key ?? ''} is no simulator channel of ${file}, and not in rehearsal. There is: ${known}.`);
}

/** Hands the SMS to the phone page, which brings it in: nobody but the provider could sign a call to the webhook. */
async function rehearse(settings: Settings, { key }: Channel, sms: SimulatedMessage): Promise<void> {
  const response = await askConsole(settings, '/phone/messages', { ...sms, channel: key });
  if (response.ok) return;
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
  throw new CliFailure(error ?? `The console answered with status ${response.status}.`);
}

/** Posts to the service itself, not to the channel's public URL, which may lead through a proxy elsewhere. */
async function post({ port }: Settings, channel: Channel, sms: SimulatedMessage): Promise<void> {
  const { secret } = channel.options as { readonly secret: string };
  const { status } = await call(`http://127.0.0.1:${port}/webhooks/${channel.key}`, simulatedCall(secret, sms));
  if (status >= 200 && status < 300) return;
  throw new CliFailure(REFUSALS[status] ?? `The service answered with status ${status}.`);
}

const REFUSALS: Readonly<Record<number, string>> = {
  403: 'The service refused the signature: it runs with another secret or another DATA_DIR than this command.',
  404: 'The service does not know this channel: it runs with another configuration than this command.',
  503: 'The service cannot keep the text now: its database does not answer. Try again in a moment.',
};

/** What the phone and the service have written to each other over the channel, oldest first. */
async function readConversation(
  settings: Settings,
  { key }: Channel,
  phone: string,
): Promise<readonly ConversationMessage[]> {
  const response = await askConsole(settings, '/phone/conversation', { phone, channel: key });
  if (!response.ok)
    throw new CliFailure(`The console answered with status ${response.status}: its answers cannot be read.`);
  return ((await response.json()) as { readonly messages: readonly ConversationMessage[] }).messages;
}

/** A number never stands in a URL. */
function askConsole(settings: Settings, path: string, question: object): Promise<Response> {
  return call(`http://${consoleAddress(settings)}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
}

/** A console that listens on every address is reached over loopback. */
function consoleAddress({ consoleHost, consolePort }: Settings): string {
  const host = ['0.0.0.0', '::'].includes(consoleHost) ? '127.0.0.1' : consoleHost;
  return `${host.includes(':') ? `[${host}]` : host}:${consolePort}`;
}

async function call(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new CliFailure(
      `Nothing answers at ${new URL(url).origin}. Start Cardwake with \`npm start\` and leave it running.`,
    );
  }
}

interface Answer {
  /** Our own text as the service keeps it; undefined when it is not there yet. */
  readonly own: ConversationMessage | undefined;
  readonly replies: readonly ConversationMessage[];
}

/** Looks until the text is decided and its reply handed over, or until the deadline; gives what there is then. */
async function awaitReplies(look: () => Promise<Answer>, deadline: number): Promise<Answer> {
  for (;;) {
    const answer = await look();
    if (isComplete(answer) || performance.now() > deadline) return answer;
    await delay(POLL_MS);
  }
}

function isOut({ direction }: ConversationMessage): boolean {
  return direction === 'out';
}

/** `delivered, 2 segments`. */
function stateOf({ status, segments }: ConversationMessage): string {
  return segments === undefined ? status : `${status}, ${segments} ${segments === 1 ? 'segment' : 'segments'}`;
}

function isComplete({ own, replies }: Answer): boolean {
  if (own === undefined || own.status === 'received') return false;
  if (replies.length === 0) return own.status === 'quarantined' || isSilent(own);
  return replies.every(isKnown);
}

/** A receipt may be quicker than what was sent is written down. */
function isKnown({ status, text }: ConversationMessage): boolean {
  return status !== 'queued' && status !== 'sending' && (text !== '' || status === 'failed');
}

const SILENT: readonly string[] = ['unsupported-sender', 'unreadable', 'error'] satisfies SilentOutcome[];

/** True of a text that never gets a reply. */
function isSilent({ outcome = '', silence }: ConversationMessage): boolean {
  return silence !== undefined || SILENT.includes(outcome);
}

function explainSilence(own: ConversationMessage | undefined, seconds: string): string {
  if (own === undefined || own.status === 'received')
    return `No answer within ${seconds} s: no worker has taken the text yet.`;
  if (own.status === 'quarantined') return `No answer: the text was set aside for an operator, after ${seconds} s`;
  const reason = [own.outcome, own.silence].filter(Boolean).join(', ');
  return isSilent(own)
    ? `No answer is due: ${reason}, after ${seconds} s`
    : `${reason}, but no answer within ${seconds} s`;
}

/** The text beside a bar, which stays in place in every script and direction. */
function bubble(heading: string, text: string): string[] {
  return [heading, ...text.split('\n').map((line) => `  │ ${line}`), ''];
}
