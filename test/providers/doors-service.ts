import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import { look } from '../support/club.ts';
import { type FakeApi, startFakeApi } from '../support/fake-api.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { card } from '../support/world.ts';
import { channelOf, requestOf } from './call.ts';
import { secretOf } from './kept-by.ts';
import type { SeenRequest, SpokenApi, SpokenMessage, SpokenReceipt, Subject, UnsignedCall } from './subject.ts';
import { type CalledProvider, SUBJECTS } from './subjects.ts';

/** An SMS that a provider's API took from us. */
export interface TakenSms {
  readonly providerMessageId: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** One provider's channel in the running service, and the provider at both its ends. */
export interface Door {
  /** The address of ours on this channel. */
  readonly address: string;
  /** What its API took so far. */
  readonly taken: readonly TakenSms[];
  /** Called with each SMS that the API has taken, before it answers that it has. */
  beforeAnswer: ((sms: TakenSms) => Promise<void>) | undefined;
  /** Tells us of an SMS; gives the status we answered. */
  text(message: Omit<SpokenMessage, 'to'>): Promise<number>;
  /** Tells us of several SMS in one call, in which the element at `index` cannot be read; gives the status we answered. */
  textBrokenBatch(messages: readonly Omit<SpokenMessage, 'to'>[], index: number): Promise<number>;
  /** Tells us of an SMS in parts of these texts, in this order. */
  textParts(
    message: Omit<SpokenMessage, 'to' | 'text'>,
    texts: readonly string[],
    order: readonly number[],
  ): Promise<void>;
  /** Tells us what became of a reply; gives the status we answered. */
  report(receipt: SpokenReceipt): Promise<number>;
}

/** The service with a channel of every provider that has an API, each at a fake of its own. */
export interface DoorsService {
  readonly doors: ReadonlyMap<CalledProvider, Door>;
  readonly service: RunningService;
  stop(): Promise<void>;
}

/** The providers whose door has two sides: they call us, and we call them. */
export const TWO_SIDED = (Object.keys(SUBJECTS) as CalledProvider[]).filter((name) => SUBJECTS[name].api !== undefined);

/** Starts all of it. The cards 0 to 399 of `support/world.ts` are issued. */
export async function startDoors(): Promise<DoorsService> {
  const opened = await Promise.all(TWO_SIDED.map((name, index) => openDoor(name, `+1415555${1000 + index}`)));
  const config = stringify({
    programs: {
      club: {
        name: 'Club',
        countries: ['RU'],
        locales: ['ru'],
        support: '+74950000000',
        limits: { repliesPerPhone: 20 },
        series: [{ name: 'main', prefix: '9643', length: 16, check: 'luhn' }],
      },
    },
    channels: Object.fromEntries(opened.map(({ key, channel }) => [key, channel])),
  });
  const service = await runService({ config, queue: 'redis' });
  await service.db
    .insertInto('cards')
    .values(Array.from({ length: 400 }, (_, n) => ({ program: 'club', number: card(n) })))
    .execute();
  for (const { line } of opened) line.origin = service.origin;
  return {
    service,
    doors: new Map(opened.map(({ name, door }) => [name, door])),
    async stop() {
      await service.stop();
      await Promise.all(opened.map(({ api }) => api.close()));
    },
  };
}

/** What the database says of the reply to a phone that got one. */
export async function replyTo(service: RunningService, phone: string): Promise<{ id: string; status: string }> {
  const replies = await look<{ id: string; status: string }>(
    service.db,
    sql`SELECT id::text, status FROM replies WHERE recipient = ${phone}`,
  );
  assert.equal(replies.length, 1);
  return replies[0] ?? assert.fail();
}

interface Line {
  /** Where the service listens, known once it does. */
  origin: string;
}

async function openDoor(name: CalledProvider, address: string) {
  const subject = SUBJECTS[name];
  const spoken = subject.api ?? assert.fail(`${name} has no API`);
  const taken: TakenSms[] = [];
  const line: Line = { origin: '' };
  const door: Door = {
    address,
    taken,
    beforeAnswer: undefined,
    text: (message) => tell(line, name, subject.message({ ...message, to: address }, Date.now())),
    textBrokenBatch(messages, index) {
      const toUs = messages.map((message) => ({ ...message, to: address }));
      return tell(line, name, subject.brokenBatch?.(toUs, index, Date.now()) ?? assert.fail('no batches'));
    },
    async textParts(message, texts, order) {
      const calls = subject.parts?.({ ...message, to: address }, texts, Date.now()) ?? [];
      for (const index of order) {
        const status = await tell(line, name, calls[index] ?? assert.fail(`no part ${index}`));
        assert.ok(status < 300, `part ${index} was answered ${status}`);
      }
    },
    report: (receipt) => tell(line, name, subject.receipt?.(receipt, Date.now()) ?? assert.fail('no receipts')),
  };
  const api = await startFakeApi((request) => take(spoken, door, taken, request));
  return { name, door, line, api, ...configOf(name, subject, spoken, api, address) };
}

async function take(spoken: SpokenApi, door: Door, taken: TakenSms[], request: SeenRequest) {
  const asked = spoken.read(request);
  if (asked === undefined) return { status: 404, body: '' };
  const sms = { ...asked, providerMessageId: randomUUID() };
  taken.push(sms);
  await door.beforeAnswer?.(sms);
  return spoken.accepted(sms.providerMessageId, sms.to);
}

function configOf(name: CalledProvider, subject: Subject, spoken: SpokenApi, api: FakeApi, address: string) {
  const { key } = channelOf(name);
  const common = { provider: name, publicUrl: 'https://sms.example.com', addresses: [address], program: 'club' };
  return { key, channel: { ...common, messagesPerSecond: 1_000, ...subject.options, ...spoken.at(api.origin) } };
}

/** Calls the webhook as the provider would; gives the status that came back. */
async function tell({ origin }: Line, name: CalledProvider, call: UnsignedCall): Promise<number> {
  const subject = SUBJECTS[name];
  const { method, url, headers, body } = subject.sign(requestOf(name, call), secretOf(subject), Date.now());
  const { pathname, search } = new URL(url);
  const answer = await fetch(`${origin}${pathname}${search}`, {
    method,
    headers: new Headers(Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined)),
    ...(method !== 'GET' && { body: new Uint8Array(body) }),
  });
  await answer.arrayBuffer();
  return answer.status;
}
