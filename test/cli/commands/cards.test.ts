import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROGRAMS, program, SERIES } from '../../activation/programs.ts';
import { openTestPool, openTestStore, type TestStore } from '../../store/open-test-store.ts';
import { createEmptyDatabase } from '../../support/postgres.ts';
import { temporaryFolder } from '../../support/run.ts';
import { card } from '../../support/world.ts';
import { runCommand } from '../run-command.ts';

const CARD = '9643001234563452';
const PHONE = '+79161234567';
const programs = new Map([['club', PROGRAMS.club]]);

describe('cardwake cards', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  const cards = (...args: string[]) => runCommand({ settings: { programs }, db: store.db }, 'cards', ...args);

  it('import adds the cards of a list and tells how many', async () => {
    const { exitCode, out } = await cards('import', await list(`number\n${CARD}\n`));
    assert.deepEqual(out, ['Rows read:         1', 'Cards added:       1', 'There already:     0']);
    assert.equal(exitCode, 0);
    assert.equal((await store.db.selectFrom('cards').select('number').executeTakeFirst())?.number, CARD);
  });

  it('import answers 3 and names the file of the rejected rows', async () => {
    const path = await list(`number,status\n${CARD},\n9643001234563453,issued\n"=1+1",\n`);
    const { exitCode, out } = await cards('import', path, '--program', 'club');
    const rejected = path.replace('.csv', '.rejected.csv');
    assert.equal(out.at(-1), `Rejected:          2, see ${rejected}`);
    assert.equal(exitCode, 3);
    assert.deepEqual((await readFile(rejected, 'utf8')).split('\r\n'), [
      'number,status,line,reason',
      '9643001234563453,issued,3,wrong check digit',
      "'=1+1,,4,no card series begins like this",
      '',
    ]);
  });

  it('import overlooks no column unless it is told to', async () => {
    const path = await list(`owner,card,card_status,since\nAnna,${CARD},blocked,2020\n`);
    const { exitCode, err } = await cards('import', path);
    assert.equal(exitCode, 1);
    assert.match(err[0] ?? '', /cards\.csv: no column is called "owner" or "since": .* --ignore /);
    assert.deepEqual(await store.db.selectFrom('cards').select('number').execute(), []);
    assert.equal((await cards('import', path, '--ignore', 'owner, Since')).exitCode, 0);
    const rows = await store.db.selectFrom('cards').select(['number', 'status']).execute();
    assert.deepEqual(rows, [{ number: CARD, status: 'blocked' }]);
  });

  it('import shows how far it is, without a terminal in lines', async () => {
    const { err } = await cards('import', await list(`${CARD}\n`));
    assert.deepEqual(err, ['Imported 100 %']);
  });

  it('import that stops on its way tells what stays, and may be repeated', async () => {
    const numbers = Array.from({ length: 50_000 }, (_, n) => card(n)).join('\n');
    const { exitCode, out, err } = await cards('import', await list(`${numbers}\n${'x'.repeat(70_000)}`));
    assert.deepEqual([exitCode, out], [1, []]);
    assert.match(err.join('\n'), /^Stopped\. Cards added so far: 50,000\. They stay, .* imported again\.\n.*:50001: /m);
    const again = await cards('import', await list(`${numbers}\n${card(50_000)}\n`));
    assert.deepEqual(again.out, ['Rows read:         50,001', 'Cards added:       1', 'There already:     50,000']);
  });

  it('says what to do about a database that no service has prepared', async () => {
    const { url, drop } = await createEmptyDatabase();
    const db = openTestPool(url);
    const { exitCode, err } = await runCommand({ settings: { programs }, db }, 'cards', 'show', CARD);
    await db.destroy();
    await drop();
    assert.equal(exitCode, 1);
    assert.match(err[0] ?? '', /^The database has no tables of this version of Cardwake: start the service on it once/);
  });

  it('generate prints new cards as CSV', async () => {
    const { exitCode, out } = await cards('generate', '--count', '20');
    assert.equal(exitCode, 0);
    const rows = await store.db.selectFrom('cards').select('number').execute();
    assert.deepEqual(out.toSorted(), ['number', ...rows.map(({ number }) => number)].toSorted());
    assert.equal(rows.length, 20);
  });

  it('generate writes a new file for its owner only, and never over another', async () => {
    const path = join(await temporaryFolder('cards'), 'new.csv');
    assert.equal((await cards('generate', '--count', '3', '--out', path)).exitCode, 0);
    assert.equal((await readFile(path, 'utf8')).trimEnd().split('\n').length, 4);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const { exitCode, err } = await cards('generate', '--count', '3', '--out', path);
    assert.deepEqual(
      [exitCode, err],
      [1, [`There is a file ${path} already, and it is never overwritten: choose another --out.`]],
    );
    assert.equal((await store.db.selectFrom('cards').select('number').execute()).length, 3);
  });

  it('generate leaves no file behind when it made no card, so that the mended command may use the name', async () => {
    const path = join(await temporaryFolder('cards'), 'new.csv');
    const tight = new Map([['club', program('club', [{ ...SERIES.main, length: 7 }])]]);
    const settings = { programs: tight };
    const run = (count: string) =>
      runCommand({ settings, db: store.db }, 'cards', 'generate', '--count', count, '--out', path);
    const { exitCode, err } = await run('11');
    assert.equal(exitCode, 1);
    assert.match(err[0] ?? '', /has room for 10 more cards/);
    assert.equal((await run('10')).exitCode, 0);
    assert.equal((await readFile(path, 'utf8')).trimEnd().split('\n').length, 11);
  });

  it('show masks the numbers', async () => {
    await addHolder();
    const { exitCode, out } = await cards('show', '9643 0012 3456 3452');
    assert.equal(exitCode, 0);
    const text = out.join('\n');
    assert.match(text, /Card {6}•••• 3452 of Club\nStatus {4}active since .*\nHolder {4}\+7 ••• ••• 67 since /);
    assert.ok(!text.includes(CARD) && !text.includes(PHONE));
    assert.equal(await countOf('card.revealed'), 0);
  });

  it('show --reveal shows them and leaves a trace', async () => {
    await addHolder();
    const { out } = await cards('show', CARD, '--reveal');
    assert.match(out.join('\n'), /Card {6}9643001234563452 of Club\n.*\nHolder {4}\+79161234567 since/);
    assert.equal(await countOf('card.revealed'), 1);
  });

  it('block and --unblock change the status and tell', async () => {
    await addHolder();
    assert.deepEqual((await cards('block', CARD, '--reason', 'lost')).out, [
      'Card •••• 3452: was active, is blocked now',
    ]);
    assert.deepEqual((await cards('block', CARD, '--reason', 'lost')).out, ['Card •••• 3452: is blocked as before']);
    const { out } = await cards('block', CARD, '--unblock', '--reason', 'found');
    assert.deepEqual(out, ['Card •••• 3452: was blocked, is active now']);
    assert.match(
      (await cards('show', CARD)).out.join('\n'),
      /card\.status .*status active → reason lost, status blocked/,
    );
  });

  const refused: readonly (readonly [args: string[], exitCode: number, message: RegExp])[] = [
    [['show', CARD], 1, /^There is no card •••• 3452 in club\.$/],
    [['block', CARD, '--reason', 'lost'], 1, /^There is no card •••• 3452 in club\.$/],
    [['show', '9643001234563453'], 1, /^That is not a card number of club: check its digits\.$/],
    [['show', CARD, '--program', 'bazaar'], 1, /^Say which programme: --program club$/],
    [['block', CARD], 2, /required option '--reason <text>'/],
    [['generate', '--count', '0'], 2, /whole number above 0/],
    [['generate', '--count', '1', '--series', 'gold'], 1, /^The series are main; not gold\.$/],
    [['import', '/nowhere.csv'], 1, /nowhere\.csv cannot be opened/],
  ];
  for (const [args, code, message] of refused) {
    it(`refuses in one sentence: cards ${args.join(' ')}`, async () => {
      const { exitCode, err } = await cards(...args);
      assert.equal(exitCode, code);
      assert.match(err[0] ?? '', message);
    });
  }

  async function addHolder(): Promise<void> {
    const both = { program: 'club', card: CARD, phone: PHONE };
    await store.db.insertInto('cards').values({ program: 'club', number: CARD, status: 'active' }).execute();
    await store.db
      .insertInto('bindings')
      .values({ ...both, proof: 'sms', actor: 'sms:1' })
      .execute();
  }

  async function countOf(action: string): Promise<number> {
    return (await store.db.selectFrom('audit_events').select('id').where('action', '=', action).execute()).length;
  }
});

async function list(text: string): Promise<string> {
  const path = join(await temporaryFolder('cards'), 'cards.csv');
  await writeFile(path, text);
  return path;
}
