import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCardFile } from '../../src/files/card-file.ts';
import { CsvFileError } from '../../src/files/csv-file.ts';
import { PROGRAMS } from '../activation/programs.ts';
import { temporaryFolder } from '../support/run.ts';

interface List {
  readonly what: string;
  readonly text: string | Buffer;
  readonly ignored?: readonly string[];
  /** line, number, status */
  readonly cards: readonly (readonly [number, string, string])[];
}

const LISTS: readonly List[] = [
  {
    what: 'numbers alone',
    text: '11\n12\n',
    cards: [
      [1, '11', ''],
      [2, '12', ''],
    ],
  },
  {
    what: 'no line end at the end',
    text: '11\n12',
    cards: [
      [1, '11', ''],
      [2, '12', ''],
    ],
  },
  {
    what: 'a header',
    text: 'number,status\n11,issued\n12,Blocked \n',
    cards: [
      [2, '11', 'issued'],
      [3, '12', 'blocked'],
    ],
  },
  { what: 'a header in any order and case', text: 'STATUS;Card\nissued;11\n', cards: [[2, '11', 'issued']] },
  {
    what: 'columns that were said to be ignored',
    text: 'Name;Status;Card;Since\nAnna;blocked;11;2020\n',
    ignored: ['name', ' Since'],
    cards: [[2, '11', 'blocked']],
  },
  {
    what: 'a header as old systems write it',
    text: 'card_number,card_status\n11,blocked\n',
    cards: [[2, '11', 'blocked']],
  },
  {
    what: 'what an import rejected',
    text: 'number,status,line,reason\n11,blocked,7,why\n',
    cards: [[2, '11', 'blocked']],
  },
  { what: 'a Russian header', text: 'Номер карты;Статус\n11;blocked\n', cards: [[2, '11', 'blocked']] },
  {
    what: 'blank lines before the header',
    text: '\n;\nnumber;status\n11;blocked\n',
    cards: [[4, '11', 'blocked']],
  },
  {
    what: 'a card of letters in its first line',
    text: 'ABCDEFGHIJ\nABCDEFGHIK,blocked\n',
    cards: [
      [1, 'ABCDEFGHIJ', ''],
      [2, 'ABCDEFGHIK', 'blocked'],
    ],
  },
  {
    what: 'two columns without a header',
    text: '11,blocked\n12,\n',
    cards: [
      [1, '11', 'blocked'],
      [2, '12', ''],
    ],
  },
  { what: 'a byte order mark and CRLF', text: '\ufeffnumber;status\r\n11;issued\r\n', cards: [[2, '11', 'issued']] },
  {
    what: 'line ends of all kinds',
    text: '11\n12\r\n13\r14',
    cards: [
      [1, '11', ''],
      [2, '12', ''],
      [3, '13', ''],
      [4, '14', ''],
    ],
  },
  { what: 'tabs', text: 'card\tstatus\n11\tissued\n', cards: [[2, '11', 'issued']] },
  { what: 'quoted cells with separators', text: 'number,status\n"1,1","issued"\n', cards: [[2, '1,1', 'issued']] },
  {
    what: 'quoted cells over several lines',
    text: 'number,status,note\n11,issued,"a\nb\nc"\n12,issued,d\n',
    ignored: ['note'],
    cards: [
      [2, '11', 'issued'],
      [5, '12', 'issued'],
    ],
  },
  {
    what: 'blank lines and rows',
    text: '11,issued\n\n,\n  \n12,issued\n\n',
    cards: [
      [1, '11', 'issued'],
      [5, '12', 'issued'],
    ],
  },
  {
    what: 'rows that are too short or too long',
    text: 'status,number\nissued\nissued,12,x\n',
    cards: [
      [2, '', 'issued'],
      [3, '12', 'issued x'],
    ],
  },
  {
    what: 'a status that no column is named for',
    text: 'number,\n11,blocked\n12,,blocked\n13,\n',
    cards: [
      [2, '11', 'blocked'],
      [3, '12', 'blocked'],
      [4, '13', ''],
    ],
  },
  {
    what: 'a stray quote',
    text: 'number\n1"1\n12\n',
    cards: [
      [2, '1"1', ''],
      [3, '12', ''],
    ],
  },
  { what: 'nothing', text: '', cards: [] },
  { what: 'a header alone', text: 'number,status\n', cards: [] },
];

