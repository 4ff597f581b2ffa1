import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type FakeSettings, noSettings, settingsAnswer } from './fake-twilio-settings.ts';
import { apiAnswer, type FakeAnswer, newSid, readBody, twilioError } from './fake-twilio-wire.ts';
import { signAsTwilio } from './sign-as-twilio.ts';

/** An SMS that the fake took for sending: what a phone would show. */
export interface AcceptedSms {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly statusCallback: string | undefined;
  readonly messagingServiceSid: string | undefined;
  /** Only when it was given. */
  readonly validityPeriod?: string;
}

/**
 * What happens to one request for a message.
 * `accept`: 201. `silence`: taken, then no answer ever. `cut`: taken, then the connection is reset.
 * `cut-answer`: taken, and the answer ends in its middle. `callback-first`: `sent` and `delivered` are reported before 201.
 * An object is answered as it stands; with `isTaken` the SMS is sent all the same.
 */
export type Behaviour = 'accept' | 'silence' | 'cut' | 'cut-answer' | 'callback-first' | FakeAnswer;

export { twilioError };

/** An SMS from an imagined customer. */
export interface IncomingSms {
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly sid?: string;
  readonly optOutType?: 'STOP' | 'START' | 'HELP';
}

/** What a webhook answered. */
export interface WebhookAnswer {
  readonly status: number;
  readonly body: string;
}

export interface FakeTwilioOptions {
  readonly accountSid?: string;
  readonly authToken?: string;
  /** The configured webhook URL: the one that is signed and, unless `webhookOrigin` is given, called. */
  readonly webhookUrl?: string;
  /** Where the webhook really listens (`http://127.0.0.1:4000`) when its configured URL is a public one. */
  readonly webhookOrigin?: string;
  /** Statuses that are reported after each acceptance, in this order; none unless given. */
  readonly reports?: readonly string[];
}

/** Twilio on this machine: its API for messages, its webhooks and its status callbacks. */
export interface FakeTwilio {
  readonly apiBaseUrl: string;
  readonly accountSid: string;
  /** Checked and signed with; may be changed, as a rotation does. */
  authToken: string;
  webhookUrl: string;
  webhookOrigin: string | undefined;
  readonly accepted: readonly AcceptedSms[];
  /** Where the account takes incoming SMS; it has no number at first. */
  readonly settings: FakeSettings;
  /** How many requests for a message came, refused ones too. */
  readonly requestCount: number;
  /** What happens to each request for which nothing is planned; `accept` at first. */
  otherwise: Behaviour;
  /** One behaviour for each of the coming requests. */
  plan(...behaviours: readonly Behaviour[]): void;
  /** Posts an incoming SMS to the webhook, signed. */
  sendSms(sms: IncomingSms): Promise<WebhookAnswer>;
  /** Posts a status callback for an SMS that was accepted, signed. */
  report(sms: AcceptedSms, status: string, errorCode?: string): Promise<WebhookAnswer>;
  /** Posts any form to the webhook, signed; `query` with its question mark. */
  post(form: URLSearchParams, query?: string): Promise<WebhookAnswer>;
  close(): Promise<void>;
}

