import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { isGsm7, septetsOf } from '../../src/sms/gsm7.ts';
import { decodeGsm7, encodeGsm7 } from '../../src/sms/gsm7-coding.ts';
import {
  DEFAULT_ALPHABET,
  DEFAULT_EXTENSION,
  ESCAPE,
  type Gsm7Tables,
  LOCKING_TABLES,
  type NationalLanguage,
  SINGLE_TABLES,
} from '../../src/sms/gsm7-tables.ts';

/** Tables that nobody here wrote. */
interface TheirTables {
  getCoder(language: number): {
    readonly chars: string;
    readonly extChars?: string;
    readonly escChars?: string;
    readonly extCharsDec?: string;
    readonly escCharsDec?: string;
  };
}
const { gsmCoder } = createRequire(import.meta.url)('smpp/lib/defs.js') as { gsmCoder: TheirTables };

const LANGUAGES = [undefined, 'turkish', 'spanish', 'portuguese'] as const;
const ALL_TABLES: readonly Gsm7Tables[] = LANGUAGES.flatMap((locking) =>
  LANGUAGES.map((single) => ({ ...(locking && { locking }), ...(single && { single }) })),
);

function charactersOf({ locking, single }: Gsm7Tables): string[] {
  const alphabet = locking === undefined ? DEFAULT_ALPHABET : LOCKING_TABLES[locking];
  const extension = single === undefined ? DEFAULT_EXTENSION : SINGLE_TABLES[single];
  return [...Array.from(alphabet.replace('\x1b', '')), ...Object.values(extension)];
}

describe('encodeGsm7 and decodeGsm7', () => {
  const written: readonly [what: string, text: string, hex: string, tables?: Gsm7Tables][] = [
    ['digits are as in ASCII', '1234567890', '31323334353637383930'],
    ['an at sign is nothing', '@', '00'],
    ['the ends of the table', 'à£', '7f01'],
    ['Greek capitals', 'ΔΩ', '1015'],
    ['the extension table', '€[^]{|}~\\\f', '1b651b3c1b141b3e1b281b401b291b3d1b2f1b0a'],
    ['Turkish, one letter at a time', 'Işık', '491b731b696b', { single: 'turkish' }],
    ['Turkish, wholly', 'Işık €', '491d076b2004', { locking: 'turkish' }],
    ['Spanish, one letter at a time', 'adiós', '6164691b6f73', { single: 'spanish' }],
    ['Portuguese, one letter at a time', 'não', '6e1b7b6f', { single: 'portuguese' }],
    ['Portuguese, wholly', 'não €', '6e7b6f2018', { locking: 'portuguese' }],
    ['Portuguese, with both tables', 'Êxtase Φ', '1e7874617365201b12', { locking: 'portuguese', single: 'portuguese' }],
  ];

  for (const [what, text, hex, tables] of written) {
    it(`${what}: ${JSON.stringify(text)} is ${hex}`, () => {
      assert.equal(Buffer.from(encodeGsm7(text, tables) ?? []).toString('hex'), hex);
      assert.equal(decodeGsm7(Buffer.from(hex, 'hex'), tables), text);
    });
  }

  it('what is encoded by any tables is decoded by the same to the same text', () => {
    for (const tables of ALL_TABLES) {
      const text = fc.string({ unit: fc.constantFrom(...charactersOf(tables)), maxLength: 60 });
      fc.assert(
        fc.property(text, (spoken) => {
          const septets = encodeGsm7(spoken, tables);
          assert.ok(septets !== undefined);
          assert.equal(decodeGsm7(septets, tables), spoken);
        }),
        { numRuns: 30 },
      );
    }
  });

  it('any octets decode, by any tables, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...ALL_TABLES), (octets, tables) => {
        assert.ok(decodeGsm7(octets, tables).isWellFormed());
      }),
    );
  });

  it('encodes exactly the texts that are GSM-7, in as many septets as are counted', () => {
    for (let codeUnit = 0; codeUnit <= 0xffff; codeUnit++) {
      const character = String.fromCharCode(codeUnit);
      assert.equal(encodeGsm7(character)?.length ?? 0, septetsOf(codeUnit), codeUnit.toString(16));
      assert.equal(encodeGsm7(character) !== undefined, isGsm7(character));
    }
  });

  const oddities: readonly [what: string, hex: string, text: string][] = [
    ['an escape before a septet without a meaning is passed over', '1b41', 'A'],
    ['an escape before an escape is a space', '1b1b41', ' A'],
    ['an escape at the end is U+001B', '411b', 'A\x1b'],
    ['an octet above 127 is U+FFFD', '41ff42', 'A\ufffdB'],
    ['an escaped octet above 127 is U+FFFD', '1b80', '\ufffd'],
  ];

  for (const [what, hex, text] of oddities) {
    it(what, () => assert.equal(decodeGsm7(Buffer.from(hex, 'hex')), text));
  }
});

describe('the tables', () => {
  const identifiers: readonly [number, NationalLanguage | undefined][] = [
    [0, undefined],
    [1, 'turkish'],
    [2, 'spanish'],
    [3, 'portuguese'],
  ];

  for (const [identifier, language] of identifiers) {
    const theirs = gsmCoder.getCoder(identifier);

    it(`${language ?? 'default'}: the alphabet is that of the smpp package`, () => {
      const ours = language === undefined ? DEFAULT_ALPHABET : LOCKING_TABLES[language];
      assert.equal(ours.length, 128);
      assert.equal(ours[ESCAPE], '\x1b');
      assert.equal(ours, theirs.chars);
    });
  }

  it('a national extension table has all of the default one, and no character twice', () => {
    for (const [language, table] of Object.entries(SINGLE_TABLES)) {
      const characters = Object.values(table);
      assert.equal(new Set(characters).size, characters.length, language);
      for (const character of Object.values(DEFAULT_EXTENSION)) assert.ok(characters.includes(character), language);
    }
  });

  // As AOSP's GsmAlphabet.java has them, by 3GPP TS 23.038 V9.1.1 annex A.2, from septet 0 to 127; `.` is empty.
  const AOSP: Readonly<Record<NationalLanguage, string>> = {
    turkish:
      '..........\f.........^...................{}.....\\............[~].|......Ğ.İ.........Ş...............ç.€.ğ.ı.........ş............',
    spanish:
      '.........ç\f.........^...................{}.....\\............[~].|Á.......Í.....Ó.....Ú...........á...€...í.....ó.....ú..........',
    portuguese:
      '.....ê...ç\fÔô.Áá..ΦΓ^ΩΠΨΣΘ.....Ê........{}.....\\............[~].|À.......Í.....Ó.....Ú.....ÃÕ....Â...€...í.....ó.....ú.....ãõ..â',
  };

  for (const [language, theirs] of Object.entries(AOSP)) {
    it(`${language}: the extension table is that of Android`, () => {
      const ours = SINGLE_TABLES[language as NationalLanguage];
      assert.equal(Array.from({ length: 128 }, (_, septet) => ours[septet] ?? '.').join(''), theirs);
    });
  }
});
