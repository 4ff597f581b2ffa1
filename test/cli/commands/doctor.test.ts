import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sql } from 'kysely';
import { ConfigError } from '../../../src/config/problem.ts';
import { loadSettings, PACKAGE_ROOT, type Settings } from '../../../src/config.ts';
import { openTestStore, type TestStore } from '../../store/open-test-store.ts';
import { channelOf } from '../../support/channel.ts';
import { type FakeTwilio, startFakeTwilio } from '../../support/fake-twilio.ts';
import { goodNumber } from '../../support/fake-twilio-settings.ts';
import { startRedis } from '../../support/redis.ts';
import { temporaryFolder } from '../../support/run.ts';
import { runCommand } from '../run-command.ts';

/** The run's Postgres is told not to wait for the disk: tests need no durability. */
const OF_TEST_SERVER = /^PROBLEM +database +(fsync|full_page_writes) is off/;

const WEBHOOK_URL = 'https://sms.example.com/webhooks/main';

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

  it('warns of a channel in rehearsal, which answers nobody', async () => {
    const channels = new Map([...settings.channels].map(([key, channel]) => [key, { ...channel, isRehearsal: true }]));
    const { exitCode, out } = await runCommand({ settings: { ...settings, channels }, db: store.db }, 'doctor');
    const at = out.findIndex((line) => /^warning +channels +\S+: in rehearsal: customers get no replies/.test(line));
    assert.match(out[at + 1] ?? '', /^ +→ take `rehearsal: true` out of the channel/);
    assert.ok(out.some((line) => /^ok +channels +\S+: simulator takes the credentials$/.test(line)));
    assert.equal(exitCode, out.some((line) => OF_TEST_SERVER.test(line)) ? 1 : 0);
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

  describe('--channel', () => {
    let twilio: FakeTwilio;
    beforeEach(async () => {
      twilio = await startFakeTwilio();
    });
    afterEach(() => twilio.close());

    const run = (key: string, options = {}) => {
      const { accountSid, authToken, apiBaseUrl } = twilio;
      const main = channelOf({
        provider: 'twilio',
        webhookUrl: WEBHOOK_URL,
        addresses: ['+14155550100'],
        options: { accountSid, authToken, apiBaseUrl, ...options },
      });
      const channels = new Map([...settings.channels, ['main', main]]);
      return runCommand({ settings: { ...settings, channels } }, 'doctor', '--channel', key);
    };
    const onChannels = (out: readonly string[]) => out.filter((line) => /^\w+ +channels/.test(line));

    it('proves the credentials of that channel, and looks at no other and at no database', async () => {
      twilio.settings.numbers.set('+14155550100', goodNumber(WEBHOOK_URL));
      const { exitCode, out } = await run('main');
      assert.deepEqual(
        [exitCode, onChannels(out)],
        [0, ['ok        channels       main: twilio takes the credentials']],
      );
      assert.ok(!out.some((line) => /database|redis|reply texts/.test(line)));
      assert.equal(twilio.requestCount, 0);
    });

    it('warns of what would lose SMS, and answers 0', async () => {
      twilio.settings.numbers.set('+14155550100', { ...goodNumber(WEBHOOK_URL), sms_url: '' });
      const { exitCode, out } = await run('main');
      assert.equal(exitCode, 0);
      assert.match(
        onChannels(out)[1] ?? '',
        /^warning +channels +main: SMS to \+14155550100 go nowhere: no URL is set/,
      );
    });

    it('answers 1 when the credentials are refused', async () => {
      const { exitCode, out } = await run('main', { authToken: 'rotated-out' });
      assert.equal(exitCode, 1);
      assert.match(onChannels(out)[0] ?? '', /^PROBLEM +channels +main: twilio does not take the credentials$/);
    });

    it('names the channels there are when it is none of them', async () => {
      const { exitCode, err } = await run('mian');
      assert.equal(exitCode, 1);
      assert.match(err.join('\n'), /there is no channel mian: say --channel .*main/);
    });
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
