import assert from 'node:assert/strict';
import type { Provider, ProviderRequest, UnansweredSend } from '../../src/providers/provider.ts';
import { rehearsalId, rehearse } from '../../src/providers/rehearsal.ts';
import { parseMsisdn } from '../../src/sms/msisdn.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';

const to = parseMsisdn('+79161234567') ?? assert.fail();
const MT: UnansweredSend = { replyId: '7', from: '1234', to, text: 'Карта', attemptedAt: new Date(0) };
const CALL: ProviderRequest = {
  method: 'GET',
  url: 'https://sms.example.com/webhooks/next?a=1',
  headers: {},
  body: Buffer.alloc(0),
  remoteAddress: '192.0.2.1',
};

describe('a provider in rehearsal', () => {
  it('is handed nothing, and accepts all', async () => {
    const provider = scriptedProvider(accept);
    const rehearsed = rehearse(provider);
    const outcomes = [
      await rehearsed.send(MT, new AbortController().signal),
      await rehearsed.send(MT, new AbortController().signal),
    ];
    const ids = outcomes.map((outcome) => (outcome.kind === 'accepted' ? outcome.providerMessageId : ''));
    assert.ok(
      ids.every((id) => /^rehearsal-[\da-f-]{36}$/.test(id)),
      String(ids),
    );
    assert.notEqual(ids[0], ids[1]);
    assert.deepEqual(provider.handed, []);
  });

  it('calls a send off that was told to stop', async () => {
    const outcome = await rehearse(scriptedProvider(accept)).send(MT, AbortSignal.abort());
    assert.deepEqual(outcome, { kind: 'transient', code: 'aborted' });
  });

  it('opens no session, and asks nobody what became of a send', () => {
    const provider: Provider = {
      ...scriptedProvider(accept, () => assert.fail('asked')),
      sessions: { run: () => assert.fail('ran'), states: () => [], canSend: () => false },
    };
    const rehearsed = rehearse(provider);
    assert.deepEqual(Object.keys(rehearsed), ['receive', 'send', 'check', 'close']);
  });

  it('judges calls, proves credentials and closes as it does when live', async () => {
    const asked: unknown[] = [];
    const provider: Provider = {
      ...scriptedProvider(accept),
      methods: ['GET'],
      receive: (request) => {
        asked.push(request);
        return { kind: 'forged', reason: 'no signature' };
      },
      check: () => Promise.resolve({ kind: 'failed', advice: 'rotate the token' }),
      close: async () => void asked.push('close'),
    };
    const rehearsed = rehearse(provider);
    assert.deepEqual(rehearsed.methods, ['GET']);
    assert.deepEqual(rehearsed.receive(CALL), { kind: 'forged', reason: 'no signature' });
    assert.deepEqual(await rehearsed.check(), { kind: 'failed', advice: 'rotate the token' });
    await rehearsed.close();
    assert.deepEqual(asked, [CALL, 'close']);
    assert.equal(rehearse(scriptedProvider(accept)).methods, undefined);
  });
});

describe('the id of a rehearsed SMS', () => {
  it('begins with the word, once', () => {
    assert.equal(rehearsalId('page-1'), 'rehearsal-page-1');
    assert.equal(rehearsalId(rehearsalId('page-1')), 'rehearsal-page-1');
    assert.notEqual(rehearsalId(), rehearsalId());
  });
});