/** Starts a Twilio of one's own on a free port of 127.0.0.1. */
export async function startFakeTwilio(options: FakeTwilioOptions = {}): Promise<FakeTwilio> {
  const state: State = {
    accountSid: options.accountSid ?? `AC${'0'.repeat(31)}1`,
    authToken: options.authToken ?? 'token-of-the-fake-twilio',
    webhookUrl: options.webhookUrl ?? 'http://127.0.0.1:1/webhooks/none',
    webhookOrigin: options.webhookOrigin,
    reports: options.reports ?? [],
    accepted: [],
    settings: noSettings(),
    takenAt: new Map(),
    plans: [],
    otherwise: 'accept',
    underWay: new Set(),
    requestCount: 0,
  };
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(state, {
    apiBaseUrl: `http://127.0.0.1:${port}`,
    plan: (...behaviours: readonly Behaviour[]) => void state.plans.push(...behaviours),
    sendSms: (sms: IncomingSms) => post(state, state.webhookUrl, incomingForm(state, sms)),
    report: (sms: AcceptedSms, status: string, errorCode?: string) => report(state, sms, status, errorCode),
    post: (form: URLSearchParams, query = '') => post(state, state.webhookUrl + query, form),
    async close() {
      await Promise.allSettled(state.underWay);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

interface State {
  readonly accountSid: string;
  authToken: string;
  webhookUrl: string;
  webhookOrigin: string | undefined;
  readonly reports: readonly string[];
  readonly accepted: AcceptedSms[];
  readonly settings: FakeSettings;
  readonly takenAt: Map<string, Date>;
  readonly plans: Behaviour[];
  otherwise: Behaviour;
  readonly underWay: Set<Promise<unknown>>;
  requestCount: number;
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await readBody(request));
  const account = `/2010-04-01/Accounts/${state.accountSid}`;
  const credentials = Buffer.from(`${state.accountSid}:${state.authToken}`).toString('base64');
  if (request.url === `${account}/Messages.json` && request.method === 'POST') state.requestCount += 1;
  if (request.headers.authorization !== `Basic ${credentials}`) apiAnswer(response, twilioError(401, 20003));
  else if (request.url === `${account}.json` && request.method === 'GET') {
    apiAnswer(response, { status: 200, body: { sid: state.accountSid, status: 'active' } });
  } else if (request.url === `${account}/Messages.json` && request.method === 'POST') {
    await createMessage(state, form, response);
  } else if (request.url?.startsWith(`${account}/Messages.json?`) && request.method === 'GET') {
    apiAnswer(response, listMessages(state, new URL(request.url, 'http://fake').searchParams));
  } else apiAnswer(response, settingsAnswer(state.settings, account, request) ?? twilioError(404, 20404));
}

async function createMessage(state: State, form: URLSearchParams, response: ServerResponse): Promise<void> {
  const behaviour = state.plans.shift() ?? state.otherwise;
  if (typeof behaviour === 'object') {
    if (behaviour.isTaken) take(state, form);
    return apiAnswer(response, behaviour);
  }
  const sms = take(state, form);
  const created = { status: 201, body: { sid: sms.sid, account_sid: state.accountSid, status: 'queued' } };
  switch (behaviour) {
    case 'silence':
      return;
    case 'cut':
      response.socket?.resetAndDestroy();
      return;
    case 'cut-answer':
      response.writeHead(201, { 'content-length': 1_000 });
      response.write('{"sid":', () => response.socket?.destroy());
      return;
    case 'callback-first':
      await reportAll(state, sms, ['sent', 'delivered']);
      return apiAnswer(response, created);
    case 'accept':
      apiAnswer(response, created);
      return track(state, reportAll(state, sms, state.reports));
    default:
      behaviour satisfies never;
  }
}

/** The newest first, on pages that have no next one. */
function listMessages({ accepted, takenAt }: State, query: URLSearchParams): FakeAnswer {
  const messages = accepted
    .filter(({ to, from }) => to === (query.get('To') ?? to) && from === (query.get('From') ?? from))
    .map(({ sid, from, to, body }) => {
      const date_created = takenAt.get(sid)?.toUTCString().replace('GMT', '+0000');
      return { sid, from, to, body, status: 'sent', error_code: null, direction: 'outbound-api', date_created };
    })
    .toReversed();
  return { status: 200, body: { messages, next_page_uri: null } };
}

function take(state: State, form: URLSearchParams): AcceptedSms {
  const sms = {
    sid: newSid(),
    from: form.get('From') ?? '',
    to: form.get('To') ?? '',
    body: form.get('Body') ?? '',
    statusCallback: form.get('StatusCallback') ?? undefined,
    messagingServiceSid: form.get('MessagingServiceSid') ?? undefined,
    ...(form.has('ValidityPeriod') && { validityPeriod: form.get('ValidityPeriod') ?? '' }),
  };
  state.accepted.push(sms);
  state.takenAt.set(sms.sid, new Date());
  return sms;
}

function track(state: State, work: Promise<unknown>): void {
  const tracked = work.catch(() => undefined).finally(() => state.underWay.delete(tracked));
  state.underWay.add(tracked);
}

async function reportAll(state: State, sms: AcceptedSms, statuses: readonly string[]): Promise<void> {
  for (const status of statuses) await report(state, sms, status);
}

async function report(state: State, sms: AcceptedSms, status: string, errorCode?: string): Promise<WebhookAnswer> {
  if (sms.statusCallback === undefined) throw new Error('this SMS has no StatusCallback');
  const form = new URLSearchParams({
    AccountSid: state.accountSid,
    ApiVersion: '2010-04-01',
    From: sms.from,
    MessageSid: sms.sid,
    MessageStatus: status,
    SmsSid: sms.sid,
    SmsStatus: status,
    To: sms.to,
    ...(errorCode !== undefined && { ErrorCode: errorCode }),
  });
  return post(state, sms.statusCallback, form);
}

function incomingForm(state: State, { from, to, body, sid = newSid(), optOutType }: IncomingSms): URLSearchParams {
  return new URLSearchParams({
    AccountSid: state.accountSid,
    ApiVersion: '2010-04-01',
    Body: body,
    From: from,
    MessageSid: sid,
    NumMedia: '0',
    NumSegments: '1',
    SmsMessageSid: sid,
    SmsSid: sid,
    SmsStatus: 'received',
    To: to,
    ...(optOutType !== undefined && { OptOutType: optOutType }),
  });
}

async function post(state: State, signedUrl: string, form: URLSearchParams): Promise<WebhookAnswer> {
  const { pathname, search, origin } = new URL(signedUrl);
  const answer = await fetch(`${state.webhookOrigin ?? origin}${pathname}${search}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': signAsTwilio(state.authToken, signedUrl, form),
    },
    body: form.toString(),
  });
  return { status: answer.status, body: await answer.text() };
}
