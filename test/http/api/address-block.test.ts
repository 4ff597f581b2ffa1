import assert from 'node:assert/strict';
import { addressBlock } from '../../../src/http/api/address-block.ts';

const CASES = [
  ['192.0.2.77', '192.0.2.0/24'],
  ['192.0.2.255', '192.0.2.0/24'],
  ['192.0.3.1', '192.0.3.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/56'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1::/56'],
  ['2001:db8:1:103::1', '2001:db8:1:100::/56'],
  ['fe80::1%eth0', 'fe80::/56'],
  ['::1', '::/56'],
  ['', undefined],
  ['shop.example', undefined],
] as const;

describe('addressBlock', () => {
  for (const [address, block] of CASES) {
    it(`takes ${address || 'nothing'} for ${block ?? 'no block'}`, () => {
      assert.equal(addressBlock(address), block);
    });
  }
});
