import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Slots } from '../../src/flow/slots.ts';

describe('slots', () => {
  it('hold what entered and has not left, whoever leaves first', () => {
    const order = fc.array(fc.record({ enters: fc.boolean(), which: fc.nat() }), { maxLength: 200 });
    fc.assert(
      fc.property(order, (steps) => {
        const slots = new Slots<{ n: number }>();
        const inside = new Map<number, { n: number }>();
        for (const [n, { enters, which }] of steps.entries()) {
          const places = [...inside.keys()];
          const place = places[which % places.length];
          if (enters || place === undefined) {
            const item = { n };
            inside.set(slots.enter(item), item);
          } else {
            slots.leave(place);
            inside.delete(place);
          }
          assert.equal(slots.size, inside.size);
        }
        const byNumber = (items: Iterable<{ n: number }>) => [...items].toSorted((a, b) => a.n - b.n);
        assert.deepEqual(byNumber(slots), byNumber(inside.values()));
      }),
    );
  });

  it('take no more room than the most that were inside at a time', () => {
    const slots = new Slots<object>();
    const places = new Set<number>();
    for (let round = 0; round < 100; round += 1) {
      const three = [{}, {}, {}].map((item) => slots.enter(item));
      for (const place of three) places.add(place);
      for (const place of three) slots.leave(place);
    }
    assert.deepEqual([slots.size, places.size], [0, 3]);
  });
});
