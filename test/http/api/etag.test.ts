import assert from 'node:assert/strict';
import { entityTag, versionedTag, versionOfTag } from '../../../src/http/api/etag.ts';

describe('ETags', () => {
  it('are the same for the same answer and others for any other', () => {
    assert.equal(entityTag({ a: 1 }), entityTag({ a: 1 }));
    assert.notEqual(entityTag({ a: 1 }), entityTag({ a: 2 }));
    assert.match(entityTag({}), /^"[\w-]{22}"$/);
  });

  it('of a version change with the version and with the answer, and name the version', () => {
    const tags = [versionedTag(1, { a: 1 }), versionedTag(2, { a: 1 }), versionedTag(2, { a: 2 })];
    assert.equal(new Set(tags).size, 3);
    assert.deepEqual(tags.map(versionOfTag), [1, 2, 2]);
  });

  const TABLE = [
    ['"7"', 7],
    [' "7" ', 7],
    ['7', undefined],
    ['*', undefined],
    ['W/"7"', undefined],
    ['"7", "8"', undefined],
    ['"7.x y"', undefined],
    ['"99999999999999"', undefined],
    ['', undefined],
  ] as const;
  for (const [tag, version] of TABLE) {
    it(`name ${version ?? 'no version'} by ${tag || 'nothing'}`, () => assert.equal(versionOfTag(tag), version));
  }
});
