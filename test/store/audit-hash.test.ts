import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ChainLink, GENESIS, linkHash } from '../../src/store/audit-hash.ts';

const LINK: ChainLink = {
  position: '1',
  sealed_at: '2026-01-31T23:59:59.123456Z',
  id: '7',
  txid: '845',
  at: '2026-01-31T23:59:58.000001Z',
  program: 'клуб',
  actor: 'operator:سارا',
  action: 'binding.opened',
  card: '2700000000017',
  phone_mark: null,
  before: null,
  after: '{"proof": "sms", "note": "🎉"}',
};

describe('the hash of a link of the audit chain', () => {
  it('is over the bytes that its description names', () => {
    const fields = Object.values(LINK) as (string | null)[];
    const spelled = fields.map((value) => {
      if (value === null) return Buffer.of(0);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(value));
      return Buffer.concat([Buffer.of(1), length, Buffer.from(value)]);
    });
    const expected = createHash('sha256').update(Buffer.concat([GENESIS, ...spelled]));
    assert.equal(linkHash(GENESIS, LINK).toString('hex'), expected.digest('hex'));
  });

  it('never changes: chains that were sealed long ago are verified by it', () => {
    assert.equal(
      linkHash(GENESIS, LINK).toString('hex'),
      '14f83f0fdca2a7dba58e878db5bf354836fe0ab2ac81c0e85d30e77d00991f4e',
    );
  });

  it('tells an empty text from none, and a text from its neighbour', () => {
    const hashes = [LINK, { ...LINK, before: '' }, { ...LINK, action: 'binding.opened2', card: '700000000017' }].map(
      (link) => linkHash(GENESIS, link).toString('hex'),
    );
    assert.equal(new Set(hashes).size, 3);
  });
});
