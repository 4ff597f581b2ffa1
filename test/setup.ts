import { afterEachTestNoOutsideCalls, closeOutsideNetwork } from './support/network.ts';
import { endRun } from './support/run.ts';

const LEAK_PATIENCE_MS = 5_000;

export const mochaHooks = {
  beforeAll: closeOutsideNetwork,
  afterEach: afterEachTestNoOutsideCalls,
};

/** Ends the run's servers; a test that leaves a socket or a timer behind then fails the run instead of hanging it. */
export async function mochaGlobalTeardown(): Promise<void> {
  await endRun();
  const complain = () => {
    process.stderr.write(`A test left behind: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  };
  setTimeout(complain, LEAK_PATIENCE_MS).unref();
}
