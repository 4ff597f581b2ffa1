import type { ChannelIdentity, Provider } from '../../src/providers/provider.ts';
import { PROVIDERS, type ProviderName } from '../../src/providers/registry.ts';
import { type ApiPlan, type FakeApi, startFakeApi } from '../support/fake-api.ts';
import { channelOf } from './call.ts';

/** An API for each test of a suite, and what is made to call it. */
export interface FreshApi {
  /** That of the test that runs; closed after it. */
  readonly api: Omit<FakeApi, 'close'>;
  /** A provider that calls it; closed after the test. `now` is the real time unless told. */
  readonly create: (
    provider: ProviderName,
    options: Readonly<Record<string, unknown>>,
    more?: { readonly now?: () => number; readonly channel?: ChannelIdentity },
  ) => Provider;
}

/** To be called in a `describe`: starts an API before each of its tests; `otherwise` answers requests without a plan. */
export function freshApi(otherwise?: ApiPlan): FreshApi {
  let current: FakeApi;
  let providers: Provider[] = [];
  beforeEach(async () => {
    current = await startFakeApi(otherwise);
    providers = [];
  });
  afterEach(async () => {
    await Promise.all(providers.map((provider) => provider.close()));
    await current.close();
  });
  return {
    api: {
      get origin() {
        return current.origin;
      },
      get seen() {
        return current.seen;
      },
      plan: (...plans) => current.plan(...plans),
      always: (plan) => current.always(plan),
      refuse: () => current.refuse(),
    },
    create(name, options, { now = Date.now, channel = channelOf(name) } = {}) {
      const all = { apiBaseUrl: current.origin, ...options };
      const provider = PROVIDERS[name].create(channel, all, { now });
      providers.push(provider);
      return provider;
    },
  };
}
