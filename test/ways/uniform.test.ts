import assert from 'node:assert/strict';
import type { CardNumber } from '../../src/activation/card-number.ts';
import { type ApiAnswer, type ApiCaller, apiCaller } from '../support/api-caller.ts';
import { addCards } from '../support/club.ts';
import { card, phone } from '../support/world.ts';
import { openScene, type Scene } from './scene.ts';

const [FREE, TAKEN] = [card(900_000), card(900_001)];

/** Cards that cannot be had, and what is the matter with each. */
const CARDS: readonly (readonly [CardNumber, code: string])[] = [
  [TAKEN, 'card-has-another-phone'],
  [card(900_002), 'card-blocked'],
  [card(900_003), 'card-blocked'],
  [card(900_004), 'card-awaiting-check'],
  [card(900_005), 'unknown-card'],
];

describe('in a programme with replyMode uniform', () => {
  let scene: Scene;
  let website: ApiCaller;
  let till: ApiCaller;
  let operator: ApiCaller;
  before(async () => {
    scene = await openScene();
    const caller = (scope: 'activations:enrol' | 'activations:activate' | 'cases:resolve', shop?: string) =>
      apiCaller(scene.service, { scopes: [scope], program: 'discreet', ...(shop !== undefined && { shop }) });
    website = await caller('activations:enrol');
    till = await caller('activations:activate', 'north');
    operator = await caller('cases:resolve');
    const cards = [
      { number: FREE },
      { number: TAKEN, holder: phone(900_000) },
      { number: card(900_002), status: 'blocked' },
      { number: card(900_003), status: 'replaced' },
      { number: card(900_004), status: 'awaiting-check' },
    ] as const;
    await addCards(scene.service.db, cards, 'discreet');
  });
  after(() => scene.close());

  /** Registers a card with one's own phone and sends the code back, as anybody with the key of the page may. */
  async function register(number: CardNumber): Promise<ApiAnswer & { readonly id: string }> {
    const own = scene.freshPhone();
    const begun = await website.post('/v1/registrations', { card: number, phone: own });
    const { id } = begun.body;
    return { id, ...(await website.post(`/v1/registrations/${id}/confirm`, { code: await scene.code(own) })) };
  }

  it('the right code on the website does not tell cards that cannot be had from each other', async () => {
    const told = new Set<string>();
    for (const [number] of CARDS) {
      const { status, body, headers } = await register(number);
      assert.equal(body.code, 'card-not-accepted');
      told.add(JSON.stringify([status, body, [...headers.keys()].toSorted(), headers.get('content-length')]));
    }
    assert.equal(told.size, 1, [...told].join('\n'));
  });

  it('a card that can be had is theirs', async () => {
    assert.equal((await register(FREE)).body.outcome, 'activated');
  });

  it('an operator and a till are told what is the matter', async () => {
    for (const [number, code] of CARDS) {
      const { id } = await register(number);
      const { state, outcome } = (await operator.get(`/v1/activations/${id}`)).body;
      assert.deepEqual([state, outcome], ['refused', code]);
      const asked = await till.post('/v1/activations', { card: number, phone: scene.freshPhone() });
      assert.equal(asked.body.code, code);
    }
  });
});
