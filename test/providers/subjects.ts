import type { ProviderName } from '../../src/providers/registry.ts';
import { signSimulated } from '../../src/providers/simulator.ts';
import { signAsTwilio } from '../support/sign-as-twilio.ts';

/** What the contract has to know of a provider. Its recorded calls lie in `fixtures/<name>/`, one file each. */
export interface Subject {
  /** Valid options, as they stand in the configuration; their secret is the one that the recorded calls are signed with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The option that holds the secret. */
  readonly secretOption: string;
  /** The same options while secrets are rotated; absent when the provider knows a single secret. */
  readonly rotating?: Readonly<Record<string, unknown>>;
  /** The headers without which a call is forged. */
  readonly signatureHeaders: readonly string[];
  /** Those headers for a call signed with another secret, not made by the code under test where that can be helped. */
  sign(call: {
    readonly url: string;
    readonly body: string;
    readonly secret: string;
  }): Readonly<Record<string, string>>;
}

/** Every provider of the registry, or this file does not compile. */
export const SUBJECTS: Readonly<Record<ProviderName, Subject>> = {
  twilio: {
    options: {
      accountSid: 'AC00000000000000000000000000000001',
      authToken: 'current-token-of-the-fixtures',
      apiBaseUrl: 'http://127.0.0.1:1',
    },
    secretOption: 'authToken',
    rotating: {
      accountSid: 'AC00000000000000000000000000000001',
      authToken: ['next-token', 'current-token-of-the-fixtures'],
      apiBaseUrl: 'http://127.0.0.1:1',
    },
    signatureHeaders: ['x-twilio-signature'],
    sign: ({ url, body, secret }) => ({ 'x-twilio-signature': signAsTwilio(secret, url, new URLSearchParams(body)) }),
  },
  simulator: {
    options: { secret: 'secret-of-the-fixtures' },
    secretOption: 'secret',
    signatureHeaders: ['x-cardwake-signature'],
    sign: ({ body, secret }) => ({ 'x-cardwake-signature': signSimulated(secret, body) }),
  },
};
