import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadSettings, PACKAGE_ROOT, type Settings } from '../src/config.ts';

const SMALL = `programs:
  club:
    name: Club
    countries: [KZ, RU]
    locales: [ru]
    support: "+7 495 000-00-00"
    series: [{ name: main, prefix: "9643", length: 16 }]
channels:
  sim:
    provider: simulator
    publicUrl: http://localhost:\${PORT}/in
    addresses: ["1234"]
    program: club
    secret: \${SECRET}
`;

interface VariableCase {
  readonly title: string;
  readonly text: string;
  readonly env: Readonly<Record<string, string>>;
  readonly becomes: string;
}

const VARIABLES = parse(
  readFileSync(join(import.meta.dirname, 'config/variables.cases.yaml'), 'utf8'),
) as readonly VariableCase[];

describe('loadSettings', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (text: string, env: NodeJS.ProcessEnv = {}): Settings => {
    writeFileSync(join(folder, 'cardwake.yaml'), text);
    return loadSettings({ SECRET: 's', ...env }, { cwd: folder });
  };
  it('fills in everything that a small file leaves out', () => {
    const { programs, channels, ...rest } = load(SMALL);
    assert.deepEqual(programs.get('club'), {
      key: 'club',
      name: 'Club',
      countries: ['KZ', 'RU'],
      locales: ['ru'],
      support: '+74950000000',
      rebind: { phoneHasAnotherCard: 'code', cardHasAnotherPhone: 'support' },
      series: [{ name: 'main', prefix: '9643', length: 16, check: 'luhn', alphabet: 'digits' }],
      replyMode: 'friendly',
      limits: {
        attempts: 5,
        attemptsWindowHours: 24,
        repliesPerPhone: 5,
        repliesPerDay: 50_000,
        codesPerPhone: 5,
        codesPerAddressBlock: 30,
        codesPerDay: 2_000,
        readsPerMinute: 18_000,
        changesPerMinute: 1_200,
        changesPerVisitor: 30,
      },
      ways: ['till', 'website', 'questionnaire'],
      origins: [],
      redeemNeedsProvedPhone: false,
      keywords: [],
    });
    assert.deepEqual(channels.get('sim'), {
      key: 'sim',
      provider: 'simulator',
      webhookUrl: 'http://localhost:3000/in/webhooks/sim',
      addresses: ['1234'],
      routes: [{ program: 'club' }],
      country: 'KZ',
      messagesPerSecond: 10,
      isRehearsal: false,
      partsTimeoutMinutes: 10,
      unknown: { waitReceiptMinutes: 10, lookup: true, otherwise: 'hold' },
      options: { secret: 's', requestTimeoutMs: 5_000 },
    });
    assert.deepEqual(rest, {
      file: 'cardwake.yaml',
      isDemo: false,
      retention: { messagesMonths: undefined },
      databaseUrl: undefined,
      redisUrl: undefined,
      port: 3000,
      consolePort: 3001,
      consoleHost: '127.0.0.1',
      trustedProxies: [],
      dataDir: join(folder, '.data'),
      templatesDir: join(PACKAGE_ROOT, 'templates'),
      logLevel: 'info',
      pepper: undefined,
      hasPrivateEventUrls: false,
    });
  });

  it('takes apart the list of trusted proxies, and refuses what is no address, network or name', () => {
    const proxies = (TRUSTED_PROXIES: string) => load(SMALL, { TRUSTED_PROXIES }).trustedProxies;
    assert.deepEqual(proxies('10.0.0.0/8, loopback,::1'), ['10.0.0.0/8', 'loopback', '::1']);
    for (const wrong of ['all', '10.0.0.0/99', '10.0.0.1,', 'true', 'proxy.example']) {
      assert.throws(() => proxies(wrong), /TRUSTED_PROXIES: must be addresses, networks/, wrong);
    }
  });

  it('takes the environment’s word, and an empty variable for an unset one', () => {
    const settings = load(SMALL, {
      DATABASE_URL: 'postgres://db/cardwake',
      REDIS_URL: 'rediss://queue',
      PORT: '0',
      CONSOLE_PORT: '0',
      CONSOLE_HOST: '::1',
      DATA_DIR: 'kept',
      TEMPLATES_DIR: '/texts',
      CARDWAKE_CONFIG: '',
    });
    assert.deepEqual(
      [settings.databaseUrl, settings.redisUrl, settings.port, settings.consolePort, settings.consoleHost],
      ['postgres://db/cardwake', 'rediss://queue', 0, 0, '::1'],
    );
    assert.deepEqual([settings.dataDir, settings.templatesDir], [join(folder, 'kept'), '/texts']);
  });

  it('reports mistakes of the environment and of the file together, without their values', () => {
    const env = {
      PORT: '80x',
      CONSOLE_PORT: '70000',
      DATABASE_URL: 'mysql://hidden',
      REDIS_URL: 'hidden',
      CONSOLE_HOST: 'a b',
    };
    assert.throws(() => load(SMALL.replace('name: Club', 'name:'), env), {
      name: 'ConfigError',
      message: [
        'The configuration has 6 mistakes:',
        '  environment DATABASE_URL: must be a URL such as postgres://cardwake@db/cardwake',
        '  environment REDIS_URL: must be a URL such as redis://queue:6379',
        '  environment PORT: must be a number',
        '  environment CONSOLE_PORT: must be a port from 0 to 65535',
        '  environment CONSOLE_HOST: must be a host name or an IP address',
        '  cardwake.yaml:3:5 programs.club.name: must not be empty',
      ].join('\n'),
    });
  });

  it('refuses one port for two listeners', () => {
    assert.throws(
      () => load(SMALL, { CONSOLE_PORT: '3000' }),
      /environment CONSOLE_PORT: must differ from PORT: both are 3000$/,
    );
  });

  it('names a file that is not there', () => {
    assert.throws(() => loadSettings({ CARDWAKE_CONFIG: 'gone.yaml' }, { cwd: folder }), {
      message:
        'The configuration has a mistake:\n  environment CARDWAKE_CONFIG: gone.yaml: there is no such file, or it cannot be read',
    });
    assert.throws(
      () => loadSettings({}, { cwd: folder, file: 'gone.yaml' }),
      /\n {2}gone\.yaml: there is no such file/,
    );
  });

  it('prefers the named file to ./cardwake.yaml, and that to the demo', () => {
    writeFileSync(join(folder, 'other.yaml'), SMALL.replace('name: Club', 'name: Other'));
    const env = { SECRET: 's', DATA_DIR: 'd' };
    assert.equal(loadSettings(env, { cwd: folder }).isDemo, true);
    assert.equal(load(SMALL, env).programs.get('club')?.name, 'Club');
    const named = loadSettings({ ...env, CARDWAKE_CONFIG: 'other.yaml' }, { cwd: folder });
    assert.deepEqual([named.file, named.programs.get('club')?.name], ['other.yaml', 'Other']);
    assert.equal(loadSettings(env, { cwd: folder, file: 'other.yaml' }).file, 'other.yaml');
  });

  describe('variables', () => {
    const withSecret = (text: string) => SMALL.replace(`\${SECRET}`, () => text);
    for (const { title, text, env, becomes } of VARIABLES) {
      it(title, () => {
        const { options } = load(withSecret(text), env).channels.get('sim') ?? {};
        assert.deepEqual(options, { secret: becomes, requestTimeoutMs: 5_000 });
      });
    }
    it('serve for numbers too', () => {
      const text = SMALL.replace('program: club', () => `program: club\n    messagesPerSecond: \${RATE}`);
      assert.equal(load(text, { RATE: '25' }).channels.get('sim')?.messagesPerSecond, 25);
    });
    it('are missing when they are set to nothing', () => {
      assert.throws(
        () => load(SMALL, { SECRET: '' }),
        /cardwake\.yaml:14:13 channels\.sim\.secret: the environment variable SECRET is not set$/,
      );
    });
  });

  it('makes the keyword of a route one of the programme’s, once', () => {
    const routes = 'routes: [{ program: club }, { program: club, keyword: Клуб }, { program: club, keyword: BONUS }]';
    const text = SMALL.replace('program: club', routes).replace('    series', '    keywords: [клуб]\n    series');
    assert.deepEqual(load(text).programs.get('club')?.keywords, ['клуб', 'BONUS']);
  });

  it('lets one part of the file repeat another by an anchor', () => {
    const twice = SMALL.replace('[{ name', '&cards [{ name').replace(
      'channels:',
      '  more:\n    name: More\n    countries: [RU]\n    locales: [en]\n    support: "+74950000000"\n    series: *cards\nchannels:',
    );
    const { programs } = load(twice);
    assert.deepEqual(programs.get('more')?.series, programs.get('club')?.series);
  });

  it('finds mistakes behind an alias where they are written', () => {
    const text = SMALL.replace('[{ name', '&cards [{ name')
      .replace('length: 16', 'length: 160')
      .replace(
        'channels:',
        '  more:\n    name: More\n    countries: [RU]\n    locales: [en]\n    support: "+74950000000"\n    series: *cards\nchannels:',
      );
    assert.throws(
      () => load(text),
      /cardwake\.yaml:7:59 programs\.club\.series\[0\]\.length: [\s\S]*cardwake\.yaml:7:59 programs\.more\.series\[0\]\.length: /,
    );
  });

  it('takes a name that is a part of JavaScript for any unknown one', () => {
    assert.throws(() => load(SMALL.replace('  club:', '  __proto__:')), /2:3 programs\.__proto__: this key must be/);
    assert.throws(
      () => load(SMALL.replace('provider: simulator', 'provider: constructor')),
      /must be one of twilio, .*simulator/,
    );
  });

  it('lets two channels be each other’s fallback, also for a programme behind a keyword', () => {
    const { channels } = load(`${SMALL}    fallback: other
    validityMinutes: 60
  other:
    provider: simulator
    publicUrl: http://localhost:3000
    addresses: ["7000"]
    routes: [{ program: club }, { keyword: club, program: club }]
    secret: s
    fallback: sim
`);
    const { fallback, validityMinutes } = channels.get('sim') ?? {};
    assert.deepEqual([fallback, validityMinutes], ['other', 60]);
    assert.equal(channels.get('other')?.fallback, 'sim');
  });

  it('gives settings that nobody can change', () => {
    const settings = load(SMALL);
    const seen = new Set<unknown>();
    const check = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      assert(Object.isFrozen(value), path);
      const parts = value instanceof Map ? value.entries() : Object.entries(value);
      for (const [key, part] of parts) check(part, `${path}.${String(key)}`);
    };
    check(settings, 'settings');
    assert(seen.size > 12);
    assert.throws(() => (settings.programs as Map<string, unknown>).set('x', {}), /cannot be changed/);
    assert.throws(() => (settings.channels as Map<string, unknown>).clear(), /cannot be changed/);
  });

  describe('the demo', () => {
    it('starts with nothing but a folder for data, and keeps its secret to its owner', () => {
      const first = loadSettings({ PORT: '8080' }, { cwd: folder });
      const { webhookUrl, options } = first.channels.get('simulator') ?? {};
      assert.equal(webhookUrl, 'http://127.0.0.1:8080/webhooks/simulator');
      assert.match((options as { secret: string }).secret, /^[0-9a-f]{48}$/);
      assert.equal(statSync(join(folder, '.data/simulator.secret')).mode & 0o777, 0o600);
      assert.deepEqual(loadSettings({}, { cwd: folder }).channels.get('simulator')?.options, options);
    });
    it('takes the secret of the environment when there is one', () => {
      const { channels } = loadSettings({ CARDWAKE_SIMULATOR_SECRET: 'mine' }, { cwd: folder });
      assert.deepEqual(channels.get('simulator')?.options, { secret: 'mine', requestTimeoutMs: 5_000 });
    });
  });

  it('reads the production example as it stands', () => {
    const env = { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token' };
    const { programs, channels } = loadSettings(env, {
      cwd: folder,
      file: join(PACKAGE_ROOT, 'cardwake.example.yaml'),
    });
    assert.deepEqual([...programs.keys()], ['club', 'coffee']);
    assert.deepEqual([...channels.keys()], ['twilio-main', 'twilio-shared']);
  });
});
