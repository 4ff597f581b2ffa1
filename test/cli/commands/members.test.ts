import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { addCards, look } from '../../support/club.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { CLUB, card, phone } from '../../support/world.ts';
import { runCommand } from '../run-command.ts';

describe('cardwake members erase', () => {
  const store = freshStore();
  const erase = (spelling: string) =>
    runCommand({ settings: { programs: new Map([['club', CLUB]]) }, db: store.db }, 'members', 'erase', spelling);

  it('erases by any spelling of the phone and prints the act of destruction, which names nobody', async () => {
    await addCards(store.db, [{ number: card(0), holder: phone(0) }]);
    const { exitCode, out } = await erase('8 (916) 000-00-00');
    assert.equal(exitCode, 0);
    const act = out.join('\n');
    assert.match(act, /^ACT OF DESTRUCTION\n\nProgramme {5}club\nMember {8}none/);
    assert.match(act, new RegExp(`Cards {9}•••• ${card(0).slice(-4)}, blocked now`));
    assert.match(act, /Audit {9}event \d+, sealed at position \d+/);
    assert.match(act, / {2}bindings {12}1\n {2}audit_events {8}2$/);
    assert.ok(!act.includes('9160000000'));
    assert.deepEqual(await look(store.db, sql`SELECT phone FROM bindings`), [{ phone: null }]);
  });

  it('erases by the id of a member, as after a backup was restored', async () => {
    const member = await store.db
      .insertInto('members')
      .values({ program: 'club', phone: phone(0), name: 'Anna' })
      .returning('id')
      .executeTakeFirstOrThrow();
    assert.match((await erase(member.id.toUpperCase())).out.join('\n'), new RegExp(`Member {8}${member.id}`));
    assert.deepEqual((await erase(member.id)).err, [`club knows nobody with the id ${member.id}.`]);
  });

  it('says that it knows nobody, with the phone masked, and refuses what is no phone', async () => {
    assert.deepEqual((await erase('+79160000000')).err, ['club knows nobody with the phone +7 ••• ••• 00.']);
    assert.equal((await erase('+79160000000')).exitCode, 1);
    assert.deepEqual((await erase('12')).err, ['This is no phone number. Write it with + and the country code.']);
  });

  it('says what to set when the phone has opted out and there is no key to keep that by', async () => {
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone(0)}, now())`.execute(store.db);
    const { exitCode, err } = await erase(phone(0));
    assert.equal(exitCode, 1);
    assert.match(err[0] ?? '', /^CARDWAKE_PEPPER is not set: .* Set it and erase again\.$/);
  });
});
