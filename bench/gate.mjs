// @ts-check
/**
 * `npm run bench:gate`: ends with 1 when an SMS costs far more CPU than it should, beside the naive design and the bare
 * chain. Ratios of CPU inside one run, because rates follow the machine; margins wide enough for a busy one.
 */
import { ensureBuilt } from '../scripts/lib/prepare.mjs';
import { endRun } from '../test/support/run.ts';
import { PLANS } from './plan.mjs';
import { METRICS, ratioOf } from './report/figures.mjs';
import { figure } from './report/tables.mjs';
import { faultOf } from './round.mjs';
import { runPlan } from './run-plan.mjs';

/** What a change may cost at most; the requirement itself is in the results. */
const LIMITS = [
  { to: 'naive-50', atMost: 0.6 },
  { to: 'limit-chain', atMost: 4 },
];

await ensureBuilt();
try {
  const { rounds } = await runPlan(PLANS.gate, undefined);
  for (const { subject, verdict } of rounds) {
    const fault = faultOf(verdict);
    if (fault !== undefined) fail(`${subject}: ${fault}`);
  }
  for (const { to, atMost } of LIMITS) {
    const ratio = ratioOf(rounds, { of: 'cardwake-http', to, load: 'saturation', metric: METRICS.cpu }) ?? NaN;
    const line = `CPU of cardwake-http is ${figure(ratio)} of ${to}, at most ${atMost} allowed`;
    if (ratio <= atMost) console.log(`✔ ${line}`);
    else fail(line);
  }
} finally {
  await endRun();
}

function fail(/** @type {string} */ line) {
  console.log(`✘ ${line}`);
  process.exitCode = 1;
}
