import assert from 'node:assert/strict';
import { isProviderId } from '../../src/providers/ids.ts';
import type { CredentialCheck, Provider, SendOutcome } from '../../src/providers/provider.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type ApiPlan, type FakeApi, startFakeApi } from '../support/fake-api.ts';
import { describeEach, digits, type Kept, secretOf } from './kept-by.ts';
import type { ApiAnswer, SpokenApi } from './subject.ts';

const REPLY: MobileTerminated = {
  // Beyond what a double holds: an id that went through a number would come back another.
  replyId: '9007199254740993',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта •••• 3456 активна ✓ 100% & more 😀',
};
const PROVIDER_MESSAGE_ID = '5f1c0c1e-7d4a-4b7e-9a51-0d3c7f6e0b02';
const GARBAGE: readonly ApiAnswer[] = [
  { status: 200, body: '' },
  { status: 200, body: '<html>welcome</html>', headers: { 'content-type': 'text/html' } },
  { status: 201, body: '{"messages":[]}', headers: { 'content-type': 'application/json' } },
  { status: 200, body: '[null]', headers: { 'content-type': 'application/json' } },
  { status: 200, body: `{"id":"${'x'.repeat(100_000)}"}`, headers: { 'content-type': 'application/json' } },
  { status: 307, body: '', headers: { location: '/elsewhere' } },
];

describeEach('an SMS leaves', (kept) => {
  const { api } = kept.subject;
  if (api === undefined) {
    it('a send that is called off before it leaves is transient: it is safe to repeat', async () => {
      assert.deepEqual(await kept.create().send(REPLY, AbortSignal.abort()), { kind: 'transient', code: 'aborted' });
    });
    return;
  }
  const fake = fakeFor(kept, api);
  describe('what is asked of the API', () => requests(kept, api, fake));
  describe('what its answer means', () => outcomes(kept, api, fake));
  describe('a look-up, where there is one', () => lookUps(fake));
  describe('the check of credentials', () => checks(kept, api, fake));
});

/** The API of each test, and the provider that calls it. */
interface Fake {
  readonly api: () => FakeApi;
  readonly provider: (timeoutMs?: number) => Provider;
  /** What comes of one send when the API behaves like this. */
  readonly send: (plan: ApiPlan, message?: MobileTerminated) => Promise<SendOutcome>;
}

const PATIENCE_MS = 10_000;
/** For a test in which an answer never comes. */
const IMPATIENCE_MS = 250;

function fakeFor({ subject, create }: Kept, spoken: SpokenApi): Fake {
  let api: FakeApi;
  let providers: Provider[];
  beforeEach(async () => {
    api = await startFakeApi();
    providers = [];
  });
  afterEach(async () => {
    await api.close();
    await Promise.all(providers.map((provider) => provider.close()));
  });
  const provider = (requestTimeoutMs = PATIENCE_MS) => {
    const made = create({ ...subject.options, ...spoken.at(api.origin), requestTimeoutMs });
    providers.push(made);
    return made;
  };
  return {
    api: () => api,
    provider,
    send(plan, message = REPLY) {
      api.plan(plan);
      return provider(plan === 'silence' ? IMPATIENCE_MS : PATIENCE_MS).send(message, new AbortController().signal);
    },
  };
}

