import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { look } from '../support/club.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';
import { channelOf } from './call.ts';
import { type Door, type DoorsService, replyTo, startDoors, type TakenSms, TWO_SIDED } from './doors-service.ts';
import { digits } from './kept-by.ts';
import type { SpokenReceipt } from './subject.ts';
import { type CalledProvider, SUBJECTS } from './subjects.ts';

type Told = SpokenReceipt['status'];

describe('every door: a customer texts a card, the reply leaves, its receipts come', () => {
  let running: DoorsService;
  /** Each customer has a phone and a card of their own. */
  let customers = 0;

  before(async function () {
    this.timeout(60_000);
    running = await startDoors();
  });
  afterEach(() => {
    for (const door of running.doors.values()) door.beforeAnswer = undefined;
  });
  after(() => running.stop());

  for (const name of TWO_SIDED) describe(`through ${name}`, () => throughDoor(name));

  function throughDoor(name: CalledProvider): void {
    const door = () => running.doors.get(name) ?? assert.fail(`no door of ${name}`);
    const customer = () => {
      const n = customers++;
      return { from: phone(n), id: randomUUID(), text: `Карта № ${card(n)}, спасибо 😀` };
    };
    const status = async (of: string) => (await replyTo(running.service, of)).status;

    it('a card number is answered once, that the card is active, from the address that was texted', async () => {
      const sms = customer();
      assert.ok((await door().text(sms)) < 300);
      const reply = await nextReply(door(), sms.from, 1);
      assert.equal(digits(reply.from), digits(door().address));
      assert.deepEqual(await outcomesOf(sms.from), ['activated']);
      await becomes(sms.from, 'accepted');
    });

    it('the same call again makes no second SMS and no second reply', async () => {
      const sms = customer();
      for (let time = 0; time < 3; time += 1) assert.ok((await door().text(sms)) < 300);
      await nextReply(door(), sms.from, 1);
      assert.ok((await door().text(sms)) < 300);
      // Another SMS of this customer's ends the wait for replies that must not come.
      assert.ok((await door().text({ ...sms, id: randomUUID() })) < 300);
      await nextReply(door(), sms.from, 2);
      assert.deepEqual(await outcomesOf(sms.from), ['activated', 'already-active']);
      assert.equal(repliesTo(door(), sms.from).length, 2);
    });

    if (SUBJECTS[name].parts !== undefined) {
      it('a card number torn between the parts of a long SMS activates, in whatever order they come', async () => {
        for (const order of [
          [0, 1, 2],
          [2, 0, 1],
          [1, 1, 2, 2, 0],
        ]) {
          const { text, ...sms } = customer();
          const parts = [text.slice(0, 12), text.slice(12, 19), text.slice(19)];
          await door().textParts(sms, parts, order);
          await nextReply(door(), sms.from, 1);
          assert.deepEqual(await outcomesOf(sms.from), ['activated']);
        }
      });
    }

    if (SUBJECTS[name].brokenBatch !== undefined) {
      it('a batch with one bad element: everybody else is answered, and the bad one is kept once, however often it comes', async () => {
        const three = [customer(), customer(), customer()];
        const unread = async () => (await unreadableOn(name)).length;
        const before = await unread();
        for (let time = 0; time < 2; time += 1) assert.ok((await door().textBrokenBatch(three, 1)) < 300);
        for (const { from } of [three[0], three[2]].flatMap((sms) => sms ?? [])) {
          await nextReply(door(), from, 1);
          assert.deepEqual(await outcomesOf(from), ['activated']);
        }
        assert.equal(await unread(), before + 1);
      });
    }

    if (SUBJECTS[name].receipt === undefined) return;

    const orders: readonly [about: string, receipts: readonly Told[], ends: string][] = [
      ['in order', ['sent', 'delivered'], 'delivered'],
      ['out of order', ['delivered', 'sent'], 'delivered'],
      ['twice', ['sent', 'delivered', 'sent', 'delivered'], 'delivered'],
    ];
    for (const [about, receipts, ends] of orders) {
      it(`receipts that come ${about}: the reply ends ${ends}, and never goes back`, async () => {
        const sms = customer();
        await door().text(sms);
        const taken = await nextReply(door(), sms.from, 1);
        await becomes(sms.from, 'accepted');
        let isDelivered = false;
        for (const told of receipts) {
          await report(taken, told);
          isDelivered ||= told === 'delivered';
          if (isDelivered) assert.equal(await status(sms.from), 'delivered');
        }
        assert.equal(await status(sms.from), ends);
      });
    }

    it('receipts that come before our own send is answered: the reply ends delivered all the same', async () => {
      const sms = customer();
      let told = 0;
      door().beforeAnswer = async (taken) => {
        if (taken.to.includes(digits(sms.from))) {
          for (const each of ['sent', 'delivered'] as const) await report(taken, each);
          told += 2;
        }
      };
      await door().text(sms);
      await waitFor(() => told === 2, { what: 'both receipts to be told' });
      const { id } = await replyTo(running.service, sms.from);
      await waitFor(() => isRecorded(id), { what: "our own send's answer to be recorded" });
      await becomes(sms.from, 'delivered');
      assert.equal(repliesTo(door(), sms.from).length, 1);
    });

    it('a receipt for something that is not ours is acknowledged and changes nothing', async () => {
      const sms = customer();
      await door().text(sms);
      await nextReply(door(), sms.from, 1);
      await becomes(sms.from, 'accepted');
      const stranger = { replyId: '999999999999', providerMessageId: randomUUID(), to: sms.from };
      assert.ok((await door().report({ ...stranger, status: 'delivered' })) < 300);
      assert.equal(await status(sms.from), 'accepted');
    });

    async function report({ providerMessageId, to }: TakenSms, told: Told): Promise<void> {
      const { id: replyId } = await replyTo(running.service, `+${digits(to)}`);
      const answered = await door().report({ replyId, providerMessageId, status: told, to: `+${digits(to)}` });
      assert.ok(answered < 300, `a receipt was answered ${answered}`);
    }

    async function becomes(of: string, wanted: string): Promise<void> {
      await waitFor(async () => (await status(of)) === wanted, { what: `the reply to become ${wanted}` });
    }
  }

  function isRecorded(replyId: string): boolean {
    return running.service.logLines.some(
      (line) => line.includes('"Reply attempted"') && line.includes(`"replyId":"${replyId}"`),
    );
  }

  function repliesTo({ taken }: Door, from: string): readonly TakenSms[] {
    return taken.filter(({ to }) => digits(to) === digits(from));
  }

  /** The newest reply to a phone, once there are so many. */
  async function nextReply(door: Door, from: string, count: number): Promise<TakenSms> {
    await waitFor(() => repliesTo(door, from).length >= count, { what: `reply ${count} to leave` });
    assert.equal(repliesTo(door, from).length, count);
    return repliesTo(door, from).at(-1) ?? assert.fail();
  }

  async function unreadableOn(name: CalledProvider): Promise<readonly object[]> {
    const { key } = channelOf(name);
    return await look(running.service.db, sql`SELECT FROM inbox WHERE channel = ${key} AND outcome = 'unreadable'`);
  }

  async function outcomesOf(from: string): Promise<string[]> {
    const query = sql`SELECT outcome FROM inbox WHERE sender = ${from} ORDER BY id`;
    return (await look<{ outcome: string }>(running.service.db, query)).map(({ outcome }) => outcome);
  }
});
