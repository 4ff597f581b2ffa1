import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFromSource, sourceAddresses } from '../../src/providers/source-addresses.ts';

describe('source addresses', () => {
  const cases: readonly [address: string, sources: readonly string[] | undefined, isFrom: boolean][] = [
    ['203.0.113.7', undefined, true],
    ['', undefined, true],
    ['203.0.113.7', ['203.0.113.7'], true],
    ['203.0.113.8', ['203.0.113.7'], false],
    ['203.0.113.8', ['203.0.113.7', '203.0.113.8'], true],
    ['::ffff:203.0.113.7', ['203.0.113.7'], true],
    ['::ffff:cb00:7107', ['203.0.113.7'], true],
    ['203.0.113.7', ['::ffff:203.0.113.7'], true],
    ['10.255.0.1', ['10.0.0.0/8'], true],
    ['11.0.0.1', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['10.0.0.1', ['0.0.0.0/0'], true],
    ['fd00::1', ['0.0.0.0/0'], false],
    ['10.0.0.1', ['::/0'], false],
    ['fd00:1::7', ['fd00::/8'], true],
    ['FD00:0001:0:0:0:0:0:7', ['fd00:1::7'], true],
    ['fe80::1%eth0', ['fe80::1'], true],
    ['', ['0.0.0.0/0'], false],
    ['unknown', ['0.0.0.0/0'], false],
    ['0x7f.1', ['127.0.0.1'], false],
    ['2130706433', ['127.0.0.1'], false],
    ['127.0.0.1', [], false],
  ];
  for (const [address, sources, isFrom] of cases) {
    it(`a call from "${address}" is ${isFrom ? '' : 'not '}from ${sources?.join(' or ') ?? 'anywhere'}`, () => {
      assert.equal(isFromSource(address, sources), isFrom);
    });
  }

  it('never throw, whatever the peer is called', () => {
    fc.assert(fc.property(fc.string(), (address) => assert.equal(isFromSource(address, ['10.0.0.1']), false)));
  });

  const options: readonly [source: unknown, isGood: boolean][] = [
    ['203.0.113.7', true],
    [['203.0.113.0/24', 'fd00::/8'], true],
    ['::1', true],
    ['::/0', true],
    [[], false],
    ['', false],
    ['203.0.113', false],
    ['203.0.113.7/33', false],
    ['203.0.113.7/', false],
    ['203.0.113.7/8/8', false],
    ['::/129', false],
    ['::ffff:10.0.0.0/104', false],
    ['010.0.0.1', false],
    ['gateway.example', false],
    [7, false],
  ];
  for (const [source, isGood] of options) {
    it(`${JSON.stringify(source)} ${isGood ? 'can' : 'cannot'} be configured`, () => {
      assert.equal(sourceAddresses('the provider').validate(source).error === undefined, isGood);
    });
  }
});
