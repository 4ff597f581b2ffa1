import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { REPLY_STATUS_RANK, type ReplyStatus } from '../../src/sms/message.ts';
import { type AttemptResult, claimReplies, recordAttempts } from '../../src/store/replies.ts';
import { freshStore } from '../support/fresh-store.ts';
import { card, phone } from '../support/world.ts';
import { addReplies, optedOut, recordAsTaken, repliesIn } from './outbox.ts';

const recorded = (id: string, result: AttemptResult) => ({ id, text: 'Hello', segments: 1, result });
const ACCEPTED: AttemptResult = { kind: 'accepted', providerMessageId: 'SM1' };
const OPT_OUT: AttemptResult = { kind: 'failed', errorCode: '21610', isOptOut: true };
const later = (isAttempt: boolean): AttemptResult => ({ kind: 'later', delayMs: 30_000, isAttempt, errorCode: 'busy' });

describe('the outbox', () => {
  const store = freshStore();

  it('gives each reply to one of sixteen who claim it at once', async () => {
    const { db } = store;
    const ids = await addReplies(
      db,
      Array.from({ length: 40 }, () => ({})),
    );
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, n) => claimReplies(db, 'main', n % 2 === 0 ? ids : ids.toReversed())),
    );
    const claimed = claims.flat().map(({ id }) => id);
    assert.deepEqual(
      claimed.toSorted((a, b) => Number(a) - Number(b)),
      ids,
    );
    for (const row of await repliesIn(db)) {
      assert.deepEqual([row.status, row.attempts, row.swept_in], ['sending', 1, 60]);
    }
  });

  it('gives out only what is queued and due', async () => {
    const { db } = store;
    const statuses = Object.keys(REPLY_STATUS_RANK) as ReplyStatus[];
    const ids = await addReplies(db, [...statuses.map((status) => ({ status })), {}]);
    await sql`UPDATE replies SET next_attempt_at = now() + interval '1 minute' WHERE id = ${ids.at(-1)}`.execute(db);
    assert.deepEqual(
      (await claimReplies(db, 'main', ids)).map(({ id }) => id),
      [ids[statuses.indexOf('queued')]],
    );
  });

  it('gives out the facts with their dates, and who opted out since', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{}, { recipient: phone(1) }]);
    const facts = { card: card(1), code: '0042', expiresAt: new Date('2024-05-01T12:15:00Z') };
    await sql`UPDATE replies SET variables = ${JSON.stringify(facts)}::jsonb WHERE id = ${ids[0]}`.execute(db);
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone(1)}, now()),
      ('other', ${phone(0)}, now())`.execute(db);
    const claimed = await claimReplies(db, 'main', ids);
    assert.deepEqual(
      claimed.map((one) => [one.facts, one.is_opted_out]),
      [
        [facts, false],
        [{}, true],
      ],
    );
  });

  const results: readonly [string, AttemptResult, Partial<Record<string, unknown>>][] = [
    ['an acceptance', ACCEPTED, { status: 'accepted', attempts: 1, provider_message_id: 'SM1', isAccepted: true }],
    ['a wait that is an attempt', later(true), { status: 'queued', attempts: 1, error_code: 'busy', due_in: 30 }],
    [
      'a wait that is none',
      later(false),
      { status: 'queued', attempts: 0, error_code: 'busy', due_in: 30, swept_in: 38 },
    ],
    ['a refusal', OPT_OUT, { status: 'failed', attempts: 1, error_code: '21610', isFinished: true }],
    [
      'no answer',
      { kind: 'unknown', errorCode: 'timeout', waitMs: 600_000 },
      { status: 'unknown', attempts: 1, swept_in: 600 },
    ],
  ];
  for (const [what, result, expected] of results) {
    it(`writes ${what} down`, async () => {
      const { db } = store;
      const ids = await addReplies(db, [{}]);
      await claimReplies(db, 'main', ids);
      await recordAsTaken(
        db,
        ids.map((id) => recorded(id, result)),
      );
      const [row] = await repliesIn(db);
      for (const [key, value] of Object.entries(expected)) assert.equal(row?.[key as keyof typeof row], value, key);
      assert.equal(row?.text, 'Hello');
    });
  }

  for (const status of ['accepted', 'sent', 'delivered', 'undelivered', 'failed', 'read'] as const) {
    it(`never moves a reply back from ${status} that a receipt brought there first`, async () => {
      const { db } = store;
      const all = [ACCEPTED, later(true), OPT_OUT, { kind: 'unknown', errorCode: 'timeout', waitMs: 600_000 } as const];
      const ids = await addReplies(
        db,
        all.map(() => ({ status })),
      );
      await recordAsTaken(
        db,
        ids.map((id, n) => recorded(id, all[n] ?? ACCEPTED)),
      );
      const rows = await repliesIn(db);
      assert.deepEqual(
        rows.map((row) => row.status),
        all.map(() => status),
      );
      assert.ok(rows.every((row) => !row.isFinished));
      assert.equal(rows[0]?.provider_message_id, 'SM1');
    });
  }

  it('takes the late acceptance of a worker that was thought dead, and nothing else of it', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{ status: 'unknown' }, { status: 'unknown' }, { status: 'unknown' }]);
    const [first = '', second = '', third = ''] = ids;
    await recordAsTaken(db, [recorded(first, ACCEPTED), recorded(second, later(true)), recorded(third, OPT_OUT)]);
    const rows = await repliesIn(db);
    assert.deepEqual(
      rows.map((row) => row.status),
      ['accepted', 'unknown', 'unknown'],
    );
    assert.deepEqual(await claimReplies(db, 'main', ids), [], 'what may have been sent is not sent again');
  });

  const moved: AttemptResult = {
    kind: 'moved',
    to: { channel: 'backup', sender: '7000' },
    why: 'circuit',
    errorCode: 'busy',
  };
  const writtenAgain: readonly [string, AttemptResult][] = [
    ['a wait that is none', { ...later(false), delayMs: 0 } as AttemptResult],
    ['a wait that is an attempt', { ...later(true), delayMs: 0 } as AttemptResult],
    ['a move to another channel', moved],
  ];
  for (const [what, result] of writtenAgain) {
    it(`leaves a reply with the worker that has it when ${what} is written again, whose first time was done`, async () => {
      const { db } = store;
      const ids = await addReplies(db, [{}]);
      const [first] = await claimReplies(db, 'main', ids);
      const outcome = ids.map((id) => ({ ...recorded(id, result), attemptedAt: first?.attempted_at ?? '' }));
      await recordAttempts(db, outcome);
      const channel = result.kind === 'moved' ? result.to.channel : 'main';
      const [second] = await claimReplies(db, channel, ids);
      const before = await repliesIn(db);
      assert.deepEqual([before[0]?.status, before[0]?.attempts], ['sending', second?.attempts]);
      await recordAttempts(db, outcome);
      assert.deepEqual(await repliesIn(db), before);
      assert.deepEqual(await claimReplies(db, channel, ids), [], 'nobody else sends it meanwhile');
      await recordAttempts(
        db,
        ids.map((id) => ({ ...recorded(id, ACCEPTED), attemptedAt: second?.attempted_at ?? '' })),
      );
      assert.equal((await repliesIn(db))[0]?.status, 'accepted');
    });
  }

  it('remembers the opt-out of a phone that the provider refused, also for two replies at once', async () => {
    const { db } = store;
    const recipients = [phone(0), phone(0), phone(1), phone(2)];
    const ids = await addReplies(
      db,
      recipients.map((recipient) => ({ recipient })),
    );
    await sql`INSERT INTO phones (program, phone) VALUES ('club', ${phone(0)})`.execute(db);
    await claimReplies(db, 'main', ids);
    const refused: AttemptResult = { kind: 'failed', errorCode: '21211', isOptOut: false };
    await recordAsTaken(
      db,
      ids.map((id, n) => recorded(id, n < 3 ? OPT_OUT : refused)),
    );
    assert.deepEqual(await optedOut(db), [phone(0), phone(1)]);
  });
});
