import assert from 'node:assert/strict';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { describeEach, secretOf } from './kept-by.ts';

describeEach('its options', ({ name, subject, create }) => {
  const { options } = PROVIDERS[name];

  it('without a secret, or with an empty one, are refused, and no provider is made of them', () => {
    for (const secret of [undefined, '', '   ', null, [], [''], ['   ']]) {
      const without = { ...subject.options, [subject.secretOption]: secret };
      assert.notEqual(options.validate(without).error, undefined, JSON.stringify(secret));
      assert.throws(() => create(without), TypeError);
    }
  });

  it('are what the provider is made of, once the schema has filled them in', () => {
    const { value, error } = options.validate(subject.options);
    assert.equal(error, undefined);
    assert.doesNotThrow(() => create(value));
  });

  it('that do not exist are refused, and no message shows a secret', () => {
    const hidden = { ...subject.options, [subject.secretOption]: { nested: 'hidden-value' }, colour: 'red' };
    const { error } = options.validate(hidden, { abortEarly: false });
    assert.match(String(error), /colour/);
    assert.doesNotMatch(String(error), /hidden-value/);
    const unknown = options.validate({ ...subject.options, colour: 'red' }, { abortEarly: false });
    assert.ok(!String(unknown.error).includes(secretOf(subject)));
  });

  it('are all described, for the reference of the configuration', () => {
    const { keys } = options.describe() as { keys: Record<string, { flags?: { description?: string } }> };
    const silent = Object.keys(keys).filter((key) => (keys[key]?.flags?.description ?? '') === '');
    assert.deepEqual(silent, []);
  });
});
