import assert from 'node:assert/strict';
import { decidePack } from '../../src/activation/decide-pack.ts';
import type { BindRequest } from '../../src/activation/decision.ts';
import type { Intent } from '../../src/activation/intent.ts';
import { type CardStatus, NotLoaded } from '../../src/activation/world.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { CLUB, card, phone, phoneOf, worldOf } from '../support/world.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const PHONES = [phone(0), phone(1), phone(2), phone(3)] as const;

function request(from: Msisdn, intent: Intent, changes: Partial<BindRequest> = {}): BindRequest {
  return { from, intent, now: NOW, freshCode: '1234', ...changes };
}

const asksFor = (from: Msisdn, n: number) => request(from, { kind: 'card', card: card(n) });
const answers = (from: Msisdn, code: string) => request(from, { kind: 'code', code });

describe('decidePack', () => {
  it('lets each decision see what the ones before it changed', () => {
    const world = worldOf(
      [{ number: card(0), status: 'issued', holder: undefined }],
      PHONES.map((one) => phoneOf(one)),
    );
    const { decided } = decidePack([asksFor(phone(0), 0), asksFor(phone(1), 0), asksFor(phone(0), 0)], world, CLUB);
    assert.deepEqual(
      decided.map(({ decision }) => decision.outcome),
      ['activated', 'card-has-another-phone', 'already-active'],
    );
  });

  it('leaves what would undo a binding of the same pack, and all that came after it, for the next pack', () => {
    const statuses: CardStatus[] = ['issued', 'issued', 'issued'];
    const cards = statuses.map((status, n) => ({ number: card(n), status, holder: undefined }));
    const world = worldOf(
      cards,
      PHONES.map((one) => phoneOf(one)),
    );
    const pack = [asksFor(phone(0), 0), asksFor(phone(0), 1), answers(phone(0), '1234'), asksFor(phone(1), 2)];
    const { decided, rest } = decidePack(pack, world, CLUB);
    assert.deepEqual(
      decided.map(({ decision }) => decision.outcome),
      ['activated', 'phone-has-another-card'],
    );
    assert.deepEqual(rest, pack.slice(2));
    assert.equal(decidePack(rest, world, CLUB).decided[0]?.decision.outcome, 'switched');
  });

  it('sets a request aside that the rule fails on, and its neighbours go through', () => {
    const world = worldOf(
      [{ number: card(0), status: 'issued', holder: undefined }],
      PHONES.map((one) => phoneOf(one)),
    );
    const nonsense = request(phone(1), { kind: 'nonsense' } as unknown as Intent);
    const { decided, failed } = decidePack(
      [request(phone(0), { kind: 'help' }), nonsense, asksFor(phone(2), 0)],
      world,
      CLUB,
    );
    assert.deepEqual(
      failed.map((one) => one.request),
      [nonsense],
    );
    assert.deepEqual(
      decided.map(({ decision }) => decision.outcome),
      ['help', 'activated'],
    );
  });

  it('says at once all that a pack turned out to need, so that a pack of many holders is loaded in few rounds', () => {
    const holders = [10, 11, 12, 13].map(phone);
    const cards = holders.map((holder, n) => ({ number: card(n), status: 'active' as const, holder }));
    const world = worldOf(
      cards,
      PHONES.map((one) => phoneOf(one)),
    );
    assert.throws(
      () =>
        decidePack(
          PHONES.map((from, n) => asksFor(from, n)),
          world,
          CLUB,
        ),
      (error) => error instanceof NotLoaded && holders.every((one) => error.phones.includes(one)),
    );
  });
});
