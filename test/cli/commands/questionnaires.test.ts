import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { loadSettings, type Settings } from '../../../src/config.ts';
import { maskCard } from '../../../src/sms/mask.ts';
import { erase } from '../../../src/store/erase.ts';
import { openTestPool } from '../../store/open-test-store.ts';
import { addCards, look } from '../../support/club.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { temporaryFolder } from '../../support/run.ts';
import { card, phone } from '../../support/world.ts';
import { runCommand } from '../run-command.ts';

const SERIES = '[{ name: main, prefix: "9643", length: 16, check: luhn }]';
const CONFIG = `
programs:
  club: { name: Club, countries: [RU], locales: [ru], support: "+74950000000", series: ${SERIES} }
  closed: { name: Closed, countries: [RU], locales: [ru], support: "+74950000001", ways: [till], series: ${SERIES} }
channels:
  main:
    provider: simulator
    publicUrl: http://127.0.0.1:1
    secret: a-secret-of-this-test-alone-and-long-enough
    addresses: ["2420"]
    program: club
`;

const PILE = `phone;card;name;birthday;email;consent_marketing
${phone(0)};${card(0)};Анна Ким;12.05.1990;anna@example.com;да
8 916 000-00-01;${card(1)};Борис;;;
${phone(2)};${card(1)};Вера;;;no
${phone(3)};${card(9)};Глеб;;;
${phone(4)};${card(2)};Дина;31.02.1990;dina@;maybe
;${card(2)};;;;
+74951234567;${card(2)};;;;
${phone(5)};1234;;;;
${phone(6)};${card(3)};Ева;;;
${phone(0)};${card(0)};Анна Ким;;;
${phone(0)};${card(0)};Борис;;;
`;

/** Line, what and why of everything in the pile that cannot be entered. */
const CONFLICTS: readonly (readonly [line: number, what: string, why: RegExp])[] = [
  [4, `card ${maskCard(card(1))}, phone +7 ••• ••• 02`, /^The card belongs to another phone\./],
  [5, `card ${maskCard(card(9))}, phone +7 ••• ••• 03`, /we have no such card/],
  [
    6,
    `card ${maskCard(card(2))}, phone +7 ••• ••• 04`,
    /^birthday must be .*; email must be .*; consent_marketing must be yes, no or empty$/,
  ],
  [7, `card ${maskCard(card(2))}`, /^phone is required$/],
  [8, `card ${maskCard(card(2))}, phone +7 ••• ••• 67`, /^It must be a mobile phone/],
  [9, 'card •••• 1234, phone +7 ••• ••• 05', /^Compare the number with the card/],
  [10, `card ${maskCard(card(3))}, phone +7 ••• ••• 06`, /^The card no longer works/],
  [12, `card ${maskCard(card(0))}, phone +7 ••• ••• 00`, /known otherwise.* It differs in: name\.$/],
];

