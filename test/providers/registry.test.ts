import assert from 'node:assert/strict';
import { isProviderName, PROVIDERS } from '../../src/providers/registry.ts';

describe('the registry of providers', () => {
  it('knows a provider by its own name only', () => {
    assert.deepEqual(['twilio', 'simulator', 'Twilio', '', 'toString', '__proto__'].filter(isProviderName), [
      'twilio',
      'simulator',
    ]);
  });

  it('says which options were not validated, and never what they hold', () => {
    const channel = { key: 'main', webhookUrl: 'https://sms.example.com/webhooks/main', addresses: ['2420'] };
    const create = () => PROVIDERS.twilio.create(channel, { accountSid: 'hidden' }, { now: Date.now });
    assert.throws(create, (error: Error) => {
      assert.match(error.message, /channel main.*accountSid/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });
});
