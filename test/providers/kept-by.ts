import assert from 'node:assert/strict';
import type { Provider, ProviderRequest, Received, Reception } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { channelOf, requestOf } from './call.ts';
import { RECORDED_AT, type Recorded, recordedCalls } from './recorded.ts';
import type { ContractRow, SpokenMessage, SpokenReceipt, Subject, UnsignedCall } from './subject.ts';
import { type CalledProvider, SUBJECTS } from './subjects.ts';

/** When all calls of the contract happen unless they say otherwise, in ms since 1970. */
export const NOW = RECORDED_AT;

/** An SMS as the contract has providers tell it. */
export const SPOKEN: SpokenMessage = {
  id: '5f1c0c1e-7d4a-4b7e-9a51-0d3c7f6e0a01',
  from: '+79160000567',
  to: '+79160000500',
  text: 'Карта № 9643 0012 3456 3456, спасибо 😀',
};

/** A receipt as the contract has providers tell it. */
export const SPOKEN_RECEIPT: SpokenReceipt = {
  replyId: '42',
  providerMessageId: '5f1c0c1e-7d4a-4b7e-9a51-0d3c7f6e0b02',
  status: 'delivered',
  to: '+79160000567',
};

/** One provider and what the contract does with it. */
export interface Kept {
  readonly name: CalledProvider;
  readonly subject: Subject;
  readonly recorded: readonly Recorded[];
  /** Makes the provider for its channel, with its clock at `NOW`; closed when the suite ends. */
  readonly create: (options?: unknown) => Provider;
  /** Has the provider, as its subject's options make it, judge a call that comes at `at`. */
  readonly receive: (request: ProviderRequest, at?: number) => Reception;
  /** What an authentic call tells; fails when it is forged. */
  readonly read: (request: ProviderRequest, at?: number) => readonly Received[];
  /** The call on its way to the channel's webhook, signed with the channel's secret. */
  readonly signed: (call: UnsignedCall, at?: number) => ProviderRequest;
  /** Signs a call anew, for when it was changed. */
  readonly resign: (request: ProviderRequest, at?: number) => ProviderRequest;
  /**
   * A row of the contract, where the subject does not skip it. `has` is what the subject brings for it: a subject that
   * brings nothing and does not skip the row either fails.
   */
  readonly row: <Has>(row: ContractRow, has: Has | undefined, test: (has: Has) => void) => void;
}

/** One `describe` for every provider of the registry that calls us over HTTP. */
export function describeEach(promise: string, rows: (kept: Kept) => void): void {
  for (const name of Object.keys(SUBJECTS) as CalledProvider[]) {
    describe(`the contract, kept by ${name}: ${promise}`, () => rows(keptBy(name)));
  }
}

function keptBy(name: CalledProvider): Kept {
  const subject = SUBJECTS[name];
  const providers: Provider[] = [];
  const clock = { now: NOW };
  after(() => Promise.all(providers.map((each) => each.close())));
  const create = (options: unknown = subject.options): Provider => {
    const provider = PROVIDERS[name].create(channelOf(name), options, { now: () => clock.now });
    providers.push(provider);
    return provider;
  };
  let provider: Provider | undefined;
  const receive = (request: ProviderRequest, at = NOW) => {
    // Not before the first test: a provider that cannot be made must fail its own tests and no others.
    provider ??= create();
    clock.now = at;
    const reception = provider.receive(request);
    clock.now = NOW;
    return reception;
  };
  const resign = (request: ProviderRequest, at = NOW) => subject.sign(request, secretOf(subject), at);
  return {
    name,
    subject,
    recorded: recordedCalls(name),
    create,
    receive,
    read(request, at) {
      const reception = receive(request, at);
      if (reception.kind === 'forged') assert.fail(`forged: ${reception.reason}`);
      return reception.received;
    },
    signed: (call, at) => resign(requestOf(name, call), at),
    resign,
    row(row, has, test) {
      if (subject.skips[row] !== undefined) return;
      if (has !== undefined) return test(has);
      it(row, () => assert.fail(`the subject neither brings what "${row}" takes nor says why it skips it`));
    },
  };
}

/** The secret that the subject's options hold; the first, when they hold a list. */
export function secretOf({ options, secretOption }: Subject): string {
  return String([options[secretOption]].flat()[0]);
}

/** A sender or an address without the plus, which many providers leave out. */
export function digits(address: string): string {
  return address.replace(/^\+/, '');
}
