import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { everySoOften } from '../../src/flow/every-so-often.ts';
import { pause } from '../../src/flow/pause.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a pause', () => {
  it('lasts so long', async () => {
    const begun = performance.now();
    await pause(30, new AbortController().signal);
    // A timer may fire a millisecond early.
    assert.ok(performance.now() - begun >= 29);
  });

  it('ends with its signal, also with one that was aborted before, and listens no longer', async () => {
    const stopping = new AbortController();
    const paused = pause(60_000, stopping.signal);
    stopping.abort();
    await paused;
    await pause(60_000, stopping.signal);
    assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
  });
});

describe('work that is done every so often', () => {
  it('is done at once and again, also after it failed', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const work = async () => {
      runs += 1;
      if (runs === 1) throw new Error('once');
    };
    const stop = everySoOften(1, work, (error) => errors.push(error));
    assert.equal(runs, 1);
    await waitFor(() => runs >= 3, { what: 'the third run' });
    await stop();
    assert.equal(errors.length, 1);
  });

  it('is told to stop, and is waited for', async () => {
    const end = deferred();
    let told: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      told = signal;
      return end.promise;
    };
    const stop = everySoOften(60_000, work, () => assert.fail('nothing failed'));
    let isStopped = false;
    const stopped = stop().then(() => (isStopped = true));
    assert.ok(told?.aborted);
    await pause(1, new AbortController().signal);
    assert.equal(isStopped, false);
    end.resolve();
    await stopped;
  });
});
