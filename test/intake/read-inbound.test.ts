import assert from 'node:assert/strict';
import { addressKeys } from '../../src/activation/sender.ts';
import { type Reading, readInbound } from '../../src/intake/read-inbound.ts';
import type { OptOutKind } from '../../src/sms/message.ts';
import { program, SERIES } from '../activation/programs.ts';
import { channelOf } from '../support/channel.ts';
import { phone } from '../support/world.ts';

/** Coffee shares 73400 with Club, behind its word. */
const READING: Reading = {
  channel: channelOf({
    addresses: ['73400', '2420'],
    routes: [{ program: 'club' }, { address: '73400', keyword: 'кофе', program: 'coffee' }],
  }),
  programs: new Map([
    ['club', program('club', [SERIES.main, { ...SERIES.gift, prefix: 'GLD' }])],
    ['coffee', program('coffee', [{ ...SERIES.main, prefix: '5010' }], { keywords: ['кофе'] })],
  ]),
  ownAddresses: addressKeys(['73400', '2420']),
  onReadError: () => assert.fail('every text can be read'),
};

function readAt(to: string, text: string, optOut?: OptOutKind) {
  const message = { providerMessageId: 'SM1', from: phone(0), to, text, ...(optOut !== undefined && { optOut }) };
  return readInbound(message, Buffer.from(text), READING);
}

describe('a STOP to an address that programmes share', () => {
  it('is for all of them, whether we read it or the provider did', () => {
    const stop = { kind: 'stop', alsoOf: ['coffee'] };
    assert.deepEqual(readAt('73400', 'Стоп').intent, stop);
    assert.deepEqual(readAt('73400', 'STOP', 'STOP').intent, stop);
  });

  it('is for one behind its keyword', () => {
    const { program: key, intent } = readAt('73400', 'Кофе стоп');
    assert.deepEqual([key, intent], ['coffee', { kind: 'stop' }]);
  });

  it('is for one at an address of its own', () => {
    assert.deepEqual(readAt('2420', 'Стоп').intent, { kind: 'stop' });
  });
});

describe('the language that a text shows', () => {
  const TABLE: readonly (readonly [text: string, script: string | undefined])[] = [
    ['Здравствуйте', 'cyrillic'],
    ['Карта 9643001234563452', 'cyrillic'],
    ['STOP пожалуйста', 'cyrillic'],
    ['کارت من ۹۶۴۳۰۰۱۲۳۴۵۶۳۴۵۲', 'arabic'],
    ['my card 9643001234563452', 'latin'],
    ['Please stop', 'latin'],
    ['card 9643001234563452', 'latin'],
    ['ок', 'cyrillic'],
    // What everybody writes is no English; nor are numbers, keywords and the letters that card numbers begin with.
    ['STOP', undefined],
    ['ok!', undefined],
    ['VIP 1234567', undefined],
    ['GLD 1234567', undefined],
    ['кофе 5010001234563452', undefined],
    ['9643001234563452', undefined],
  ];
  for (const [text, script] of TABLE) {
    it(`${JSON.stringify(text)}: ${script ?? 'none'}`, () => {
      assert.equal(readAt('73400', text).script, script);
    });
  }
});
