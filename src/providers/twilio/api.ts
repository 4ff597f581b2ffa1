import type { Twilio } from 'twilio';
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
  close(): Promise<void>;
}

export interface MessageTerms {
  readonly authToken: string;
  /** Where Twilio reports what becomes of the message. */
  readonly statusCallback: string;
  readonly signal: AbortSignal;
}

/** Calls Twilio with its own client, which writes the requests, over our own HTTP, which knows what has left. */
export function twilioApi(options: ApiOptions): TwilioApi {
  const http = httpCaller(options.apiBaseUrl, { timeoutMs: options.requestTimeoutMs });
  const as = (authToken: string) => ({ http, accountSid: options.accountSid, authToken });
  return {
    createMessage: (message, { authToken, statusCallback, signal }) =>
      request({ ...as(authToken), signal }, (client) =>
        client.messages.create({
          from: message.from,
          to: message.to,
          body: message.text,
          statusCallback,
          ...(options.messagingServiceSid !== undefined && { messagingServiceSid: options.messagingServiceSid }),
        }),
      ),
    fetchAccount: (authToken) =>
      request(as(authToken), (client) => client.api.v2010.accounts(options.accountSid).fetch()),
    close: () => http.close(),
  };
}

interface Caller {
  readonly http: HttpCaller;
  readonly accountSid: string;
  readonly authToken: string;
  readonly signal?: AbortSignal;
}

type SdkHttpClient = NonNullable<Twilio['opts']>['httpClient'];
type SdkRequest = Parameters<NonNullable<SdkHttpClient>['request']>[0];

/**
 * What came of the one HTTP request that `use` makes. What the client itself makes of the answer is not used: its
 * errors lack the headers, and a success that it cannot read looks like a failure.
 *
 * The client is loaded with the first call (0.14 s and 29 MB, much of it axios, which is not used), so that processes that
 * only receive never pay for it. Its smaller parts save nothing: `lib/rest/Twilio` loads axios as well.
 */
async function request(caller: Caller, use: (client: Twilio) => Promise<unknown>): Promise<CallResult> {
  let result: CallResult = { kind: 'never-left', code: 'twilio-client' };
  const httpClient = {
    async request(written: SdkRequest) {
      result = await caller.http.call(toCall(written), caller.signal);
      if (result.kind !== 'answered') throw new Error(result.kind);
      return { statusCode: result.status, headers: result.headers, body: result.body.toString() };
    },
  } as SdkHttpClient;
  try {
    const { default: twilio } = await import('twilio');
    await use(twilio(caller.accountSid, caller.authToken, { httpClient }));
  } catch {
    // Told by `result`.
  }
  return result;
}

/** The client addresses https://api.twilio.com (or a region from the environment); only the path is taken from that. */
function toCall({ method, uri, username, password, headers, data }: SdkRequest) {
  const { pathname, search } = new URL(uri);
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    method: method === 'post' ? 'POST' : 'GET',
    path: `${pathname}${search}`,
    headers: { ...(headers as Record<string, string>), Authorization: `Basic ${credentials}` },
    ...(method === 'post' && { body: new URLSearchParams(data as Record<string, string>).toString() }),
  } as const;
}