function requests(kept: Kept, { read, accepted }: SpokenApi, { api, send }: Fake): void {
  const texts: readonly [about: string, text: string][] = [
    ['Cyrillic, signs and an emoji', REPLY.text],
    ['Persian', 'کارت شما فعال شد ۳۴۵۶'],
    ['letters of GSM-7 alone', 'Card *3456 is active: 100% [yes] {no} ~ €5 & "more" <b>'],
    ['several lines', 'Привет!\nКарта активна.'],
    ['a text of several segments', `${'Карта активна. '.repeat(20)}😀`],
  ];
  for (const [about, text] of texts) {
    it(`${about}: one request, to that phone, from that address, with that text`, async () => {
      const outcome = await send(accepted(PROVIDER_MESSAGE_ID, REPLY.to), { ...REPLY, text });
      assert.equal(outcome.kind, 'accepted');
      assert.equal(api().seen.length, 1);
      const [asked] = api().seen.map(read);
      assert.notEqual(asked, undefined, 'the API would not have taken this request for an SMS');
      assert.deepEqual(
        [digits(asked?.from ?? ''), digits(asked?.to ?? ''), asked?.text],
        [digits(REPLY.from), digits(REPLY.to), text],
      );
    });
  }

  it('a reply to a short code leaves from that short code', async () => {
    await send(accepted(PROVIDER_MESSAGE_ID, REPLY.to), { ...REPLY, from: '2420' });
    assert.equal(digits(api().seen.map(read)[0]?.from ?? ''), '2420');
  });

  it('our reply id goes with it, but for a provider that never gives it back', async () => {
    await send(accepted(PROVIDER_MESSAGE_ID, REPLY.to));
    const isWith = JSON.stringify(api().seen).includes(REPLY.replyId);
    assert.equal(isWith, kept.subject.skips['reply id in receipts'] === undefined);
  });

  it('many at once are one request each', async () => {
    const texts = Array.from({ length: 50 }, (_, n) => `Карта ${n}`);
    await Promise.all(texts.map((text) => send(accepted(PROVIDER_MESSAGE_ID, REPLY.to), { ...REPLY, text })));
    const asked = api().seen.map((request) => read(request)?.text ?? '');
    assert.deepEqual(asked.toSorted(), texts.toSorted());
  });
}

function outcomes(kept: Kept, spoken: SpokenApi, { api, provider, send }: Fake): void {
  const kindOf = async (plan: ApiPlan) => {
    const outcome = await send(plan);
    if ('code' in outcome) assertHarmless(kept, outcome.code);
    assert.equal(api().seen.length, 1, 'a send is one request, whatever comes of it');
    return outcome.kind;
  };

  it('accepted, with the id by which its receipts will come', async () => {
    const outcome = await send(spoken.accepted(PROVIDER_MESSAGE_ID, REPLY.to));
    assert.equal(outcome.kind, 'accepted');
    const id = outcome.kind === 'accepted' ? outcome.providerMessageId : '';
    assert.ok(isProviderId(id));
    if (kept.subject.skips['reply id in receipts'] !== undefined) assert.equal(id, PROVIDER_MESSAGE_ID);
  });

  kept.row('throttled', spoken.throttled, (answer) => {
    it('throttled: wait, and a second at least', async () => {
      const outcome = await send(answer);
      assert.equal(outcome.kind, 'throttled');
      assert.ok(outcome.kind === 'throttled' && outcome.retryAfterMs >= 1_000);
      assert.equal(api().seen.length, 1);
    });
  });
  it('transient: it was surely not taken', async () => assert.equal(await kindOf(spoken.transient), 'transient'));
  it('rejected: it never will be, and nobody has opted out', async () => {
    const outcome = await send(spoken.rejected);
    assert.equal(outcome.kind === 'rejected' && outcome.isOptOut, false, JSON.stringify(outcome));
  });
  kept.row('opted out', spoken.optedOut, (answer) => {
    it('rejected because the recipient has opted out', async () => {
      const outcome = await send(answer);
      assert.equal(outcome.kind === 'rejected' && outcome.isOptOut, true, JSON.stringify(outcome));
    });
  });
  it('unknown: it may have been taken', async () => assert.equal(await kindOf(spoken.unknown), 'unknown'));

  describe('unknown, because the request left and', () => {
    it('nothing came back', async () => assert.equal(await kindOf('silence'), 'unknown'));
    it('the connection was cut', async () => assert.equal(await kindOf('cut'), 'unknown'));
    it('the answer was cut in its middle', async () => assert.equal(await kindOf('cut answer'), 'unknown'));
    for (const [index, garbage] of GARBAGE.entries()) {
      it(`a success came that cannot be read: ${garbage.body.slice(0, 20) || garbage.status} (${index + 1})`, async () => {
        assert.equal(await kindOf(garbage), 'unknown');
      });
    }
  });

  it('transient when the connection is refused: nothing left', async () => {
    await api().refuse();
    assert.equal((await send({ status: 200, body: '' })).kind, 'transient');
  });

  it('transient when it is called off before it leaves, and no request is made', async () => {
    const outcome = await provider().send(REPLY, AbortSignal.abort());
    assert.deepEqual(outcome, { kind: 'transient', code: 'aborted' });
    assert.equal(api().seen.length, 0);
  });

  it('a refused request leaves the provider whole: the next is accepted', async () => {
    const one = provider();
    for (const plan of ['cut', spoken.unknown, spoken.rejected] as const) {
      api().plan(plan);
      await one.send(REPLY, new AbortController().signal);
    }
    api().plan(spoken.accepted(PROVIDER_MESSAGE_ID, REPLY.to));
    assert.equal((await one.send(REPLY, new AbortController().signal)).kind, 'accepted');
  });
}

