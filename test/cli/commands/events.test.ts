import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { recordEvents } from '../../../src/store/events.ts';
import { look } from '../../support/club.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { CLUB, card, clubWith, phone } from '../../support/world.ts';
import { runCommand } from '../run-command.ts';

const TOLD = clubWith({ events: { url: 'https://loyalty.example/', secret: 'whsec_' } });

describe('cardwake events', () => {
  const store = freshStore();
  beforeEach(async () => {
    const activated = (n: number) =>
      ({
        program: 'club',
        actor: 'sms:1',
        type: 'card.activated',
        proof: 'sms',
        card: card(n),
        phone: phone(n),
      }) as const;
    await store.db.transaction().execute((trx) => recordEvents(trx, [0, 1, 2].map(activated)));
    await sql`UPDATE events SET state = 'given-up', attempts = 80, last_error = 'status 500' WHERE subject = ${card(0)}`.execute(
      store.db,
    );
    await sql`UPDATE events SET state = 'delivered', attempts = 1 WHERE subject = ${card(1)}`.execute(store.db);
  });

  const events = (...args: string[]) =>
    runCommand({ settings: { programs: new Map([['club', TOLD]]) }, db: store.db }, 'events', ...args);
  const queued = async () =>
    (await look<{ subject: string }>(store.db, sql`SELECT subject FROM events WHERE state = 'queued' ORDER BY id`)).map(
      (row) => row.subject,
    );

  it('list shows the newest first, and no number in full', async () => {
    const { exitCode, out } = await events('list');
    assert.equal(exitCode, 0);
    assert.match(out[0] ?? '', /^20.*Z {2}card\.activated {2}•••• \d{4} {2}queued {2}0 tries {2}[0-9a-f-]{36}$/);
    assert.match(out[1] ?? '', /delivered {2}1 try /);
    assert.match(out[2] ?? '', /given-up {2}80 tries {2}status 500 /);
    assert.ok(!/\d{9}/.test(out.join('\n').replace(/[0-9a-f-]{36}/g, '')));
    assert.equal((await events('list', '--failed')).out.length, 1);
    assert.equal((await events('list', '--limit', '2')).out.length, 2);
    assert.deepEqual((await events('list', '--since', '2200-01-01')).out, ['There are no such events.']);
  });

  it('replay puts back in line what is asked for', async () => {
    assert.deepEqual((await events('replay', '--failed')).out, ['1 event is in line again.']);
    assert.deepEqual(await queued(), [card(0), card(2)]);
    assert.deepEqual((await events('replay', '--subject', card(1))).out, ['1 event is in line again.']);
    assert.deepEqual((await events('replay')).out, ['0 events are in line again.']);
  });

  it('refuses a time that is none, and a programme without a back end', async () => {
    assert.equal((await events('replay', '--since', 'yesterday')).exitCode, 2);
    const settings = { programs: new Map([['club', CLUB]]) };
    const { exitCode, err } = await runCommand({ settings, db: store.db }, 'events', 'replay');
    assert.deepEqual([exitCode, err], [1, ['club has no loyalty back end: its configuration has no events.']]);
  });
});
