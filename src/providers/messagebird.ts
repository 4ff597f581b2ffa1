import { createSecretKey } from 'node:crypto';
import joi from 'joi';
import type { MobileTerminated } from '../sms/message.ts';
import { type CallResult, type HttpCaller, httpCaller } from './http-call.ts';
import { readAnswer } from './messagebird/answer.ts';
import { receive } from './messagebird/receive.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret, secret } from './options.ts';
import { withoutPlus } from './plus.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';

/** What stands beside the common keys of a channel with `provider: messagebird`. */
export interface MessageBirdOptions {
  readonly accessKey: string;
  /** One key, or two while they are rotated: calls signed with either are believed. */
  readonly signingKey: readonly [string, ...string[]];
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi.object<MessageBirdOptions>({
  accessKey: secret('The live access key, from MessageBird’s dashboard under Developers → API access.'),
  signingKey: rotatingSecret('The signing key, from Developers → API settings'),
  apiBaseUrl: apiBaseUrl('https://rest.messagebird.com', 'MessageBird’s API.'),
  requestTimeoutMs: requestTimeoutMs('MessageBird’s API'),
});

/** The SMS API of MessageBird, now Bird: https://developers.messagebird.com/api/sms-messaging */
export const messagebird: ProviderDefinition<MessageBirdOptions> = { options, create };

function create(channel: ChannelIdentity, settings: MessageBirdOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const keys = settings.signingKey.map((key) => createSecretKey(Buffer.from(key)));
  const headers = { authorization: `AccessKey ${settings.accessKey}`, accept: 'application/json' };
  return {
    methods: ['GET', 'POST'],
    receive: (request) => receive(request, keys, now()),
    async send(message, signal) {
      const body = JSON.stringify(messageOf(message, channel.webhookUrl));
      const call = {
        method: 'POST',
        path: '/messages',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      } as const;
      return readAnswer(await http.call(call, signal), now());
    },
    check: () => check(http, headers, settings.accessKey),
    close: () => http.close(),
  };
}

/** Without a `reference` MessageBird reports no status. Numbers are written without `+`, as in its own examples. */
function messageOf({ replyId, from, to, text, validitySeconds }: MobileTerminated, reportUrl: string) {
  return {
    type: 'sms',
    originator: withoutPlus(from),
    recipients: [withoutPlus(to)],
    body: text,
    datacoding: 'auto',
    reference: replyId,
    reportUrl,
    ...(validitySeconds !== undefined && { validity: validitySeconds }),
  };
}

async function check(
  http: HttpCaller,
  headers: Readonly<Record<string, string>>,
  accessKey: string,
): Promise<CredentialCheck> {
  const advice = adviceOn(await http.call({ method: 'GET', path: '/balance', headers }));
  if (advice !== undefined) return { kind: 'failed', advice };
  if (!accessKey.startsWith('test_')) return { kind: 'ok' };
  return { kind: 'ok', warnings: ['accessKey is a test key, with which nothing is sent: use the live one.'] };
}

function adviceOn(result: CallResult): string | undefined {
  if (result.kind !== 'answered') {
    return `MessageBird's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  const { status } = result;
  if (status === 200) return undefined;
  if (status === 401) return 'MessageBird refuses accessKey: copy it again from the dashboard.';
  return `MessageBird answered ${status} when asked for the balance: check accessKey and apiBaseUrl.`;
}
