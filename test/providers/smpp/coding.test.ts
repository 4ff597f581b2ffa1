import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Alphabet,
  alphabetOf,
  type Codings,
  type DefaultAlphabet,
  readText,
  writeText,
} from '../../../src/providers/smpp/coding.ts';

const USUAL: Codings = { defaultAlphabet: 'gsm-7', octets: 'utf-8' };
const DEFAULTS: readonly DefaultAlphabet[] = ['gsm-7', 'gsm-7-packed', 'latin1', 'ascii', 'utf-8'];

function hex(bytes: string): Buffer {
  return Buffer.from(bytes.replaceAll(' ', ''), 'hex');
}

describe('readText', () => {
  const cases: readonly [
    what: string,
    dataCoding: number,
    bytes: string,
    text: string | undefined,
    Partial<Codings>?,
  ][] = [
    ['the default alphabet, unless said otherwise', 0, '00 31 1b65', '@1€'],
    ['the default alphabet packed', 0, 'e8329bfd4697d9ec37', 'hellohello', { defaultAlphabet: 'gsm-7-packed' }],
    ['the default alphabet that is Latin-1', 0, 'e9 40', 'é@', { defaultAlphabet: 'latin1' }],
    ['the default alphabet that is ASCII', 0, '40 5f', '@_', { defaultAlphabet: 'ascii' }],
    ['the default alphabet that is UTF-8', 0, 'd18f 31', 'я1', { defaultAlphabet: 'utf-8' }],
    ['broken UTF-8', 0, 'd1', undefined, { defaultAlphabet: 'utf-8' }],
    ['an octet that is no septet', 0, '31 ff', '1\ufffd'],

    ['ASCII', 1, '40 5f 24', '@_$'],
    ['ASCII with octets of Latin-1', 1, 'e9', 'é'],
    ['Latin-1', 3, '40 e9 df', '@éß'],
    ['octets that are UTF-8', 4, 'd0af 31', 'Я1'],
    ['octets that are no UTF-8', 4, 'ff 31', undefined],
    ['octets that are declared Latin-1', 4, 'e9', 'é', { octets: 'latin1' }],
    ['octets that are declared UCS-2', 4, '042f', 'Я', { octets: 'ucs-2' }],
    ['octets that are declared GSM-7', 4, '00', '@', { octets: 'gsm-7' }],
    ['octets that are declared no text', 4, '31', undefined, { octets: 'unreadable' }],
    ['octets of the other kind', 2, '31', '1'],
    ['Cyrillic of ISO 8859-5', 6, 'bad0e0e2d0 31', 'Карта1'],
    ['Hebrew of ISO 8859-8', 7, 'f9ece5ed 31', 'שלום1'],

    ['UCS-2: Cyrillic', 8, '043a 0430 0031', 'ка1'],
    ['UCS-2: Persian', 8, '06a9 0627 06f1', 'کا۱'],
    ['UCS-2 with an emoji', 8, 'd83d de00', '😀'],
    ['UCS-2 with half an emoji', 8, '0031 d83d', '1\ud83d'],
    ['UCS-2 with a byte order mark', 8, 'feff 0031', '1'],
    ['UCS-2 with the other byte order mark', 8, 'fffe 3100 3a04', '1к'],
    ['UCS-2 of an odd length', 8, '0031 00', undefined],
    ['UCS-2 of nothing', 8, '', ''],

    ['a flash message in the default alphabet', 0x10, '00', '@'],
    ['a flash message of octets', 0x14, '31', '1'],
    ['a flash message of UCS-2', 0x18, '042f', 'Я'],
    ['a reserved alphabet', 0x1c, '31', undefined],
    ['compressed', 0x20, '31', undefined],
    ['to be deleted, default alphabet', 0x40, '00', '@'],
    ['to be deleted, UCS-2', 0x48, '042f', 'Я'],
    ['to be deleted, compressed', 0x60, '31', undefined],
    ['a reserved group', 0x80, '31', undefined],
    ['voice mail waiting, to be dropped', 0xc8, '31', '1'],
    ['voice mail waiting, default alphabet', 0xd8, '00', '@'],
    ['voice mail waiting, UCS-2', 0xe8, '042f', 'Я'],
    ['class 0 in the default alphabet', 0xf0, '00', '@'],
    ['class 3 in the default alphabet', 0xf3, '00', '@'],
    ['class 0 of octets', 0xf4, 'd18f', 'я'],
    ['class 3 of octets', 0xf7, '31', '1'],
    ['Japanese', 5, '31', undefined],
    ['Korean', 14, '31', undefined],
  ];

  for (const [what, dataCoding, bytes, text, codings] of cases) {
    it(`${dataCoding} ${what}: ${bytes} is ${text === undefined ? 'unreadable' : JSON.stringify(text)}`, () => {
      assert.equal(readText(hex(bytes), dataCoding, { ...USUAL, ...codings }), text);
    });
  }

  it('national tables make GSM-7 of the default alphabet and of ASCII', () => {
    const header = { octets: 4, tables: { single: 'turkish' } } as const;
    for (const dataCoding of [0, 1, 0xf1]) {
      for (const defaultAlphabet of ['gsm-7', 'latin1', 'ascii', 'utf-8'] as const) {
        assert.equal(readText(hex('491b73'), dataCoding, { ...USUAL, defaultAlphabet }, header), 'Iş');
      }
    }
    assert.equal(readText(hex('e9'), 3, USUAL, header), 'é');
  });

  it('any octets, by any coding, are a text or undefined, never an error', () => {
    const codings = fc.record({
      defaultAlphabet: fc.constantFrom(...DEFAULTS),
      octets: fc.constantFrom('utf-8', 'latin1', 'ucs-2', 'gsm-7', 'unreadable'),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(255), codings, fc.nat(20), (bytes, coding, how, octets) => {
        const text = readText(Buffer.from(bytes), coding, how, { octets });
        assert.ok(text === undefined || typeof text === 'string');
      }),
    );
  });
});

