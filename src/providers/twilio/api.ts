import { createRequire } from 'node:module';
import { stringify } from 'node:querystring';
import type { Twilio } from 'twilio';
import type { MessageListInstance } from 'twilio/lib/rest/api/v2010/account/message.js';
import type { MobileTerminated } from '../../sms/message.ts';
import { type CallResult, type HttpCaller, httpCaller } from '../http-call.ts';

/** Where and as whom we call Twilio. */
export interface ApiOptions {
  readonly accountSid: string;
  readonly apiBaseUrl: string;
  readonly messagingServiceSid?: string;
  readonly requestTimeoutMs: number;
}

/** The calls we make. Each gives what came of the HTTP request and never throws. */
export interface TwilioApi {
  createMessage(message: MobileTerminated, terms: MessageTerms): Promise<CallResult>;
  fetchAccount(authToken: string): Promise<CallResult>;
  /** The account's number with these digits, as a list of one or none. */
  listNumbers(number: string, authToken: string): Promise<CallResult>;
  /** The account's short code, as a list of one or none. */
  listShortCodes(shortCode: string, authToken: string): Promise<CallResult>;
  /** A TwiML application, whose URLs go before those of its numbers. */
  fetchApplication(sid: string, authToken: string): Promise<CallResult>;
  fetchMessagingService(sid: string, authToken: string): Promise<CallResult>;
  /** The latest messages to a phone, `PAGE_SIZE` at most. */
  listMessages(to: string, terms: Pick<MessageTerms, 'authToken' | 'signal'>): Promise<CallResult>;
  close(): Promise<void>;
}

export interface MessageTerms {
  readonly authToken: string;
  /** Where Twilio reports what becomes of the message. */
  readonly statusCallback: string;
  readonly signal: AbortSignal;
}

/** What Twilio takes at most as `ValidityPeriod`, and its default. */
const MAX_VALIDITY_SECONDS = 36_000;

/** So many replies, with all that Twilio says of each, are within what is read of an answer. */
const PAGE_SIZE = 20;

/** Calls Twilio with its own package, which writes the requests, over our own HTTP, which knows what has left. */
export function twilioApi(options: ApiOptions): TwilioApi {
  const http = httpCaller(options.apiBaseUrl, { timeoutMs: options.requestTimeoutMs });
  const messaging = httpCaller(messagingBaseUrl(options.apiBaseUrl), { timeoutMs: options.requestTimeoutMs });
  const as = (authToken: string) => ({ http, accountSid: options.accountSid, authToken });
  const write = messageWriter(options.accountSid);
  return {
    createMessage: (message, { authToken, statusCallback, signal }) =>
      callWritten(
        { ...as(authToken), signal },
        write((messages) =>
          messages.create({
            from: message.from,
            to: message.to,
            body: message.text.toWellFormed(),
            statusCallback,
            ...(message.validitySeconds !== undefined && {
              validityPeriod: Math.min(Math.max(message.validitySeconds, 1), MAX_VALIDITY_SECONDS),
            }),
            ...(options.messagingServiceSid !== undefined && { messagingServiceSid: options.messagingServiceSid }),
          }),
        ),
      ),
    fetchAccount: (authToken) =>
      withClient(as(authToken), (client) => client.api.v2010.accounts(options.accountSid).fetch()),
    listNumbers: (phoneNumber, authToken) =>
      withClient(as(authToken), (client) => client.incomingPhoneNumbers.page({ phoneNumber, pageSize: 1 })),
    listShortCodes: (shortCode, authToken) =>
      withClient(as(authToken), (client) => client.shortCodes.page({ shortCode, pageSize: 1 })),
    fetchApplication: (sid, authToken) => withClient(as(authToken), (client) => client.applications(sid).fetch()),
    fetchMessagingService: (sid, authToken) =>
      withClient({ ...as(authToken), http: messaging }, (client) => client.messaging.v1.services(sid).fetch()),
    listMessages: (to, { authToken, signal }) =>
      callWritten(
        { ...as(authToken), signal },
        write((messages) => messages.page({ to, pageSize: PAGE_SIZE })),
      ),
    async close() {
      await Promise.all([http.close(), messaging.close()]);
    },
  };
}

/** Messaging services have a host of their own, in every region. */
function messagingBaseUrl(apiBaseUrl: string): string {
  return apiBaseUrl.replace(/^https:\/\/api\.(?=(?:[\w-]+\.)*twilio\.com$)/, 'https://messaging.');
}

