import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sql } from 'kysely';
import { ConfigError } from '../../../src/config/problem.ts';
import { loadSettings, PACKAGE_ROOT, type Settings } from '../../../src/config.ts';
import { openTestStore, type TestStore } from '../../store/open-test-store.ts';
import { startRedis } from '../../support/redis.ts';
import { temporaryFolder } from '../../support/run.ts';
import { runCommand } from '../run-command.ts';

/** The run's Postgres is told not to wait for the disk: tests need no durability. */
const OF_TEST_SERVER = /^PROBLEM +database +(fsync|full_page_writes) is off/;

describe('cardwake doctor', () => {
  let store: TestStore;
  let settings: Settings;
  beforeEach(async () => {
    store = await openTestStore();
    settings = loadSettings(
      { DATA_DIR: await temporaryFolder('data') },
      { file: join(PACKAGE_ROOT, 'cardwake.demo.yaml') },
    );
  });
  afterEach(() => store.close());

  it('prints a line for each thing it looked at', async () => {
    const { out } = await runCommand({ settings, db: store.db }, 'doctor');
    for (const line of [
      /^ok +configuration +.*cardwake\.demo\.yaml loads$/,
      /^ok +database +Postgres \d+/,
      /^ok +database +synchronous_commit is on$/,
      /^ok +database +all \d+ unique indexes are in place$/,
      /^ok +redis +not used/,
      /^ok +channels +\S+: simulator takes the credentials$/,
      /^ok +reply texts +\d+ texts can be sent$/,
    ]) {
      assert.ok(
        out.some((printed) => line.test(printed)),
        `${String(line)} in\n${out.join('\n')}`,
      );
    }
    assert.deepEqual(
      out.filter((line) => line.startsWith('PROBLEM') && !OF_TEST_SERVER.test(line)),
      [],
    );
  });

  it('answers 1 when there is a problem, and says what to do', async () => {
    await sql`DROP INDEX bindings_one_phone_per_card`.execute(store.db);
    const { exitCode, out } = await runCommand({ settings, db: store.db }, 'doctor');
    assert.equal(exitCode, 1);
    const at = out.findIndex((line) => /^PROBLEM +database +the unique index bindings \(program, card\)/.test(line));
    assert.match(out[at + 1] ?? '', /^ +→ .*CREATE UNIQUE INDEX ON bindings \(program, card\)/);
  });

  it('warns where the opt-out of an erased person could not be kept', async () => {
    const warning = /^warning +configuration +CARDWAKE_PEPPER is not set/;
    const unset = await runCommand({ settings: { ...settings, pepper: undefined }, db: store.db }, 'doctor');
    assert.ok(unset.out.some((line) => warning.test(line)));
    const set = await runCommand({ settings, db: store.db }, 'doctor');
    assert.ok(!set.out.some((line) => warning.test(line)));
  });

  it('goes on when one part cannot be reached', async () => {
    const { exitCode, out } = await runCommand({ settings }, 'doctor');
    assert.equal(exitCode, 1);
    assert.ok(out.some((line) => /^PROBLEM +database +there is no database$/.test(line)));
    assert.ok(out.some((line) => /^ok +reply texts/.test(line)));
    assert.equal(out.at(-1), '1 problem.');
  });

  it('looks at Redis when the queue lives there', async () => {
    const redis = await startRedis();
    const { out } = await runCommand({ settings: { ...settings, redisUrl: redis.url }, db: store.db }, 'doctor');
    await redis.stop();
    assert.ok(out.some((line) => /^ok +redis +Redis \d+\./.test(line)));
  });

  it('prints every mistake of the configuration and stops there', async () => {
    const mistake = {
      file: 'cardwake.yaml',
      position: { line: 3, column: 5 },
      path: 'programs.club',
      message: 'is odd',
    };
    const broken = () => {
      throw new ConfigError([mistake, { ...mistake, path: 'channels.main' }]);
    };
    const { exitCode, out } = await runCommand({ settings: broken }, 'doctor');
    assert.equal(exitCode, 1);
    assert.deepEqual(out, [
      'PROBLEM   configuration  cardwake.yaml:3:5 programs.club: is odd',
      'PROBLEM   configuration  cardwake.yaml:3:5 channels.main: is odd',
      '2 problems.',
    ]);
  });
});