describe('writeText', () => {
  const WRITTEN: readonly [alphabet: DefaultAlphabet | 'ucs-2', characters: string][] = [
    ['gsm-7', 'aZ09@_ Çà€[^ΔΩ'],
    ['gsm-7-packed', 'aZ09_ Çà€[^ΔΩ'],
    ['ascii', 'aZ09@_ `~'],
    ['utf-8', 'aZ09@_ `~'],
    ['latin1', 'aZ09@_ ÇàÿÐ'],
    ['ucs-2', 'aZ09@я😀\ud83dک'],
  ];

  for (const [alphabet, characters] of WRITTEN) {
    it(`${alphabet}: what is written is read back`, () => {
      const dataCoding = alphabet === 'ucs-2' ? 8 : 0;
      const codings: Codings = { ...USUAL, defaultAlphabet: alphabet === 'ucs-2' ? 'gsm-7' : alphabet };
      const text = fc.string({ unit: fc.constantFrom(...Array.from(characters)), maxLength: 170 });
      fc.assert(
        fc.property(text, fc.constantFrom(0, 6, 7), (spoken, octets) => {
          const written = writeText(spoken, alphabet, { octets });
          assert.ok(written !== undefined);
          assert.equal(readText(written, dataCoding, codings, { octets }), spoken);
        }),
      );
    });
  }

  const lacking: readonly [alphabet: DefaultAlphabet, text: string][] = [
    ['gsm-7', 'я'],
    ['gsm-7-packed', '`'],
    ['ascii', 'é'],
    ['utf-8', 'é'],
    ['latin1', '€'],
  ];
  for (const [alphabet, text] of lacking) {
    it(`${alphabet} lacks ${text}`, () => assert.equal(writeText(text, alphabet), undefined));
  }
});

describe('alphabetOf', () => {
  it('every data_coding has one meaning or none, whatever the default', () => {
    const known = new Set<Alphabet | undefined>([undefined, 'ucs-2', 'latin1', 'ascii', 'iso-8859-5', 'iso-8859-8']);
    for (let dataCoding = 0; dataCoding < 256; dataCoding++) {
      const [gsm, latin] = (['gsm-7', 'latin1'] as const).map((defaultAlphabet) =>
        alphabetOf(dataCoding, { defaultAlphabet, octets: 'unreadable' }),
      );
      assert.ok(gsm === latin ? known.has(gsm) : gsm === 'gsm-7' && latin === 'latin1', String(dataCoding));
    }
  });
});