interface Caller {
  readonly http: HttpCaller;
  readonly accountSid: string;
  readonly authToken: string;
  readonly signal?: AbortSignal;
}

type SdkHttpClient = NonNullable<Twilio['opts']>['httpClient'];
type SdkRequest = Parameters<NonNullable<SdkHttpClient>['request']>[0];

/** What a call comes to that the package did not make: it found the arguments wrong. */
const NOT_WRITTEN: CallResult = { kind: 'never-left', code: 'twilio-client' };

/** Ends the package's part: once the request is written, or the answer is there. */
const OURS_NOW = new Error('The rest is done by us');

/**
 * What came of the one HTTP request that `use` makes, through the whole client, which is loaded for what people ask about an
 * account: 24 MB, much of it axios, which is not used. The package does not get the answer: its errors lack the headers, a
 * success that it cannot read looks like a failure, and what it makes of one (dates, links) would be thrown away.
 */
async function withClient(caller: Caller, use: (client: Twilio) => Promise<unknown>): Promise<CallResult> {
  let result = NOT_WRITTEN;
  const request = async (written: SdkRequest): Promise<never> => {
    result = await caller.http.call(toCall(written), caller.signal);
    throw OURS_NOW;
  };
  try {
    const { default: twilio } = await import('twilio');
    const httpClient = { request } as unknown as SdkHttpClient;
    await use(twilio(caller.accountSid, caller.authToken, { httpClient }));
  } catch {
    // Told by `result`.
  }
  return result;
}

type WriteRequest = (use: (messages: MessageListInstance) => unknown) => SdkRequest | undefined;

/**
 * Has requests written by the package's part for messages alone, as every reply goes: 5 MB, loaded with the first, and one
 * object for all replies. The package writes a request before its call returns and is stopped there, so nothing of it waits.
 * Undefined: it found the arguments wrong.
 */
function messageWriter(accountSid: string): WriteRequest {
  let messages: MessageListInstance | undefined;
  let written: SdkRequest | undefined;
  const request = (it: SdkRequest): never => {
    written = it;
    throw OURS_NOW;
  };
  return (use) => {
    written = undefined;
    try {
      messages ??= openMessages(request, accountSid);
      use(messages);
    } catch {
      // Told by `written`.
    }
    return written;
  };
}

/** Required and not imported: what a default export of these modules is differs between Node and tsx. */
function openMessages(request: (it: SdkRequest) => never, accountSid: string): MessageListInstance {
  const require = createRequire(import.meta.url);
  const { MessageListInstance } = require('twilio/lib/rest/api/v2010/account/message') as MessagePart;
  const { default: Version } = require('twilio/lib/base/Version') as { readonly default: VersionClass };
  return MessageListInstance(new Version({ request }, '2010-04-01'), accountSid);
}

type MessagePart = Pick<typeof import('twilio/lib/rest/api/v2010/account/message.js'), 'MessageListInstance'>;
type VersionClass = new (domain: { readonly request: (it: SdkRequest) => never }, version: string) => never;

/** Adds what the client would: the host, the credentials and the caller's name. */
async function callWritten(
  { http, accountSid, authToken, signal }: Caller,
  written: SdkRequest | undefined,
): Promise<CallResult> {
  if (written === undefined) return NOT_WRITTEN;
  const uri = `https://api.twilio.com/${written.uri}`;
  const headers = { 'User-Agent': 'Cardwake', ...written.headers };
  return http.call(toCall({ ...written, uri, headers, username: accountSid, password: authToken }), signal);
}

/** The client addresses https://api.twilio.com (or a region from the environment); only the path is taken from that. */
function toCall({ method, uri, username, password, headers, params, data }: SdkRequest) {
  const path = uri.slice(uri.indexOf('/', 'https://'.length));
  const query = params === undefined ? '' : new URLSearchParams(params as Record<string, string>).toString();
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    method: method === 'post' ? 'POST' : 'GET',
    path: query === '' ? path : `${path}?${query}`,
    headers: { ...(headers as Record<string, string>), Authorization: `Basic ${credentials}` },
    // A quarter of what URLSearchParams takes.
    ...(method === 'post' && { body: stringify(data as Record<string, string>) }),
  } as const;
}
