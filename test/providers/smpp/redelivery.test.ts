import assert from 'node:assert/strict';
import { REMEMBER_MS, Redeliveries, SLOW_ANSWER_MS } from '../../../src/providers/smpp/redelivery.ts';

function memory() {
  const clock = { now: 0 };
  let made = 0;
  const redeliveries = new Redeliveries({ newId: () => `id-${++made}`, now: () => clock.now });
  return { clock, redeliveries };
}

describe('The ids of deliveries', () => {
  it('differ for two SMS of the same words that were both answered', () => {
    const { redeliveries } = memory();
    const first = redeliveries.begin('same');
    redeliveries.answered(first);
    assert.notEqual(redeliveries.begin('same').id, first.id);
  });

  it('are one while a delivery of the same words is under way, however young, and differ once it is answered', () => {
    const { clock, redeliveries } = memory();
    const first = redeliveries.begin('same');
    clock.now = 1_000;
    const second = redeliveries.begin('same');
    assert.equal(second.id, first.id);
    assert.notEqual(redeliveries.begin('other').id, first.id);
    redeliveries.answered(first);
    const third = redeliveries.begin('same');
    assert.equal(third.id, first.id);
    for (const one of [second, third]) assert.equal(redeliveries.answered(one), true);
    assert.notEqual(redeliveries.begin('same').id, first.id);
  });

  it('are used again by the one repeat of a delivery that was lost', () => {
    const { redeliveries } = memory();
    const lost = redeliveries.begin('same');
    redeliveries.lose(lost);
    const repeat = redeliveries.begin('same');
    assert.equal(repeat.id, lost.id);
    redeliveries.answered(repeat);
    assert.notEqual(redeliveries.begin('same').id, lost.id);
    assert.equal(redeliveries.expected, 0);
  });

  it('are used again each time that the repeat is lost too', () => {
    const { redeliveries } = memory();
    const first = redeliveries.begin('same');
    for (let time = 0; time < 3; time += 1) {
      redeliveries.lose(redeliveries.begin('other'));
      redeliveries.lose(time === 0 ? first : redeliveries.begin('same'));
    }
    assert.equal(redeliveries.begin('same').id, first.id);
  });

  it('of several lost SMS of the same words are used again one by one', () => {
    const { redeliveries } = memory();
    const lost = [redeliveries.begin('same'), redeliveries.begin('same')];
    for (const one of lost) redeliveries.lose(one);
    const repeats = [redeliveries.begin('same'), redeliveries.begin('same')];
    assert.deepEqual(
      repeats.map(({ id }) => id),
      lost.map(({ id }) => id),
    );
  });

  it('are used again for a repeat that comes while the first is answered too late', () => {
    const { clock, redeliveries } = memory();
    const slow = redeliveries.begin('same');
    clock.now = SLOW_ANSWER_MS;
    assert.equal(redeliveries.begin('same').id, slow.id);
  });

  it('are used again for a repeat that comes after the first was answered too late', () => {
    const { clock, redeliveries } = memory();
    const slow = redeliveries.begin('same');
    clock.now = SLOW_ANSWER_MS;
    assert.equal(redeliveries.answered(slow), false);
    assert.equal(redeliveries.begin('same').id, slow.id);
  });

  it('are forgotten half an hour after they were lost', () => {
    const { clock, redeliveries } = memory();
    const lost = redeliveries.begin('same');
    redeliveries.lose(lost);
    clock.now = REMEMBER_MS;
    assert.notEqual(redeliveries.begin('same').id, lost.id);
    assert.equal(redeliveries.expected, 0);
  });

  it('take up a bounded room', () => {
    const { redeliveries } = memory();
    for (let one = 0; one < 20_000; one += 1) redeliveries.lose(redeliveries.begin(`text ${one}`));
    assert.ok(redeliveries.expected <= 10_000);
    assert.equal(redeliveries.begin('text 19999').id, 'id-20000');
  });
});
