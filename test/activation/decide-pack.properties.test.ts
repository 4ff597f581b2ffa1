import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../src/activation/decide.ts';
import { decidePack, type PackDecisions } from '../../src/activation/decide-pack.ts';
import type { BindRequest } from '../../src/activation/decision.ts';
import type { Intent } from '../../src/activation/intent.ts';
import type { Program } from '../../src/activation/program.ts';
import type { CardStatus, LiveWorld } from '../../src/activation/world.ts';
import type { OptOutKind } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { CLUB, card, clubWith, phone, phoneOf, worldOf } from '../support/world.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const PHONES = [phone(0), phone(1), phone(2), phone(3)] as const;
const CARDS = [card(0), card(1), card(2), card(3), card(4)] as const;

/** What a phone may text; a code is taken from an offer that is live when the text is decided. */
type Text = { from: number; wait: number; code: number } & (
  | { says: 'card'; card: number }
  | { says: 'own code' | 'code of another' | 'wrong code' }
  | { says: 'stop' | 'start' | 'help'; isAnswered: boolean }
  | { says: 'mistyped' | 'none' }
);

const person = { from: fc.nat(3), wait: fc.constantFrom(0, 0, 0, 1, 4, 16), code: fc.nat(9_999) };
const text: fc.Arbitrary<Text> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...person, says: fc.constant('card' as const), card: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ ...person, says: fc.constant('own code' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ ...person, says: fc.constantFrom('code of another' as const, 'wrong code' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...person,
      says: fc.constantFrom('stop' as const, 'start' as const, 'help' as const),
      isAnswered: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...person, says: fc.constantFrom('mistyped' as const, 'none' as const) }) },
);
const scene = fc.record({
  packs: fc.array(fc.array(text, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 }),
  statuses: fc.tuple(...CARDS.map(() => fc.constantFrom<CardStatus>('issued', 'issued', 'active', 'blocked'))),
  holders: fc.uniqueArray(fc.nat(4), { minLength: 0, maxLength: 4 }),
  replyMode: fc.constantFrom('friendly' as const, 'uniform' as const),
  ask: fc.constantFrom('ask-holder' as const, 'support' as const),
});

interface Played {
  readonly requests: readonly BindRequest[];
  readonly before: LiveWorld;
  readonly after: LiveWorld;
  readonly result: PackDecisions<BindRequest>;
  readonly club: Program;
}

/** Plays the packs one after another, with what was left for the next pack at its head, and shows each to `check`. */
function play(
  { packs, statuses, holders, replyMode, ask }: typeof scene extends fc.Arbitrary<infer S> ? S : never,
  check: (played: Played) => void,
): void {
  const rebind = { phoneHasAnotherCard: 'code', cardHasAnotherPhone: ask } as const;
  const limits = { ...CLUB.limits, attempts: 30, repliesPerDay: 100 };
  const club = clubWith({ replyMode, rebind, limits });
  const cards = statuses.map((status, n) => {
    const at = holders.indexOf(n);
    return { number: card(n), status: at < 0 ? status : 'active', holder: at < 0 ? undefined : PHONES[at] } as const;
  });
  const world = worldOf(
    cards,
    PHONES.map((one) => phoneOf(one)),
  );
  let now = NOW.getTime();
  let waiting: readonly BindRequest[] = [];
  for (const texts of [...packs, [], [], []]) {
    now += Math.max(0, ...texts.map(({ wait }) => wait)) * 60_000;
    const requests = [...waiting, ...texts.map((one) => toRequest(one, world, new Date(now)))];
    const before = structuredClone(world);
    const result = decidePack(requests, world, club);
    waiting = result.rest;
    check({ requests, before, after: world, result, club });
  }
}

function toRequest(text: Text, world: LiveWorld, now: Date): BindRequest {
  const freshCode = String(text.code).padStart(4, '0');
  const offerOf = (at: number) => world.phones.get(PHONES[at] ?? PHONES[0])?.offer?.code ?? freshCode;
  const intentOf = (): Intent => {
    switch (text.says) {
      case 'card':
        return { kind: 'card', card: card(text.card) };
      case 'own code':
        return { kind: 'code', code: offerOf(text.from) };
      case 'code of another':
        return { kind: 'code', code: offerOf((text.from + 1) % 4) };
      case 'wrong code':
        return { kind: 'code', code: 'none' };
      case 'mistyped':
        return { kind: 'mistyped', fault: 'length' };
      case 'none':
      case 'stop':
      case 'start':
      case 'help':
        return { kind: text.says };
      default:
        return text satisfies never;
    }
  };
  const optOut = 'isAnswered' in text && text.isAnswered ? (text.says.toUpperCase() as OptOutKind) : undefined;
  return { from: PHONES[text.from] ?? PHONES[0], intent: intentOf(), optOut, now, freshCode };
}

