import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CODINGS, decodeText, encodeText } from '../../../src/providers/http/coding.ts';
import { momentOf } from '../../../src/providers/http/moment.ts';
import { valueAt } from '../../../src/providers/http/place.ts';
import { isWord } from '../../../src/providers/http/words.ts';
import { buildXml, parseXml, withoutUnsayable } from '../../../src/providers/http/xml.ts';
import { parseJson } from '../../../src/providers/json.ts';

const MAX_BYTES = 64 * 1024;
const SOON_MS = 1_000;

/** By the processor's clock: others may be using it too. */
function assertSoon(about: string, read: () => unknown): void {
  const before = process.cpuUsage();
  read();
  assert.ok(process.cpuUsage(before).user < SOON_MS * 1_000, `${about} took longer than a second`);
}

describe('parseXml', () => {
  it('gives elements, lists, attributes and texts', () => {
    const xml = `\uFEFF<?xml version="1.0"?><!-- a comment --><soap:in xmlns:soap="urn:x"><sms id="1&amp;2"><text>a &lt;b&gt; &#1050;&#x430; <![CDATA[<&amp;>]]></text>
      </sms><sms id='2'/><n>007</n></soap:in>`;
    const read = parseXml(xml.slice(1));
    assert.equal(valueAt(read, 'in.sms.0.@id'), '1&2');
    assert.equal(valueAt(read, 'in.sms.0.text'), 'a <b> Ка <&amp;>');
    assert.equal(valueAt(read, 'in.sms.1.@id'), '2');
    assert.equal(valueAt(read, 'in.n'), '007');
  });

  const REFUSED: Readonly<Record<string, string>> = {
    'an external entity': '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    'an external DTD': '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
    'a billion laughs': `<!DOCTYPE a [<!ENTITY l0 "ha">${Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')}]><a>&l9;</a>`,
    'an empty DTD in small letters': '<!doctype a><a/>',
    'a DTD behind a comment': '<!-- x --><!DOCTYPE a><a/>',
    'a parameter entity': '<!DOCTYPE a [<!ENTITY % x "y"> %x;]><a/>',
    'a lone declaration': '<a><!ENTITY x "y"></a>',
    'an element that is not closed': '<a><b></a>',
    'two roots': '<a></a><b></b>',
    nothing: '',
    'no XML': 'hello',
    'an open comment': '<a><!-- </a>',
    'elements within each other, a thousand deep': '<a>'.repeat(1_000) + '</a>'.repeat(1_000),
    'a name that is one of the language’s': '<a><__proto__>1</__proto__></a>',
  };
  for (const [about, xml] of Object.entries(REFUSED)) {
    it(`reads nothing from ${about}`, () => assert.equal(parseXml(xml), undefined));
  }

  it('leaves an entity that XML does not have as it stands', () => {
    assert.equal(valueAt(parseXml('<a>&nbsp;&unknown;&#9999999;</a>'), 'a'), '&nbsp;&unknown;&#9999999;');
  });

  it('reads back whatever buildXml writes, also hostile values in elements and attributes', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(']]>', '</a><b>', '"x" y="', "'", '&lt;', '<!DOCTYPE a>', '<!--', '\r\n', '{{ text }}'),
    );
    const property = fc.property(value, value, (text, attribute) => {
      // A parser makes one line break of any.
      const [said, told] = [text, attribute].map((one) => withoutUnsayable(one).replaceAll('\r', ''));
      const read = parseXml(buildXml({ a: { '@b': told, c: said, d: ['x', 'y'] } }));
      assert.deepEqual([valueAt(read, 'a.@b'), valueAt(read, 'a.c'), valueAt(read, 'a.d.1')], [told, said, 'y']);
      assert.deepEqual(Object.keys(valueAt(read, 'a') as object).toSorted(), ['@b', 'c', 'd']);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('throws at nothing', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      'a',
      '="',
      "'",
      '/>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?',
      '&#',
      ';',
      '\0',
      ' ',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (xml) => void parseXml(xml)),
      { numRuns: 2_000 },
    );
  });

  for (const piece of [
    '<a>',
    '<a ',
    '<a/>',
    '&amp;',
    '<!--',
    '<![CDATA[',
    '<a b="',
    '</a>',
    '<?x ',
    '<a b="c">',
    '<!',
    '&#',
  ]) {
    it(`is soon done with 64 KB of ${piece}`, () => {
      const many = piece.repeat(MAX_BYTES / piece.length);
      assertSoon(piece, () => [parseXml(many), parseXml(`<r>${many}</r>`), parseXml(`<r>${many}`)]);
    });
  }
});

