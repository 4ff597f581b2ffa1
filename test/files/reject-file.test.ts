import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCardFile } from '../../src/files/card-file.ts';
import { csvCell, openRejectFile } from '../../src/files/reject-file.ts';
import { PROGRAMS } from '../activation/programs.ts';
import { temporaryFolder } from '../support/run.ts';

const CELLS: readonly (readonly [value: string, cell: string])[] = [
  ['9643', '9643'],
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  ['a\nb', '"a\nb"'],
  ['=1+1', "'=1+1"],
  ['+7916', "'+7916"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', `"'\t=1"`],
  ['＝1', "'＝1"],
  ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
];

describe('the file of rejected rows', () => {
  for (const [value, cell] of CELLS) {
    it(`writes ${JSON.stringify(value)} so that no spreadsheet runs it`, () => assert.equal(csvCell(value), cell));
  }

  it('lies beside the list, is for its owner only and can itself be imported', async () => {
    const source = join(await temporaryFolder('rejects'), 'cards.CSV');
    const rejects = await openRejectFile(source, ['number', 'status']);
    await rejects.add(7, ['96 43', 'lost'], 'the status must be …');
    await rejects.close();
    assert.match(rejects.path, /cards\.rejected\.csv$/);
    assert.equal((await stat(rejects.path)).mode & 0o777, 0o600);
    const rows = [];
    for await (const row of (await openCardFile(rejects.path, PROGRAMS.club)).lines()) rows.push(row);
    assert.deepEqual(rows, [{ line: 2, number: '96 43', status: 'lost' }]);
  });

  it('is not there when nothing was rejected, not even that of an earlier run', async () => {
    const source = join(await temporaryFolder('rejects'), 'cards.csv');
    await writeFile(source.replace('.csv', '.rejected.csv'), 'old');
    const rejects = await openRejectFile(source, ['number', 'status']);
    await rejects.close();
    await assert.rejects(readFile(rejects.path), { code: 'ENOENT' });
  });
});