/** Holds for every sequence of texts, codes among them, from four phones about five cards. */
function always(name: string, watch: () => (played: Played) => void): void {
  it(name, () =>
    fc.assert(
      fc.property(scene, (one) => play(one, watch())),
      { numRuns: 300 },
    ),
  );
}

describe('any sequence of texts', () => {
  always('never gives a card two phones or a phone two cards', () => ({ after }) => {
    const held = [...after.cards.values()].filter((one) => one?.holder !== undefined);
    const holders = held.map((one) => one?.holder);
    assert.equal(new Set(holders).size, holders.length);
    const having = [...after.phones.values()].filter((one) => one.card !== undefined);
    assert.deepEqual(
      new Map(having.map((one) => [one.card, one.number])),
      new Map(held.map((one) => [one?.number, one?.holder])),
    );
  });

  always('closes a binding only for the right code from the phone that loses the card', () => ({ result, before }) => {
    const codes = new Map([...before.phones.values()].map((one) => [one.number, one.offer?.code]));
    for (const {
      request: { from, intent },
      decision,
    } of result.decided) {
      for (const change of decision.changes) {
        if (change.kind === 'close-binding') {
          assert.equal(change.phone, from);
          assert.equal(intent.kind === 'code' && intent.code, codes.get(from));
        }
        if (change.kind === 'make-offer') codes.set(change.phone, change.offer.code);
      }
    }
  });

  always('texts nobody who opted out, but for the one confirmation', () => {
    const out = new Set<Msisdn>();
    return ({ result }) => {
      for (const { decision } of result.decided) {
        for (const change of decision.changes) {
          if (change.kind === 'set-opt-out' && !change.isOptedOut) out.delete(change.phone);
        }
        for (const { to } of decision.replies) assert.ok(!out.has(to));
        for (const change of decision.changes)
          if (change.kind === 'set-opt-out' && change.isOptedOut) out.add(change.phone);
      }
    };
  });

  always('makes at most five replies to a phone in any ten minutes', () => {
    const times = new Map<Msisdn, number[]>();
    return ({ result }) => {
      for (const {
        request: { now },
        decision,
      } of result.decided) {
        for (const { to } of decision.replies) {
          const all = [...(times.get(to) ?? []), now.getTime()];
          times.set(to, all);
          assert.ok(all.filter((at) => at > now.getTime() - 600_000).length <= 5);
        }
      }
    };
  });

  always('stays within the replies of the day', () => ({ before, after, result }) => {
    const made = result.decided.flatMap(({ decision }) => decision.replies).length;
    assert.equal(after.repliesLeft, before.repliesLeft - made);
    assert.ok(after.repliesLeft >= 0);
  });

  always(
    'ends every request in exactly one of decided, failed and rest, in order, and moves on',
    () =>
      ({ requests, result }) => {
        const { decided, failed, rest } = result;
        assert.deepEqual(failed, []);
        assert.deepEqual([...decided.map((one) => one.request), ...rest], requests);
        assert.ok(requests.length === 0 || decided.length > 0);
      },
  );

  always('answers or says why not', () => ({ result }) => {
    for (const {
      request: { from },
      decision,
    } of result.decided) {
      assert.equal(
        decision.replies.some(({ to }) => to === from),
        decision.silence === undefined,
      );
    }
  });

  always('tells nobody anything of another phone’s card but what they texted themselves', () => {
    const known = new Map<Msisdn, Set<string>>();
    return ({ before, result }) => {
      const knows = (who: Msisdn, number?: string) => {
        const all = known.get(who) ?? new Set();
        known.set(who, number === undefined ? all : all.add(number));
        return all;
      };
      for (const one of before.phones.values()) knows(one.number, one.card);
      for (const {
        request: { from, intent },
        decision,
      } of result.decided) {
        if (intent.kind === 'card') knows(from, intent.card);
        for (const change of decision.changes) if (change.kind === 'open-binding') knows(change.phone, change.card);
        for (const { to, facts } of decision.replies) {
          for (const number of [facts.card, facts.otherCard]) {
            if (number !== undefined) assert.ok(knows(to).has(number));
          }
        }
      }
    };
  });

  it('decides without changing the world, and the same again', () => {
    fc.assert(
      fc.property(scene, (one) =>
        play(one, ({ requests, before, club }) => {
          for (const each of requests) {
            const copy = structuredClone(before);
            const decision = decide(each, copy, club);
            assert.deepEqual(copy, before);
            assert.deepEqual(decide(each, copy, club), decision);
          }
        }),
      ),
      { numRuns: 60 },
    );
  });
});
