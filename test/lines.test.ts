import assert from 'node:assert/strict';
import type { Channel } from '../src/config.ts';
import { keywordFor, sendingLine } from '../src/lines.ts';

type Declared = Pick<Channel, 'key' | 'addresses' | 'routes' | 'isRehearsal'>;

function lines(...channels: readonly Declared[]) {
  return new Map(channels.map((channel) => [channel.key, { channel }]));
}

const ALONE: Declared = {
  key: 'alone',
  addresses: ['1111', '2222'],
  routes: [{ program: 'club' }],
  isRehearsal: false,
};
const SHARED: Declared = {
  key: 'shared',
  addresses: ['3333', '4444'],
  routes: [
    { program: 'bakery' },
    { address: '4444', program: 'cinema' },
    { keyword: 'club', program: 'club' },
    { address: '3333', keyword: 'кино', program: 'cinema' },
  ],
  isRehearsal: false,
};

describe('sendingLine', () => {
  it('is the first address of a channel that belongs to the programme', () => {
    assert.deepEqual(sendingLine(lines(ALONE, SHARED), 'club'), { channel: 'alone', address: '1111' });
  });

  it('is the address whose own route leads to the programme', () => {
    assert.deepEqual(sendingLine(lines(SHARED), 'cinema'), { channel: 'shared', address: '4444' });
    assert.deepEqual(sendingLine(lines(SHARED), 'bakery'), { channel: 'shared', address: '3333' });
  });

  it('names the keyword where the number alone would lead to another programme', () => {
    assert.deepEqual(sendingLine(lines(SHARED), 'club'), { channel: 'shared', address: '3333', keyword: 'club' });
  });

  it('rather takes a later channel that needs no keyword', () => {
    assert.deepEqual(sendingLine(lines(SHARED, ALONE), 'club'), { channel: 'alone', address: '1111' });
  });

  it('is a channel in rehearsal only where no other leads to the programme, however long its keyword', () => {
    const rehearsed = { ...ALONE, key: 'rehearsed', isRehearsal: true };
    const live = { channel: 'shared', address: '3333', keyword: 'club' };
    assert.deepEqual(sendingLine(lines(rehearsed, SHARED), 'club'), live);
    assert.deepEqual(sendingLine(lines(rehearsed), 'club'), { channel: 'rehearsed', address: '1111' });
  });

  it('is undefined where no channel leads to the programme', () => {
    assert.equal(sendingLine(lines(ALONE), 'bakery'), undefined);
    assert.equal(sendingLine(new Map(), 'club'), undefined);
  });
});

describe('keywordFor', () => {
  it('is the word that leads to the programme at this address, and none where the text alone does', () => {
    assert.equal(keywordFor(SHARED, '3333', 'cinema'), 'кино');
    assert.equal(keywordFor(SHARED, '3333', 'club'), 'club');
    assert.equal(keywordFor(SHARED, '3333', 'bakery'), undefined);
    assert.equal(keywordFor(SHARED, '4444', 'cinema'), undefined);
    assert.equal(keywordFor(ALONE, '1111', 'club'), undefined);
  });
});
