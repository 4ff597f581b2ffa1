import type { ObjectSchema } from 'joi';
import { africasTalking } from './africas-talking.ts';
import { http } from './http.ts';
import { infobip } from './infobip.ts';
import { jasmin } from './jasmin.ts';
import { kannel } from './kannel.ts';
import { messagebird } from './messagebird.ts';
import { plivo } from './plivo.ts';
import type { ChannelIdentity, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { simulator } from './simulator.ts';
import { sinch } from './sinch.ts';
import { smpp } from './smpp.ts';
import { telnyx } from './telnyx.ts';
import { twilio } from './twilio.ts';
import { vonage } from './vonage.ts';

/** A provider as the configuration and the composition root see it: its options are whatever its schema lets pass. */
export interface RegisteredProvider {
  /** Validates the channel's own keys and fills in defaults; `create` takes what it gives. */
  readonly options: ObjectSchema;
  /** True when nobody calls us: see `ProviderDefinition`. */
  readonly hasNoWebhook: boolean;
  /** @throws TypeError when the options did not go through the schema; the message names paths, never values. */
  create(channel: ChannelIdentity, options: unknown, neighbours: Neighbours): Provider;
}

/** Every provider that a channel may name. */
export const PROVIDERS = {
  twilio: register(twilio),
  vonage: register(vonage),
  telnyx: register(telnyx),
  plivo: register(plivo),
  infobip: register(infobip),
  sinch: register(sinch),
  messagebird: register(messagebird),
  'africas-talking': register(africasTalking),
  kannel: register(kannel),
  jasmin: register(jasmin),
  http: register(http),
  smpp: register(smpp),
  simulator: register(simulator),
} as const satisfies Record<string, RegisteredProvider>;

/** A provider's name as it stands in `cardwake.yaml`. */
export type ProviderName = keyof typeof PROVIDERS;

/** True of a name that has a provider. */
export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(PROVIDERS, name);
}

/** Parses the options once more: that makes `unknown` into the type that the provider asks for, without a cast. */
function register<Options>(definition: ProviderDefinition<Options>): RegisteredProvider {
  return {
    options: definition.options,
    hasNoWebhook: definition.hasNoWebhook ?? false,
    create(channel, options, neighbours) {
      const { value, error } = definition.options.validate(options);
      if (error === undefined) return definition.create(channel, value, neighbours);
      const paths = error.details.map(({ path }) => path.join('.')).join(', ');
      throw new TypeError(`options of channel ${channel.key} are not validated: ${paths}`);
    },
  };
}
