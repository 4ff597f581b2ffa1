import assert from 'node:assert/strict';
import { jsonFields, parseJson } from '../../src/providers/json.ts';

describe('what a JSON text of a provider says', () => {
  it('is nothing when it is nested so deep that it could not be written down again', () => {
    for (const depth of [40, 20_000]) {
      assert.deepEqual(jsonFields(`{"results":${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}}`), {});
    }
  });

  it('keeps every digit of a long id', () => {
    assert.deepEqual(jsonFields('{"id":12345678901234567890,"code":40300}'), {
      id: '12345678901234567890',
      code: 40300,
    });
  });

  it('has fields only as an object', () => {
    for (const text of ['', 'junk', 'null', '[]', '"x"', '1']) assert.deepEqual(jsonFields(text), {}, text);
    assert.equal(parseJson('{'), undefined);
  });
});
