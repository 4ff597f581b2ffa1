import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { type KyselyPlugin, sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type CodeWanted, startWithCode } from '../../src/store/confirm.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { card as cardNumber, phone as phoneNumber } from '../support/world.ts';
import { openScene, type Scene } from './scene.ts';

/** Who may hide behind a registration: what is told before the code is the same for all. */
const SITUATIONS = [
  'all is free',
  'nobody knows them',
  'the card is taken',
  'the phone has a card',
  'the card is blocked',
] as const;

type Situation = (typeof SITUATIONS)[number];

describe('before the code comes back, the website', () => {
  let scene: Scene;
  let given = 500_000;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());

  /** A pair of its own for each request. */
  async function pair(situation: Situation): Promise<{ card: CardNumber; phone: Msisdn }> {
    given += 1;
    const unknown = { card: cardNumber(given), phone: phoneNumber(given) };
    if (situation === 'nobody knows them') return unknown;
    const card = await scene.freshCard();
    if (situation === 'the card is taken')
      await scene.till.post('/v1/activations', { card, phone: scene.freshPhone() });
    if (situation === 'the card is blocked')
      await scene.ask(sql`UPDATE cards SET status = 'blocked' WHERE number = ${card}`);
    if (situation !== 'the phone has a card') return { card, phone: unknown.phone };
    await scene.till.post('/v1/activations', { card: await scene.freshCard(), phone: unknown.phone });
    return { card, phone: unknown.phone };
  }

  it('answers in one shape', async () => {
    const shapes = new Set<string>();
    for (const situation of SITUATIONS) {
      const { status, body, headers } = await scene.website.post('/v1/registrations', await pair(situation));
      const fields = Object.entries(body).map(
        ([name, value]) => `${name}:${String(value).replaceAll(/[0-9a-f]/g, '0')}`,
      );
      const names = [...headers.keys()].filter((name) => name !== 'ratelimit');
      shapes.add([status, ...fields, ...names, headers.get('content-length')].join('\n'));
    }
    assert.equal(shapes.size, 1, [...shapes].join('\n\n'));
  });

  it('does the same statements', async () => {
    const { db, settings } = scene.service;
    const program = settings.programs.get('club');
    assert.ok(program);
    const counts = new Set<number>();
    for (const situation of SITUATIONS) {
      const wanted = await pair(situation);
      let statements = 0;
      const counter: KyselyPlugin = {
        transformQuery: ({ node }) => {
          statements += 1;
          return node;
        },
        transformResult: ({ result }) => Promise.resolve(result),
      };
      const counting = db.withPlugin(counter);
      const now = new Date();
      const quota = createReplyQuota(db, () => now);
      const line = { channel: 'twilio-main', address: '+14155550100' };
      const route = { from: line, addressBlock: '192.0.2.0/24', isTextable: () => true, now };
      const who: Pick<CodeWanted, 'program' | 'way' | 'shop' | 'actor'> = {
        program,
        way: 'website',
        shop: undefined,
        actor: 'key:test',
      };
      const texting = { db: counting, quota, enqueue: { send: () => undefined } };
      assert.equal((await startWithCode(texting, { ...who, ...wanted, ...route })).kind, 'code-sent');
      counts.add(statements);
    }
    assert.equal(counts.size, 1);
    assert.ok([...counts].every((count) => count > 0));
  });

  it('takes no more and no less time', async function () {
    this.timeout(60_000);
    const rounds: { situation: Situation; body: object }[] = [];
    for (let round = 0; round < 40; round += 1) {
      // Each begins as often as the others: what a request leaves to do slows down the next.
      const order = [...SITUATIONS.slice(round % SITUATIONS.length), ...SITUATIONS.slice(0, round % SITUATIONS.length)];
      rounds.push(...(await Promise.all(order.map(async (situation) => ({ situation, body: await pair(situation) })))));
    }
    await scene.allSent();
    const times = new Map<Situation, number[]>(SITUATIONS.map((situation) => [situation, []]));
    for (const { situation, body } of rounds) {
      const began = performance.now();
      const { status } = await scene.website.post('/v1/registrations', body);
      times.get(situation)?.push(performance.now() - began);
      assert.equal(status, 202);
    }
    const free = times.get('all is free') ?? [];
    for (const [situation, taken] of times) {
      // 0.6 comes about by chance once in a million tries; a lookup more or less gives 0.9.
      assert.ok(kolmogorovSmirnov(free, taken) < 0.6, `${situation} can be told by its time`);
    }
  });
});

/** The largest distance between the distributions of two samples, from 0 to 1. */
function kolmogorovSmirnov(one: readonly number[], other: readonly number[]): number {
  const share = (sample: readonly number[], at: number) => sample.filter((value) => value <= at).length / sample.length;
  return Math.max(...[...one, ...other].map((at) => Math.abs(share(one, at) - share(other, at))));
}