describe('a list of cards on the disk', () => {
  for (const { what, text, ignored, cards } of LISTS) {
    it(`is read with ${what}`, async () => {
      const path = await written(text);
      const file = await openCardFile(path, PROGRAMS.many, ignored);
      const found = [];
      for await (const { line, number, status } of file.lines()) found.push([line, number, status]);
      assert.deepEqual(found, cards);
      assert.equal(file.bytes, Buffer.byteLength(text));
      assert.equal(file.bytesRead(), cards.length === 0 && text.length === 0 ? 0 : file.bytes);
      assert.equal(file.sha256, createHash('sha256').update(text).digest('hex'));
    });
  }

  it('is read the same when it is longer than one read, with line ends in halves and a quote at last', async () => {
    // Lines of five bytes: the first read of 262,144 ends between `\\r` and `\\n`.
    const plain = Array.from({ length: 60_000 }, (_, n) => String(100 + (n % 900)));
    const path = await written(`${plain.join('\r\n')}\r\n"1\n2"\r\n13\r\n`);
    const found = [];
    for await (const { line, number } of (await openCardFile(path, PROGRAMS.many)).lines()) found.push([line, number]);
    const rest = [
      [60_001, '1\n2'],
      [60_003, '13'],
    ];
    assert.deepEqual(found, [...plain.map((number, at) => [at + 1, number]), ...rest]);
  });

  const unreadable: readonly (readonly [what: string, text: string | Buffer, message: RegExp])[] = [
    ['in UTF-16', Buffer.from('\ufeffnumber\n11', 'utf16le'), /not a CSV in UTF-8: export it as "CSV UTF-8"/],
    ['with a quote that is not closed', '11\n12\n"13\n14\n', /:3: a quote that is never closed/],
    ['with an endless line', `11\n${'x'.repeat(70_000)}\n12\n`, /:2: .*a line of more than 64 KB/],
    ['with an endless line at its end', `11\n${'x'.repeat(300_000)}`, /:2: .*a line of more than 64 KB/],
    [
      'with a column that may be the status',
      'number,state\n11,blocked\n',
      /: no column is called "state": call the one with the status "status"/,
    ],
    ['with two columns for the number', 'card,number\n11,12\n', /: two columns have the number$/],
    ['with two columns for the status', 'card,status,status\n11,a,b\n', /: two columns have the status$/],
    [
      'with a header that does not name the number',
      'Kartennr.;x\n11;1\n',
      /: the first line is no card of the programme, and calls no/,
    ],
    [
      'with a mistyped card of letters first',
      'VIPABCDEFGH\n11\n',
      /: the first line is no card of the programme, and calls no column "number"$/,
    ],
    [
      'with more columns than it names',
      '\n11,a,b\n',
      /: a list of more than two columns needs a line that names them$/,
    ],
    ['with an endless cell', `11\n"${'x'.repeat(100_000)}`, /:2: a quote that is never closed/],
  ];
  for (const [what, text, message] of unreadable) {
    it(`is refused ${what}`, async () => {
      const path = await written(text);
      const readAll = async () => {
        const file = await openCardFile(path, PROGRAMS.many);
        for await (const card of file.lines()) assert.ok(card.number.length < 100);
      };
      await assert.rejects(readAll, (error) => error instanceof CsvFileError && message.test(error.message));
    });
  }

  it('that is missing or a folder is refused by name', async () => {
    const folder = await temporaryFolder('cards');
    await assert.rejects(openCardFile(join(folder, 'none.csv'), PROGRAMS.many), /none\.csv cannot be opened/);
    await assert.rejects(openCardFile(folder, PROGRAMS.many), /is not a file/);
  });
});

async function written(text: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder('cards'), 'cards.csv');
  await writeFile(path, text);
  return path;
}
