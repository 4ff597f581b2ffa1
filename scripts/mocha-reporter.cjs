const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

/** Mocha's usual output, and its counts as JSON in the file that CARDWAKE_TEST_SUMMARY names. */
module.exports = class extends Mocha.reporters.Spec {
  constructor(/** @type {Mocha.Runner} */ runner, /** @type {Mocha.MochaOptions} */ options) {
    super(runner, options);
    const path = process.env.CARDWAKE_TEST_SUMMARY;
    if (!path) return;
    runner.once('end', () => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      writeFileSync(path, JSON.stringify({ passed: passes, failed: failures }));
    });
  }
};
