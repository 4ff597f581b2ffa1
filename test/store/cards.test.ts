import assert from 'node:assert/strict';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { CardStatus } from '../../src/activation/world.ts';
import { type BlockResult, blockCard, cardHistory, recordReveal, unblockCard } from '../../src/store/cards.ts';
import { lockCards } from '../../src/store/locks.ts';
import { waitFor } from '../support/wait-for.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { somebodyWaits } from './somebody-waits.ts';

const CARD = '9643001234563452' as CardNumber;
const PHONE = '+79161234567';
const REQUEST = { program: 'club', card: CARD, actor: 'cli:test', reason: 'lost', hasEvents: false };

interface Case {
  readonly status: CardStatus;
  readonly isBound: boolean;
  readonly act: typeof blockCard;
  readonly result: BlockResult;
}

const changed = (from: CardStatus, to: CardStatus): BlockResult => ({ kind: 'changed', from, to });
const CASES: readonly Case[] = [
  { status: 'issued', isBound: false, act: blockCard, result: changed('issued', 'blocked') },
  { status: 'active', isBound: true, act: blockCard, result: changed('active', 'blocked') },
  { status: 'awaiting-check', isBound: false, act: blockCard, result: changed('awaiting-check', 'blocked') },
  { status: 'blocked', isBound: true, act: blockCard, result: { kind: 'unchanged', status: 'blocked' } },
  { status: 'replaced', isBound: false, act: blockCard, result: { kind: 'final' } },
  { status: 'blocked', isBound: true, act: unblockCard, result: changed('blocked', 'active') },
  { status: 'blocked', isBound: false, act: unblockCard, result: changed('blocked', 'issued') },
  { status: 'active', isBound: true, act: unblockCard, result: { kind: 'unchanged', status: 'active' } },
  { status: 'replaced', isBound: false, act: unblockCard, result: { kind: 'final' } },
];

describe('blocking a card', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  for (const { status, isBound, act, result } of CASES) {
    const title = `${act === blockCard ? 'blocking' : 'unblocking'} a card that is ${status}${isBound ? ' and bound' : ''}`;
    it(`${title}: ${result.kind === 'changed' ? `is ${result.to} then, and the audit says why` : result.kind}`, async () => {
      await addCard(status, isBound);
      assert.deepEqual(await act(store.db, REQUEST), result);
      const card = await cardHistory(store.db, 'club', CARD);
      assert.equal(card?.status, result.kind === 'changed' ? result.to : status);
      assert.equal(card?.bindings.filter(({ closedAt }) => closedAt === null).length, isBound ? 1 : 0);
      const events = card?.events.map(({ actor, action, before, after }) => ({ actor, action, before, after }));
      const event = { actor: 'cli:test', action: 'card.status' };
      const change = { before: { status }, after: { status: card?.status, reason: 'lost' } };
      assert.deepEqual(events, result.kind === 'changed' ? [{ ...event, ...change }] : []);
    });
  }

  it('knows no card that the registry does not have', async () => {
    assert.deepEqual(await blockCard(store.db, REQUEST), { kind: 'unknown' });
    assert.equal(await cardHistory(store.db, 'club', CARD), undefined);
  });

  it('waits for a binding that is being made, and sees it', async () => {
    await addCard('blocked', false);
    let unblocking: Promise<BlockResult> | undefined;
    await store.db.transaction().execute(async (trx) => {
      await lockCards(trx, 'club', [CARD]);
      unblocking = unblockCard(store.db, REQUEST);
      await waitFor(() => somebodyWaits(store.db), { what: 'the unblocking to wait for the lock' });
      await trx.insertInto('bindings').values(binding()).execute();
    });
    assert.deepEqual(await unblocking, changed('blocked', 'active'));
  });

  it('blocks once when many do it at once', async () => {
    await addCard('active', true);
    const results = await Promise.all(Array.from({ length: 12 }, () => blockCard(store.db, REQUEST)));
    assert.equal(results.filter(({ kind }) => kind === 'changed').length, 1);
    assert.equal((await cardHistory(store.db, 'club', CARD))?.events.length, 1);
  });

  it('the history of a card tells its bindings and who looked behind the mask, in order', async () => {
    await addCard('active', true);
    await recordReveal(store.db, 'club', CARD, 'cli:anna');
    await blockCard(store.db, REQUEST);
    const card = await cardHistory(store.db, 'club', CARD);
    assert.deepEqual(
      card?.bindings.map(({ phone, proof, actor }) => [phone, proof, actor]),
      [[PHONE, 'sms', 'sms:1']],
    );
    assert.deepEqual(
      card?.events.map(({ action, actor }) => [action, actor]),
      [
        ['card.revealed', 'cli:anna'],
        ['card.status', 'cli:test'],
      ],
    );
  });

  async function addCard(status: CardStatus, isBound: boolean): Promise<void> {
    await store.db.insertInto('cards').values({ program: 'club', number: CARD, status }).execute();
    if (isBound) await store.db.insertInto('bindings').values(binding()).execute();
  }
});

function binding() {
  return { program: 'club', card: CARD, phone: PHONE, proof: 'sms', actor: 'sms:1' } as const;
}
