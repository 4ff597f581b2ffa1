import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CsvFileError } from '../../src/files/csv-file.ts';
import { openFormFile } from '../../src/files/form-file.ts';
import { openRejectFile } from '../../src/files/reject-file.ts';
import { temporaryFolder } from '../support/run.ts';

describe('a table of forms', () => {
  it('has its columns in any order and case; blank cells and lines are left out', async () => {
    const path = await table(
      '\ufeff\r\n;;\r\nCard; Phone ;consent_Marketing;NAME\r\n11; 7916 ;;"Ким; Анна"\r\n;;;\r\n12;;yes\r\n',
    );
    assert.deepEqual(await linesOf(path), [
      [4, { card: '11', phone: '7916', name: 'Ким; Анна' }],
      [6, { card: '12', consent_marketing: 'yes' }],
    ]);
  });

  it('can be what an import rejected: line and reason are passed over, and guarded cells are as they were', async () => {
    const source = await table('phone,card\n');
    const rejects = await openRejectFile(source, ['phone', 'card', 'name']);
    await rejects.add(7, ['+79161234567', '96 43', "'quoted'"], 'why, and how');
    await rejects.close();
    assert.deepEqual(await linesOf(rejects.path), [[2, { phone: '+79161234567', card: '96 43', name: "'quoted'" }]]);
  });

  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /names no column "phone"; the first line names no column "card"$/],
    ['7916,9643\n', /names no column "phone".*no column is called "7916"/],
    ['phone,card,height\n', /: no column is called "height"$/],
    ['phone,card,consent_\n', /no column is called "consent_"/],
    ['phone,card,card\n', /the column "card" is there twice/],
    ['phone,card,\n', /no column is called ""/],
  ];
  for (const [text, message] of refused) {
    it(`is refused whole: ${JSON.stringify(text)}`, async () => {
      await assert.rejects(openFormFile(await table(text)), (error: Error) => {
        assert.ok(error instanceof CsvFileError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

async function table(text: string): Promise<string> {
  const path = join(await temporaryFolder('forms'), 'forms.csv');
  await writeFile(path, text);
  return path;
}

async function linesOf(path: string): Promise<(readonly [number, object])[]> {
  const lines: (readonly [number, object])[] = [];
  for await (const { line, cells } of (await openFormFile(path)).lines()) lines.push([line, Object.fromEntries(cells)]);
  return lines;
}