describe('parseJson', () => {
  it('gives what JSON says, and long whole numbers as their digits', () => {
    const text =
      '{"id":9007199254740993,"n":-12345678901234567890,"f":0.12345678901234567,"e":1e3,"s":"9007199254740993 \\" 1","a":[1,[2]]}';
    assert.deepEqual(parseJson(text), {
      id: '9007199254740993',
      n: '-12345678901234567890',
      f: 0.12345678901234566,
      e: 1000,
      s: '9007199254740993 " 1',
      a: [1, [2]],
    });
  });

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        const isPlain = !/\d{16}/.test(text);
        if (isPlain) assert.deepEqual(parseJson(text), JSON.parse(text));
        else assert.notEqual(parseJson(text), undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('reads nothing from what is nested deeper than 32, or is no JSON, and throws at nothing', () => {
    for (const depth of [34, 30_000]) assert.equal(parseJson('['.repeat(depth) + ']'.repeat(depth)), undefined);
    assert.notEqual(parseJson('['.repeat(30) + ']'.repeat(30)), undefined);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseJson(text)));
    for (const text of ['', '{', 'NaN', "{'a':1}", '1234567890123456x', '"1234567890123456']) {
      assert.equal(parseJson(text), undefined, text);
    }
  });

  it('does not mistake a field called __proto__ for anything', () => {
    const read = parseJson('{"__proto__":{"id":"1"},"a":"b"}');
    assert.equal(valueAt(read, 'id'), undefined);
    assert.equal(valueAt(read, 'toString'), undefined);
    assert.equal(valueAt(read, 'constructor.name'), undefined);
  });

  for (const piece of ['\\"', '"', '1', '[', '{"a":', '1,']) {
    it(`is soon done with 64 KB of ${piece}`, () => {
      const many = piece.repeat(MAX_BYTES / piece.length);
      assertSoon(piece, () => [parseJson(many), parseJson(`["${many}"]`), parseJson(`[${many}1234567890123456]`)]);
    });
  }
});

describe('isWord', () => {
  const TABLE: readonly (readonly [word: string, text: string, is: boolean])[] = [
    ['DELIVRD', 'DELIVRD', true],
    ['DELIVRD', 'delivrd', false],
    ['', '', true],
    ['*', '', true],
    ['*', 'anything\nat all', true],
    ['UNDELIV*', 'UNDELIV-12', true],
    ['*credit*', 'no credit left', true],
    ['*credit', 'no credit left', false],
    ['a*a', 'a', false],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'aab', false],
    ['a.c', 'abc', false],
    ['*ab*ab*', 'ab', false],
  ];
  for (const [word, text, is] of TABLE) {
    it(`"${word}" ${is ? 'is' : 'is not'} "${text}"`, () => assert.equal(isWord(word, text), is));
  }

  it('is soon done, whatever the word and the text', () => {
    assertSoon('many stars', () => isWord('*a'.repeat(5_000), `${'a'.repeat(MAX_BYTES)}b`));
  });
});

describe('momentOf', () => {
  const noon = Date.UTC(2026, 10, 21, 12, 30, 5);
  const TABLE: readonly (readonly [
    format: 'unix' | 'unixMs' | 'date',
    text: string,
    zone: string | undefined,
    at: number | undefined,
  ])[] = [
    ['unix', '1795264205', undefined, noon],
    ['unixMs', '1795264205000', undefined, noon],
    ['unix', '-1', undefined, undefined],
    ['unix', '1e9', undefined, undefined],
    ['date', '2026-11-21T12:30:05Z', undefined, noon],
    ['date', '2026-11-21T15:30:05.123+0300', undefined, noon],
    ['date', '2026-11-21 16:00:05', '+03:30', noon],
    ['date', '20261121123005', undefined, noon],
    ['date', '21.11.2026 12:30:05', undefined, undefined],
    ['date', '2026-13-21 12:30:05', undefined, undefined],
    ['date', '', undefined, undefined],
  ];
  for (const [format, text, zone, at] of TABLE) {
    it(`${format} "${text}" ${zone ?? ''}: ${at === undefined ? 'none' : 'noon and a half'}`, () => {
      assert.equal(momentOf(format, text, zone), at);
    });
  }
});

describe('a text that is written in another way', () => {
  for (const coding of CODINGS) {
    it(`${coding} is read as it was written`, () => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), (text) => {
          assert.equal(decodeText(coding, encodeText(coding, text)), text.toWellFormed());
        }),
      );
    });
  }
  it('is nothing when it is not written so', () => {
    assert.equal(decodeText('ucs2Hex', '041A0'), undefined);
    assert.equal(decodeText('ucs2Hex', 'zzzz'), undefined);
    assert.equal(decodeText('base64', 'Карта'), undefined);
    assert.equal(decodeText('urlEncoded', '%'), undefined);
  });
});
