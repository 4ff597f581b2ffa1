import joi, { type BooleanSchema, type CustomHelpers, type StringSchema } from 'joi';
import { isAnyOrigin, isOrigin } from './origin.ts';

/** Where a gateway of one's own is called. */
export interface GatewayUrl {
  readonly apiBaseUrl: string;
  readonly plainHttp: boolean;
}

/**
 * The keys `plainHttp` and `apiBaseUrl` of a gateway that one runs oneself. Such gateways mostly speak plain HTTP inside a
 * private network; that the network is private nobody can see from a host's name, so it takes the operator's word:
 * without `plainHttp: true` plain HTTP goes to this machine only.
 */
export function gatewayUrl(standard: string, who: string) {
  return {
    // Above the key that asks for it: joi reads keys in this order.
    plainHttp: plainHttp(who),
    apiBaseUrl: gatewayBaseUrl(`Where ${who} listens for sends: scheme, host and port.`).default(standard),
  };
}

/** The schema of the key `plainHttp` alone. It has to stand above `apiBaseUrl`. */
export function plainHttp(who: string): BooleanSchema {
  return joi
    .boolean()
    .default(false)
    .description(
      `Calls ${who} over plain HTTP on another machine too. The password and every reply then cross the network for all to read: only inside a network that is yours alone.`,
    );
}

/** The schema of the key `apiBaseUrl` alone, without a default. */
export function gatewayBaseUrl(description: string): StringSchema {
  return joi.string().custom(checkUrl).description(description).messages({
    'any.invalid':
      '{{#label}} must be https:// and a host, or http:// and this machine, or any http:// host with plainHttp: true',
  });
}

function checkUrl(value: string, { error, state }: CustomHelpers<string>) {
  const [beside] = state.ancestors as readonly [Partial<GatewayUrl>];
  return (beside.plainHttp === true ? isAnyOrigin(value) : isOrigin(value)) ? value : error('any.invalid');
}
