import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { transact } from '../../src/store/database.ts';
import { type Correction, correctMember, type MemberEntry, upsertMember } from '../../src/store/members.ts';
import type { PhoneProof } from '../../src/store/phone-proof.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, clubWith, phone } from '../support/world.ts';

const ANNA = phone(0);
const DESK = 'key:abcdefghij/Ольга';
const GIVEN = '2026-01-31T10:00:00.000Z';

describe('members', () => {
  const store = freshStore();

  const upsert = (entry: Partial<MemberEntry> = {}) =>
    transact(store.db, (trx) =>
      upsertMember(trx, { program: CLUB, phone: ANNA, proof: 'none', actor: DESK, ...entry }),
    );
  const correct = (change: Pick<Correction, 'id' | 'version' | 'profile'> & Partial<Correction>) =>
    transact(store.db, (trx) => correctMember(trx, { program: CLUB, actor: DESK, now: new Date(GIVEN), ...change }));
  const members = () =>
    look<Record<string, unknown>>(
      store.db,
      sql`SELECT phone_proof, name, birthday::text, email, consents, proposed_name, profile, version FROM members`,
    );
  const audit = () =>
    look<{ action: string; after: object }>(
      store.db,
      sql`SELECT action, actor, phone, after FROM audit_events ORDER BY id`,
    );

  it('are made with what is known, and complete once they have a name', async () => {
    const made = await upsert({ proof: 'cashier' });
    assert.deepEqual([made.isNew, made.version, made.differing], [true, 1, []]);
    const filled = await upsert({
      profile: { name: ' Анна  Ким ', birthday: '1990-05-12' },
      consents: { marketing: GIVEN },
    });
    assert.deepEqual([filled.id, filled.isNew, filled.version], [made.id, false, 2]);
    assert.deepEqual(await members(), [
      {
        phone_proof: 'cashier',
        name: 'Анна Ким',
        birthday: '1990-05-12',
        email: null,
        proposed_name: null,
        consents: { marketing: GIVEN },
        profile: 'complete',
        version: 2,
      },
    ]);
  });

  it('have ids that carry when they were made, and differ', async () => {
    const [row] = await look<{ ids: string[]; before: string; after: string }>(
      store.db,
      sql`WITH began AS MATERIALIZED (SELECT clock_timestamp() AS at),
        made AS MATERIALIZED (SELECT (SELECT at FROM began) AS began, time_ordered_uuid() AS id FROM generate_series(1, 200))
        SELECT array_agg(id) AS ids, floor(extract(epoch FROM min(began)) * 1000)::text AS before,
          ceil(extract(epoch FROM clock_timestamp()) * 1000)::text AS after FROM made`,
    );
    const { ids = [], before, after } = row ?? {};
    assert.equal(new Set(ids).size, 200);
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const madeAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
      assert.ok(madeAt >= Number(before) && madeAt <= Number(after), `${before} <= ${madeAt} <= ${after}`);
    }
  });

  it('keep the facts, the proof and the time of a consent that they have, and tell where an entry differs', async () => {
    await upsert({
      proof: 'code',
      profile: { name: 'Анна', email: 'anna@example.com' },
      consents: { marketing: GIVEN },
    });
    const again = await upsert({
      proof: 'operator',
      profile: { name: 'Борис', email: 'ANNA@example.com' },
      consents: { marketing: '2026-09-09T09:09:09.000Z' },
    });
    assert.deepEqual([again.differing, again.version], [['name'], 1]);
    const [member] = await members();
    assert.deepEqual([member?.name, member?.phone_proof, member?.consents], ['Анна', 'code', { marketing: GIVEN }]);
  });

  it('go from a weaker proof to a stronger one and never back', async () => {
    const order: readonly PhoneProof[] = ['none', 'cashier', 'operator', 'sms', 'code'];
    for (const [n, first] of order.entries()) {
      for (const [m, second] of order.entries()) {
        const both = { phone: phone(10 * n + m) };
        await upsert({ ...both, proof: first });
        const { id } = await upsert({ ...both, proof: second });
        const [row] = await look<{ proof: string }>(
          store.db,
          sql`SELECT phone_proof AS proof FROM members WHERE id = ${id}`,
        );
        assert.equal(row?.proof, order[Math.max(n, m)], `${first}, then ${second}`);
      }
    }
  });

  it('are one, however many entries come at once, and lose no fact of any', async () => {
    const facts = [{ name: 'Анна' }, { birthday: '1990-05-12' }, { email: 'anna@example.com' }, {}];
    const many = Array.from({ length: 32 }, (_, n) =>
      upsert({
        profile: facts[n % 4] ?? {},
        proof: n % 2 === 0 ? 'sms' : 'none',
        consents: { [`c${'abcdefgh'[n % 8]}`]: GIVEN },
      }),
    );
    const entered = await Promise.all(many);
    assert.equal(new Set(entered.map(({ id }) => id)).size, 1);
    assert.equal(entered.filter(({ isNew }) => isNew).length, 1);
    const [member, ...others] = await members();
    assert.deepEqual(others, []);
    assert.deepEqual([member?.name, member?.birthday, member?.email], ['Анна', '1990-05-12', 'anna@example.com']);
    assert.equal(Object.keys(member?.consents as object).length, 8);
    assert.equal(member?.phone_proof, 'sms');
  });

  it('leave in the audit who did it and which fields, never what is in them', async () => {
    const { id, version } = await upsert({
      profile: { name: 'Анна', email: 'anna@example.com' },
      consents: { marketing: GIVEN },
    });
    await correct({ id, version, profile: { name: 'Анна Ким', email: null }, consents: { marketing: false } });
    await correct({ id, version: 2, profile: { name: 'Анна Ким' } });
    const rows = await audit();
    const who = { actor: DESK, phone: ANNA };
    const told = { member: id, phoneProof: 'none' };
    assert.deepEqual(rows, [
      { ...who, action: 'member.created', after: { ...told, fields: ['name', 'email', 'consents.marketing'] } },
      { ...who, action: 'member.updated', after: { ...told, fields: ['name', 'email', 'consents.marketing'] } },
    ]);
    assert.doesNotMatch(JSON.stringify(rows), /Анна|example/);
  });

  it('tell the loyalty back end of each change of their facts, where there is one', async () => {
    const program = clubWith({ events: { url: 'https://loyalty.example', secret: 'whsec_' } });
    const { id, version } = await upsert({ program, profile: { name: 'Анна' } });
    await upsert({ program, profile: { name: 'Анна' } });
    await correct({ program, id, version, profile: { name: 'Анна Ким' } });
    await correct({ id, version: 2, profile: { name: 'Анна' } });
    const events = await look<{ type: string; subject: string }>(
      store.db,
      sql`SELECT type, subject FROM events ORDER BY id`,
    );
    assert.deepEqual(
      events,
      Array.from({ length: 2 }, () => ({ type: 'member.updated', subject: id })),
    );
  });

  it('are corrected by whoever saw their latest version, and by nobody else', async () => {
    const { id } = await upsert({ profile: { name: 'Ана', birthday: '1990-05-12' }, consents: { sms: GIVEN } });
    const change = { profile: { name: 'Анна', birthday: null }, consents: { sms: false, marketing: true } };
    assert.deepEqual(await correct({ id, version: 2, ...change }), { kind: 'stale' });
    assert.deepEqual(await correct({ id, version: 1, ...change }), { kind: 'corrected', version: 2 });
    assert.deepEqual(await correct({ id, version: 1, ...change }), { kind: 'stale' });
    const [member] = await members();
    assert.deepEqual([member?.name, member?.birthday, member?.consents], ['Анна', null, { marketing: GIVEN }]);
    assert.deepEqual(await correct({ id, version: 2, profile: { name: null } }), { kind: 'corrected', version: 3 });
    assert.equal((await members())[0]?.profile, 'incomplete');
  });

  it('let one of 16 corrections of the same version through', async () => {
    const { id, version } = await upsert();
    const all = Array.from({ length: 16 }, (_, n) =>
      correct({ id, version, profile: { name: `Анна ${'абвгдежзиклмнопр'[n]}` } }),
    );
    const kinds = (await Promise.all(all)).map(({ kind }) => kind);
    assert.deepEqual(kinds.toSorted(), ['corrected', ...Array.from({ length: 15 }, () => 'stale')]);
  });

  it('are of one programme, and are gone once erased', async () => {
    const { id, version } = await upsert({ profile: { name: 'Анна' } });
    const other = { ...CLUB, key: 'bakery' };
    assert.deepEqual(await correct({ program: other, id, version, profile: { name: 'Борис' } }), { kind: 'unknown' });
    assert.equal((await upsert({ program: other })).isNew, true);
    await sql`UPDATE members SET phone = NULL, erased_at = now() WHERE id = ${id}`.execute(store.db);
    assert.deepEqual(await correct({ id, version, profile: { name: 'Борис' } }), { kind: 'unknown' });
    const anew = await upsert();
    assert.ok(anew.isNew && anew.id !== id);
  });
});
