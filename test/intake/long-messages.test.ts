import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createIntake } from '../../src/intake/intake.ts';
import { readOverdueMessages } from '../../src/intake/part-keeper.ts';
import { createReadings } from '../../src/intake/readings.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Received } from '../../src/providers/provider.ts';
import { GAP } from '../../src/sms/concat.ts';
import type { MessagePart } from '../../src/sms/message.ts';
import { channelOf } from '../support/channel.ts';
import { addCards, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { binder } from '../workers/binder.ts';

const CARD = card(1);

const part = (position: number, text: string, changes: Partial<MessagePart> = {}): Received => {
  const id = `${changes.reference ?? '7'}-${position}`;
  const common = { providerMessageId: id, from: phone(1), to: '2420', reference: '7', total: 3 };
  return { kind: 'part', part: { ...common, position, text, ...changes } };
};

describe('an SMS in parts', () => {
  const store = freshStore();

  /** A process with an intake and a sweeper. */
  function process(channel = channelOf()) {
    const enqueued: string[] = [];
    const metrics = createMetrics();
    const neighbours = {
      db: store.db,
      programs: new Map([['club', CLUB]]),
      lines: new Map([['main', { channel, provider: scriptedProvider(accept) }]]),
      enqueue: { bind: (ids: readonly string[]) => void enqueued.push(...ids) },
      metrics,
      log: createLogger({ level: 'silent' }),
    };
    const intake = createIntake(neighbours);
    return {
      enqueued,
      take: (...received: readonly Received[]) => intake.keep('main', received, Buffer.from('raw')),
      giveUpWaiting: async () => {
        await sql`UPDATE long_messages SET due_at = now()`.execute(store.db);
        await readOverdueMessages(neighbours, createReadings(neighbours), ['main']);
      },
      counted: async (kind: string) => {
        const { values } = await metrics.received.get();
        return values.find(({ labels }) => labels.kind === kind)?.value ?? 0;
      },
    };
  }
  const rows = () =>
    look<{ text: string; intent: { kind: string } | null; outcome: string | null; raw: Buffer | null }>(
      store.db,
      sql`SELECT text, intent, outcome, raw FROM inbox ORDER BY id`,
    );
  const intents = async () => (await rows()).map(({ intent, outcome }) => intent?.kind ?? outcome);

  it('activates the card whose number is cut between two of them, also when another process takes the rest', async () => {
    await addCards(store.db, [{ number: CARD }]);
    const [first, second] = [process(), process()];
    await first.take(part(3, ' спасибо'), part(1, `Карта ${CARD.slice(0, 9)}`));
    assert.deepEqual([await rows(), first.enqueued], [[], []]);
    await second.take(part(2, CARD.slice(9)));
    assert.equal(second.enqueued.length, 1);
    await binder(store.db).bind(second.enqueued);
    assert.deepEqual(await outcomes(store.db), { activated: 1 });
    assert.deepEqual([await first.counted('part'), await second.counted('message')], [2, 1]);
  });

  it('activates the card whose whole number came, when the rest never does, and answers once', async () => {
    await addCards(store.db, [{ number: CARD }]);
    const { take, giveUpWaiting, enqueued, counted } = process();
    await take(part(2, `моя карта ${CARD}`));
    await giveUpWaiting();
    await take(part(1, 'Добрый день, '), part(3, ' Анна'));
    await giveUpWaiting();
    assert.deepEqual([enqueued.length, await counted('incomplete'), await counted('part')], [1, 1, 3]);
    await binder(store.db).bind(enqueued);
    assert.deepEqual(await outcomes(store.db), { activated: 1 });
  });

  it('is never read as a number that two sides of a gap would make', async () => {
    const { take, giveUpWaiting } = process();
    await take(part(1, `карта ${CARD.slice(0, 8)}`), part(3, CARD.slice(8)));
    await giveUpWaiting();
    assert.deepEqual(await intents(), ['none']);
  });

  const halves: readonly [text: string, intent: string][] = [
    ['4217', 'none'],
    ['СТАРТ', 'none'],
    ['help', 'none'],
    ['СТОП, больше не пишите мне', 'stop'],
    ['СТОП', 'stop'],
  ];
  for (const [text, intent] of halves) {
    it(`is ${intent} when nothing but "${text}" of it came`, async () => {
      const { take, giveUpWaiting } = process();
      await take(part(1, text));
      await giveUpWaiting();
      assert.deepEqual(await intents(), [intent]);
    });
  }

  it('proposes no name of which half may be missing', async () => {
    const { take, giveUpWaiting } = process();
    await take(part(1, `${CARD} Мария`));
    await giveUpWaiting();
    assert.deepEqual((await rows())[0]?.intent, { kind: 'card', card: CARD });
  });

  it('is cleaned of what Postgres does not take, and kept as it was beside', async () => {
    const { take, giveUpWaiting } = process();
    await take(part(1, 'a\0\ud83d'), part(2, '\ude00b'));
    await giveUpWaiting();
    const text = `a\0\ud83d\ude00b${GAP}`;
    const [row] = await rows();
    assert.deepEqual([row?.text, row?.raw], [`a😀b${GAP}`, Buffer.from(text, 'utf16le').swap16()]);
  });

  it('of a sender who cannot take part is kept, and nobody is answered', async () => {
    const { take, enqueued } = process();
    await take(...[1, 2, 3].map((position) => part(position, 'Sale! ', { from: 'SHOP' })));
    assert.deepEqual([await intents(), enqueued], [['unsupported-sender'], []]);
  });

  it('picks its programme by the keyword of its first part, whichever comes first', async () => {
    const routes = [{ keyword: 'coffee', program: 'gone' }, { program: 'club' }] as const;
    const { take } = process(channelOf({ routes }));
    await take(part(2, `card ${CARD}`, { total: 2 }), part(1, 'coffee ', { total: 2 }));
    assert.deepEqual(await intents(), ['unsupported-sender']);
  });

  for (const [position, total] of [
    [0, 2],
    [3, 2],
    [1.5, 2],
    [1, 256],
    [Number.NaN, 2],
  ] as const) {
    it(`is unreadable where a part is the ${position} of ${total}`, async () => {
      const { take, counted } = process();
      await take(part(position, 'x', { total }));
      assert.deepEqual([await intents(), await counted('unreadable')], [['unreadable'], 1]);
    });
  }

  it('is refused whole when the database is away, so that the provider sends it again', async () => {
    const { take } = process();
    await sql`ALTER TABLE message_parts RENAME TO away`.execute(store.db);
    await assert.rejects(take(part(1, 'a')));
    await sql`ALTER TABLE away RENAME TO message_parts`.execute(store.db);
    assert.deepEqual(await look(store.db, sql`SELECT FROM long_messages`), []);
    await take(part(1, 'a'));
  });
});
