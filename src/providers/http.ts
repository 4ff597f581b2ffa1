import { checkWith } from './http/check.ts';
import { type HttpOptions, options } from './http/options.ts';
import { outcomeOf } from './http/outcome.ts';
import { methodsOf, receive } from './http/receive.ts';
import { requestOf } from './http/request.ts';
import { callbackUrlOf, valuesOf } from './http/values.ts';
import { httpCaller } from './http-call.ts';
import type { ChannelIdentity, Neighbours, Provider, ProviderDefinition } from './provider.ts';

/**
 * Any provider that speaks HTTP and has no file of its own: what it calls with, how it proves itself, how it is called
 * and what its answers mean stand in the channel's declaration.
 */
export const http: ProviderDefinition<HttpOptions> = { options, create };

function create({ webhookUrl }: ChannelIdentity, settings: HttpOptions, { now }: Neighbours): Provider {
  const { apiBaseUrl, requestTimeoutMs, send, check } = settings;
  const caller = httpCaller(apiBaseUrl, { timeoutMs: requestTimeoutMs });
  return {
    methods: methodsOf(settings),
    receive: (request) => receive(request, settings, settings, now()),
    async send(message, signal) {
      const values = valuesOf(message, callbackUrlOf(webhookUrl, message.replyId, settings));
      const result = await caller.call(requestOf(send, values), signal);
      return outcomeOf(result, send, message.replyId, now());
    },
    check: () => checkWith(caller, check),
    close: () => caller.close(),
  };
}
