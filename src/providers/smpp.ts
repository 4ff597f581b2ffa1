import type { ProviderDefinition } from './provider.ts';
import { smppChannel, TERMS } from './smpp/channel.ts';
import { type SmppOptions, smppOptions } from './smpp/options.ts';

/** Any SMSC that speaks SMPP 3.4 or 5.0, to which we are an ESME: https://smpp.org/SMPP_v3_4_Issue1_2.pdf */
export const smpp: ProviderDefinition<SmppOptions> = {
  options: smppOptions,
  hasNoWebhook: true,
  create: ({ messagesPerSecond }, options) => smppChannel(options, { ...TERMS, messagesPerSecond }),
};
