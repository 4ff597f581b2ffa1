import assert from 'node:assert/strict';
import { Command } from 'commander';
import { configCommand } from '../../../src/cli/commands/config.ts';
import { configurationReference } from '../../../src/config/reference.ts';
import { loadSettings } from '../../../src/config.ts';

async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const env = {
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a-secret-token',
    DATABASE_URL: 'postgres://u:a-secret-password@db/cardwake',
    REDIS_URL: 'redis://:a-secret-password@queue',
  };
  const command = configCommand({
    settings: (file) => loadSettings(env, { file }),
    database: () => Promise.reject(new Error('not used')),
    print: (line) => printed.push(line),
    complain: (line) => printed.push(line),
  });
  await new Command()
    .exitOverride()
    .addCommand(command)
    .parseAsync(['config', ...args], { from: 'user' });
  return printed.join('\n');
}

describe('cardwake config', () => {
  it('check: tells what a good file declares, and no secret', async () => {
    assert.equal(
      await run('check', 'cardwake.example.yaml'),
      `cardwake.example.yaml: ok

Programmes
  club: Club, RU KZ, ru en, cards 9643… (16), 21… (13), VIP… (10)
  coffee: Coffee, RU, ru, cards 5010… (16)

Channels
  twilio-main: twilio, +14155550100, 100 a second
    webhook  https://sms.example.com/webhooks/twilio-main
    routes   club
    options  accountSid ••••, authToken ••••, apiBaseUrl https://api.twilio.com, requestTimeoutMs 15000
  twilio-shared: twilio, +14155550101 73400, 10 a second
    webhook  https://sms.example.com/webhooks/twilio-shared
    routes   73400 → кофе → coffee, coffee → coffee, club
    options  accountSid ••••, authToken ••••, apiBaseUrl https://api.twilio.com, requestTimeoutMs 15000

Database  DATABASE_URL
Queue     REDIS_URL`,
    );
  });

  it('check: fails with every mistake of a broken file', async () => {
    await assert.rejects(run('check', 'biome.json'), {
      name: 'ConfigError',
      message: /\n {2}biome\.json:1:1 programs: is missing[\s\S]*\n {2}biome\.json:3:3 files: is not a key/,
    });
  });

  it('docs: prints the reference', async () => assert.equal(`${await run('docs')}\n`, configurationReference()));
});
