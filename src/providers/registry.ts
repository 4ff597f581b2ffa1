import type { ObjectSchema } from 'joi';
import type { ChannelIdentity, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { simulator } from './simulator.ts';
import { twilio } from './twilio.ts';

/** A provider as the configuration and the composition root see it: its options are whatever its schema lets pass. */
export interface RegisteredProvider {
  /** Validates the channel's own keys and fills in defaults; `create` takes what it gives. */
  readonly options: ObjectSchema;
  /** @throws TypeError when the options did not go through the schema; the message names paths, never values. */
  create(channel: ChannelIdentity, options: unknown, neighbours: Neighbours): Provider;
}

/** Every provider that a channel may name. */
export const PROVIDERS = {
  twilio: register(twilio),
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
    create(channel, options, neighbours) {
      const { value, error } = definition.options.validate(options);
      if (error === undefined) return definition.create(channel, value, neighbours);
      const paths = error.details.map(({ path }) => path.join('.')).join(', ');
      throw new TypeError(`options of channel ${channel.key} are not validated: ${paths}`);
    },
  };
}