describe('cardwake questionnaires import', () => {
  const store = freshStore();
  beforeEach(() =>
    addCards(store.db, [
      { number: card(0) },
      { number: card(1) },
      { number: card(2) },
      { number: card(3), status: 'blocked' },
    ]),
  );

  let settings: Settings;
  before(async () => {
    const folder = await temporaryFolder('forms');
    await writeFile(join(folder, 'cardwake.yaml'), CONFIG);
    settings = loadSettings({ CARDWAKE_CONFIG: join(folder, 'cardwake.yaml'), DATA_DIR: folder });
  });

  const run = (...args: string[]) => runCommand({ settings, db: store.db }, 'questionnaires', 'import', ...args);
  const club = (path: string, ...args: string[]) => run(path, '--program', 'club', ...args);
  const members = () =>
    look<object>(
      store.db,
      sql`SELECT phone, name, birthday::text, phone_proof, consents <> '{}' AS consented FROM members ORDER BY phone`,
    );
  const ENTERED = [
    { phone: phone(0), name: 'Анна Ким', birthday: '1990-05-12', phone_proof: 'none', consented: true },
    { phone: phone(1), name: 'Борис', birthday: null, phone_proof: 'none', consented: false },
  ];

  it('shows every conflict by line, form and reason, and writes nothing', async () => {
    const path = await pile(PILE);
    const { exitCode, out, err } = await club(path);
    assert.equal(exitCode, 3);
    assert.match(out[0] ?? '', /^Line {2}Form {2,}Why it cannot be entered$/);
    const shown = out.slice(1, 1 + CONFLICTS.length).map((line) => line.split(/ {2,}/));
    for (const [at, [line, what, why]] of CONFLICTS.entries()) {
      const [shownLine, shownWhat, shownWhy = ''] = shown[at] ?? [];
      assert.deepEqual([shownLine, shownWhat], [String(line), what]);
      assert.match(shownWhy, why);
    }
    assert.deepEqual(out.slice(1 + CONFLICTS.length), [
      '',
      'Forms read:      11',
      'Can be entered:  3',
      'Cannot:          8',
      `Nothing was written. To enter them: cardwake questionnaires import ${path} --program club --commit`,
    ]);
    assert.deepEqual(err, ['Checked 100 %']);
    assert.doesNotMatch(out.join('\n'), /79160000|Анна|example\.com/);
    const written = ['members', 'bindings', 'phones', 'replies', 'audit_events', 'events', 'reply_quota'];
    for (const table of written)
      assert.deepEqual(await look(store.db, sql`SELECT FROM ${sql.table(table)}`), [], table);
    await assert.rejects(readFile(rejectedOf(path)), { code: 'ENOENT' });
  });

  it('--commit enters what it can and writes the rest to a file with the same reasons', async () => {
    const path = await pile(PILE);
    const { exitCode, out } = await club(path, '--commit');
    assert.equal(exitCode, 3);
    assert.deepEqual(out, [
      'Forms read:      11',
      'Cards activated: 2',
      'Active before:   1',
      `Rejected:        8, see ${rejectedOf(path)}`,
    ]);
    assert.deepEqual(await members(), ENTERED);
    const [header, ...rejected] = (await readFile(rejectedOf(path), 'utf8')).trimEnd().split('\r\n');
    assert.equal(header, 'phone,card,name,birthday,email,consent_marketing,line,reason');
    assert.equal(rejected.length, CONFLICTS.length);
    for (const [at, [line, , why]] of CONFLICTS.entries()) {
      const [, shownLine, reason = ''] = /,(\d{1,2}),"?([^"]*)"?$/.exec(rejected[at] ?? '') ?? [];
      assert.equal(shownLine, String(line));
      assert.match(reason, why);
    }
    const texted = await look(store.db, sql`SELECT recipient, sender, channel FROM replies ORDER BY recipient`);
    assert.deepEqual(
      texted,
      [0, 1].map((n) => ({ recipient: phone(n), sender: '2420', channel: 'main' })),
    );
  });

  it('may be repeated: nothing changes and nobody is texted again', async () => {
    const path = await pile(PILE);
    await club(path, '--commit');
    const before = await look(store.db, sql`SELECT * FROM members ORDER BY id`);
    const { out } = await club(path, '--commit');
    assert.deepEqual(out.slice(1, 3), ['Cards activated: 0', 'Active before:   3']);
    assert.deepEqual(await look(store.db, sql`SELECT * FROM members ORDER BY id`), before);
    assert.equal((await look(store.db, sql`SELECT FROM replies`)).length, 2);
  });

  it('takes the mended file of rejected rows', async () => {
    const path = await pile(PILE);
    await club(path, '--commit');
    const rejected = await readFile(rejectedOf(path), 'utf8');
    const mended = await pile(
      rejected
        .split('\r\n')
        .filter((line) => /^phone|Дина/.test(line))
        .join('\n')
        .replace('31.02.1990', '28.02.1990')
        .replace('dina@', 'dina@example.com')
        .replace('maybe', 'yes'),
    );
    const { exitCode, out } = await club(mended, '--commit');
    assert.deepEqual([exitCode, out[1]], [0, 'Cards activated: 1']);
    assert.deepEqual((await members()).at(-1), {
      phone: phone(4),
      name: 'Дина',
      birthday: '1990-02-28',
      phone_proof: 'none',
      consented: true,
    });
  });

  it('--commit texts nobody while it could not know who had opted out before being erased', async () => {
    const peppered = openTestPool(store.url, 'a pepper');
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone(0)}, now())`.execute(store.db);
    const [program] = settings.programs.values();
    assert.ok(program);
    await erase(peppered, { program, who: { phone: phone(0) }, actor: 'cli:test' });
    const path = await pile(`phone,card\n${phone(0)},${card(0)}\n`);
    const { exitCode, err } = await club(path, '--commit');
    assert.equal(exitCode, 1);
    assert.match(err[0] ?? '', /^CARDWAKE_PEPPER is not set: .*\. Set it to the secret that it was .*\.$/);
    assert.deepEqual(await look(store.db, sql`SELECT FROM phones`), []);
    const args = ['questionnaires', 'import', path, '--program', 'club', '--commit'];
    const entered = await runCommand({ settings, db: peppered }, ...args);
    assert.equal(entered.exitCode, 0);
    assert.equal((await look(store.db, sql`SELECT FROM phones WHERE opted_out_at IS NOT NULL`)).length, 1);
    await peppered.destroy();
  });

  it('foresees a pile of several parts as one', async () => {
    await addCards(
      store.db,
      Array.from({ length: 450 }, (_, n) => ({ number: card(1000 + n) })),
    );
    const rows = Array.from({ length: 450 }, (_, n) => `${phone(1000 + n)},${card(1000 + n)}`);
    const path = await pile(`phone,card\n${rows.join('\n')}\n${phone(1449)},${card(1000)}\n`);
    const { exitCode, out, err } = await club(path);
    assert.deepEqual([exitCode, out.length, out[1]?.startsWith('452 ')], [3, 7, true]);
    assert.equal(err.at(-1), 'Checked 100 %');
  });

  const refused: readonly (readonly [text: string, args: readonly string[], message: RegExp])[] = [
    ['phone,card\n', ['--program', 'closed'], /^The programme closed takes no questionnaires/],
    ['phone,card,height\n', ['--program', 'club'], /no column is called "height"/],
    ['phone,card\n', [], /^Say which programme: --program club\|closed$/],
  ];
  for (const [text, args, message] of refused) {
    it(`refuses in one sentence: ${message.source}`, async () => {
      const { exitCode, err } = await run(await pile(text), ...args);
      assert.equal(exitCode, 1);
      assert.match(err[0] ?? '', message);
    });
  }
});

async function pile(text: string): Promise<string> {
  const path = join(await temporaryFolder('forms'), 'forms.csv');
  await writeFile(path, text);
  return path;
}

function rejectedOf(path: string): string {
  return path.replace(/\.csv$/, '.rejected.csv');
}
