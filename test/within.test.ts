import assert from 'node:assert/strict';
import { TookTooLong, within } from '../src/within.ts';

describe('within', () => {
  it('settles as the work does', async () => {
    assert.equal(await within(1000, Promise.resolve('done')), 'done');
    await assert.rejects(within(1000, Promise.reject(new Error('failed'))), /failed/);
  });

  it('rejects work that is late, and bears with its later failure', async () => {
    let fail = (_error: Error) => {};
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    await assert.rejects(within(5, work), TookTooLong);
    fail(new Error('later'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
