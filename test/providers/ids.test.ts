import assert from 'node:assert/strict';
import { isReplyId } from '../../src/providers/ids.ts';

describe('the id of a reply as a provider brings it back', () => {
  for (const id of ['1', '999999999999999999', '1882534521023234055', '8999999999999999999']) {
    it(`may be ${id}`, () => assert.ok(isReplyId(id)));
  }
  for (const id of ['', '-1', '1.5', 'abc', '9223372036854775808', '12345678901234567890', 7]) {
    it(`is not ${JSON.stringify(id)}`, () => assert.ok(!isReplyId(id)));
  }
});
