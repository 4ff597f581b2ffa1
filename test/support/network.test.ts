import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fetch } from 'undici';
import { afterEachTestNoOutsideCalls } from './network.ts';

const blocked = /tried to connect to another machine/;

describe('the network outside', () => {
  it('is closed to sockets, and the test that tried fails', async () => {
    const [error] = (await once(connect(443, '203.0.113.7'), 'error', {}).catch((reason) => [reason])) as [Error];
    assert.match(error.message, /closed in tests: 203\.0\.113\.7/);
    assert.throws(afterEachTestNoOutsideCalls, blocked);
  });

  it('is closed to both kinds of fetch, by name', async () => {
    await assert.rejects(fetch('https://api.example.com/'));
    assert.throws(afterEachTestNoOutsideCalls, blocked);
    await assert.rejects(globalThis.fetch('http://api.example.com/'));
    assert.throws(afterEachTestNoOutsideCalls, blocked);
  });
});
