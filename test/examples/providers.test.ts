import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { loadSettings, PACKAGE_ROOT } from '../../src/config.ts';
import type {
  CredentialCheck,
  Provider,
  ProviderRequest,
  Received,
  SendOutcome,
} from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import { parseMsisdn } from '../../src/sms/msisdn.ts';
import { type FakeApi, startFakeApi } from '../support/fake-api.ts';

type Fields = Readonly<Record<string, string>>;

interface Example {
  readonly variables: Fields;
  readonly channel: string;
  readonly address: string;
  readonly phone: string;
  readonly calls: readonly {
    readonly about: string;
    readonly query?: Fields;
    readonly form?: Fields;
    readonly received?: Received;
    readonly unreadable?: string;
    readonly forged?: string;
  }[];
  readonly request: { readonly method: string; readonly path: string; readonly form: Fields };
  readonly answers: readonly { readonly status: number; readonly body: string; readonly outcome: SendOutcome }[];
  readonly checks: readonly {
    readonly status: number;
    readonly body: string;
    readonly kind: CredentialCheck['kind'];
  }[];
}

const FOLDER = join(PACKAGE_ROOT, 'examples/providers');
const EXAMPLES = parse(readFileSync(join(import.meta.dirname, 'providers.cases.yaml'), 'utf8')) as Readonly<
  Record<string, Example>
>;

describe('examples/providers', () => {
  it('are all run here', () => {
    const files = readdirSync(FOLDER).map((file) => basename(file, '.yaml'));
    assert.deepEqual(files.toSorted(), Object.keys(EXAMPLES).toSorted());
  });

  for (const [name, example] of Object.entries(EXAMPLES)) describe(`${name}.yaml`, () => runs(name, example));
});

function runs(name: string, example: Example): void {
  let api: FakeApi;
  let provider: Provider;
  const file = join(FOLDER, `${name}.yaml`);
  const channel = () => {
    const declared = loadSettings(example.variables, { file }).channels.get(example.channel);
    return declared ?? assert.fail('no such channel');
  };
  before(async () => {
    api = await startFakeApi();
    const options = { ...(channel().options as object), apiBaseUrl: api.origin };
    provider = PROVIDERS.http.create(channel(), options, { now: () => Date.UTC(2026, 10, 21) });
  });
  after(async () => {
    await provider.close();
    await api.close();
  });

  it('is a whole configuration, and says what was verified and what was not', () => {
    assert.equal(channel().provider, 'http');
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^# Verified/m);
    assert.match(text, /^# Not verified/m);
  });

  for (const { about, query, form, received, unreadable, forged } of example.calls) {
    it(`${about}: ${forged === undefined ? (received?.kind ?? 'unreadable') : 'forged'}`, () => {
      const reception = provider.receive(callOf(channel().webhookUrl, query, form));
      if (forged !== undefined) return assert.deepEqual(reception, { kind: 'forged', reason: forged });
      const [one, ...more] = reception.kind === 'authentic' ? reception.received : [];
      assert.equal(more.length, 0);
      if (received !== undefined) assert.deepEqual(one, received);
      else assert.equal(one?.kind === 'unreadable' && one.reason, unreadable);
    });
  }

  for (const { status, body, outcome } of example.answers) {
    it(`an answer of ${status} ${body.slice(0, 40)} means ${outcome.kind}`, async () => {
      api.plan({ status, body });
      assert.deepEqual(await provider.send(smsOf(example), new AbortController().signal), outcome);
      const { method, path, body: asked } = api.seen.at(-1) ?? assert.fail('no request');
      assert.deepEqual({ method, path, form: Object.fromEntries(new URLSearchParams(asked)) }, example.request);
    });
  }

  for (const { status, body, kind } of example.checks) {
    it(`a check that is answered ${status} ${body.slice(0, 40)} is ${kind}`, async () => {
      api.plan({ status, body });
      assert.equal((await provider.check()).kind, kind);
    });
  }
}

function smsOf({ phone, address }: Example): MobileTerminated {
  const to = parseMsisdn(phone) ?? assert.fail('no phone');
  return { replyId: '42', from: address, to, text: 'Карта активна 😀' };
}

/** A GET, or a POST of the form when there is one. */
function callOf(webhookUrl: string, query: Fields | undefined, form: Fields | undefined): ProviderRequest {
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  return {
    method: form === undefined ? 'GET' : 'POST',
    url: webhookUrl + search,
    headers: form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form === undefined ? '' : new URLSearchParams(form).toString()),
    remoteAddress: '203.0.113.7',
  };
}
