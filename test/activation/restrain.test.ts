import assert from 'node:assert/strict';
import { type BindRequest, say } from '../../src/activation/decision.ts';
import { mayReply, restrain } from '../../src/activation/restrain.ts';
import type { Phone } from '../../src/activation/world.ts';
import { CLUB, card, phone, phoneOf, worldOf } from '../support/world.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const times = (count: number, minutes: number) => Array.from({ length: count }, () => minutesAgo(minutes));

describe('mayReply', () => {
  const cases: readonly [string, Partial<Phone>, string | undefined][] = [
    ['a phone that got no reply', {}, undefined],
    ['four replies just now', { repliedAt: times(4, 0) }, undefined],
    ['five replies just now', { repliedAt: times(5, 0) }, 'loop'],
    ['five replies, the first almost ten minutes ago', { repliedAt: [minutesAgo(9.99), ...times(4, 1)] }, 'loop'],
    ['five replies, the first ten minutes ago', { repliedAt: [minutesAgo(10), ...times(4, 1)] }, undefined],
    ['an opted-out phone', { isOptedOut: true }, 'opted-out'],
    ['an opted-out phone that got its replies', { isOptedOut: true, repliedAt: times(5, 0) }, 'opted-out'],
  ];
  for (const [what, changes, reason] of cases) {
    it(`${reason === undefined ? 'lets' : 'does not let'} ${what} be texted`, () => {
      assert.equal(mayReply(phoneOf(phone(0), changes), NOW, CLUB), reason);
    });
  }
});

describe('restrain', () => {
  const request: BindRequest = { from: phone(0), intent: { kind: 'help' }, now: NOW, freshCode: '1234' };
  const notice = { to: phone(1), template: 'activated', facts: { card: card(0) } } as const;
  const both = (() => {
    const decision = say('released', phone(0));
    return { ...decision, replies: [...decision.replies, notice] };
  })();

  const around = (author: Partial<Phone>, other: Partial<Phone> = {}, repliesLeft = 10) =>
    restrain(both, request, worldOf([], [phoneOf(phone(0), author), phoneOf(phone(1), other)], repliesLeft), CLUB);

  it('counts a reply to each phone that gets one', () => {
    assert.deepEqual(around({}).changes, [
      { kind: 'count-reply', phone: phone(0), at: NOW },
      { kind: 'count-reply', phone: phone(1), at: NOW },
    ]);
  });

  it('withholds what one phone must not read from that phone alone', () => {
    const withheld = around({ repliedAt: times(5, 1) });
    assert.deepEqual([withheld.replies, withheld.silence], [[notice], 'loop']);
    const toOther = around({}, { isOptedOut: true });
    assert.deepEqual([toOther.replies.map(({ to }) => to), toOther.silence], [[phone(0)], undefined]);
  });

  it('gives the day’s last reply to the author of the SMS', () => {
    const last = around({}, {}, 1);
    assert.deepEqual([last.replies.map(({ to }) => to), last.silence], [[phone(0)], undefined]);
    assert.equal(around({}, {}, 0).silence, 'daily-cap');
  });

  it('takes nobody as told to wait who was not told', () => {
    const wait = say('too-many-attempts', phone(0), { until: NOW }, [
      { kind: 'tell-to-wait', phone: phone(0), until: NOW },
    ]);
    const world = worldOf([], [phoneOf(phone(0), { repliedAt: times(5, 1) })]);
    assert.deepEqual(restrain(wait, request, world, CLUB).changes, []);
  });
});