/** Whatever the API does when nobody knows what it means. */
const SENSELESS: readonly [about: string, ApiPlan][] = [
  ['silence', 'silence'],
  ['a cut connection', 'cut'],
  ['half an answer', 'cut answer'],
  ['an error of its own', { status: 500, body: 'oops' }],
  ['refused credentials', { status: 401, body: '{"error":"unauthorized"}' }],
  ['an address that does not exist', { status: 404, body: '<html>not found</html>' }],
  ...GARBAGE.map((answer): [string, ApiPlan] => [`${answer.status} ${answer.body.slice(0, 20)}`, answer]),
];

function lookUps({ api, provider }: Fake): void {
  const unanswered = { ...REPLY, attemptedAt: new Date(0) };
  /** What a provider without look-ups cannot tell is as unclear. */
  const ask = async (one: Provider) =>
    (await one.lookup?.(unanswered, new AbortController().signal)) ?? { kind: 'unclear' };

  it('tells nothing from an answer that makes no sense, and least of all that the SMS may be sent again', async () => {
    for (const [about, plan] of SENSELESS) {
      api().always(plan);
      assert.equal((await ask(provider(IMPATIENCE_MS))).kind, 'unclear', about);
    }
  });
  it('tells nothing when nobody is there', async () => {
    await api().refuse();
    assert.equal((await ask(provider())).kind, 'unclear');
  });
}

function checks(kept: Kept, { read }: SpokenApi, { api, provider }: Fake): void {
  const adviceOf = (check: CredentialCheck) =>
    check.kind === 'failed' ? check.advice : (check.warnings ?? []).join(' ');

  it('fails with advice when nobody is there', async () => {
    await api().refuse();
    const check = await provider().check();
    assert.equal(check.kind, 'failed');
    assertHarmless(kept, adviceOf(check));
  });

  it('ends in a verdict whatever the API answers, without sending anything or showing a secret', async () => {
    for (const [about, plan] of SENSELESS) {
      const one = provider(IMPATIENCE_MS);
      const before = api().seen.length;
      api().always(plan);
      const check = await one.check();
      assert.ok(check.kind === 'ok' || check.advice.length > 0, about);
      assertHarmless(kept, adviceOf(check));
      assert.deepEqual(
        api()
          .seen.slice(before)
          .flatMap((request) => read(request) ?? []),
        [],
      );
    }
  });

  it('fails when the credentials are refused', async () => {
    api().always({ status: 401, body: '{"error":"unauthorized"}' });
    assert.equal((await provider().check()).kind, 'failed');
  });
}

/** What is logged holds neither a secret nor a phone nor a text. */
function assertHarmless({ subject }: Kept, told: string): void {
  for (const secret of [secretOf(subject), REPLY.to.slice(1), REPLY.text]) {
    assert.ok(!told.includes(secret), 'what is told would be logged');
  }
}
