import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALES } from '../../src/activation/program.ts';
import { openTemplates, readTemplateFolder, type TemplateFolder } from '../../src/files/template-folder.ts';
import { formatProblem } from '../../src/reply/problem.ts';
import { renderReply } from '../../src/reply/render.ts';
import { TEXT_NAMES } from '../../src/reply/texts.ts';
import { CLUB } from '../reply/programs.ts';
import { waitFor } from '../support/wait-for.ts';

const SHIPPED = fileURLToPath(new URL('../../templates', import.meta.url));

describe('openTemplates', () => {
  let base: string;
  let folder: string;
  let opened: TemplateFolder | undefined;
  let problems: string[];
  let changes: number;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'cardwake-texts-'));
    folder = join(base, 'templates');
    cpSync(SHIPPED, folder, { recursive: true });
    problems = [];
    changes = 0;
  });

  afterEach(() => {
    opened?.close();
    opened = undefined;
    rmSync(base, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    opened = await openTemplates(folder, [CLUB], {
      onChange: () => changes++,
      onProblems: (found) => problems.push(...found.map((problem) => formatProblem(problem, 'texts'))),
    });
  }

  function save(path: string, text: string | Buffer): void {
    writeFileSync(join(folder, path), text);
  }

  function said(): string {
    const texts = opened?.texts() ?? assert.fail('not open');
    return renderReply(texts, { program: 'club', locale: 'ru', name: 'switch-code-wrong', values: {} }).text;
  }

  async function hears(text: string): Promise<void> {
    await waitFor(() => said() === text, { what: `the reply "${text}"` });
  }

  it('refuses to start with problems and lists all of them', async () => {
    save('ru/help.liquid', 'Помощь {{ phone }}');
    save('en/stopped.liquid', '{% include "x" %}');
    save('fa.liquid', 'سلام');
    await assert.rejects(open(), (error: Error) => {
      const files = error.message.split('\n').slice(1);
      assert.deepEqual(
        files.map((line) => line.trim().replace(`${folder}/`, '').split(': ')[0]),
        ['fa.liquid:1:1', 'en/stopped.liquid:1:1', 'ru/help.liquid:1:11'],
      );
      return true;
    });
  });

  it('refuses to start without the folder', async () => {
    rmSync(folder, { recursive: true });
    await assert.rejects(open(), /ENOENT/);
  });

  it('has a saved file live without a restart, again and again', async () => {
    await open();
    for (const text of ['Раз', 'Два', 'Три']) {
      save('ru/switch-code-wrong.liquid', text);
      await hears(text);
    }
    assert.deepEqual([changes, problems], [3, []]);
  });

  it('has a file live that an editor saved by renaming another over it, again and again', async () => {
    await open();
    for (const text of ['Раз', 'Два', 'Три']) {
      save('ru/.switch-code-wrong.liquid.swp', text);
      renameSync(join(folder, 'ru/.switch-code-wrong.liquid.swp'), join(folder, 'ru/switch-code-wrong.liquid'));
      await hears(text);
    }
  });

  it('has a new override live, in folders that were not there', async () => {
    await open();
    mkdirSync(join(folder, 'programs/club/ru'), { recursive: true });
    save('programs/club/ru/switch-code-wrong.liquid', 'Своё');
    await hears('Своё');
    save('programs/club/ru/switch-code-wrong.liquid', 'Своё новое');
    await hears('Своё новое');
    rmSync(join(folder, 'programs'), { recursive: true });
    await hears('Код не подошёл. Сверьте, пожалуйста, четыре цифры с нашим сообщением и пришлите их ещё раз.');
  });

  it('keeps the last good texts on a broken save, says what is wrong, and goes on when it is mended', async () => {
    await open();
    save('ru/switch-code-wrong.liquid', 'Хорошо');
    await hears('Хорошо');
    save('ru/switch-code-wrong.liquid', 'Плохо {{');
    await waitFor(() => problems.length > 0, { what: 'the problem' });
    assert.deepEqual(problems, [
      'texts/ru/switch-code-wrong.liquid:1:7: "{{" is never closed; add "}}" after the name',
    ]);
    assert.equal(said(), 'Хорошо');
    save('ru/switch-code-wrong.liquid', 'Снова хорошо');
    await hears('Снова хорошо');
  });

  it('keeps the last good texts when an editor saves in Windows-1251', async () => {
    await open();
    const before = said();
    save('ru/switch-code-wrong.liquid', Buffer.from([0xca, 0xee, 0xe4]));
    await waitFor(() => problems.length > 0, { what: 'the problem' });
    assert.deepEqual(problems, ['texts/ru/switch-code-wrong.liquid:1:1: this is not UTF-8; save the file as UTF-8']);
    assert.equal(said(), before);
  });

  it('keeps the last good texts while the folder is away, and follows it when it is back', async () => {
    await open();
    save('ru/switch-code-wrong.liquid', 'Хорошо');
    await hears('Хорошо');
    renameSync(folder, `${folder}.away`);
    await waitFor(() => problems.length > 0, { what: 'the problem' });
    assert.equal(said(), 'Хорошо');
    renameSync(`${folder}.away`, folder);
    await waitFor(() => changes === 2, { what: 'the folder to be back' });
    save('ru/switch-code-wrong.liquid', 'Вернулись');
    await hears('Вернулись');
  });

  it('follows a folder that is swapped by a link, as mounted configuration is', async () => {
    renameSync(folder, join(base, 'one'));
    cpSync(join(base, 'one'), join(base, 'two'), { recursive: true });
    writeFileSync(join(base, 'two/ru/switch-code-wrong.liquid'), 'Второе');
    mkdirSync(folder);
    for (const locale of ['ru', 'en', 'fa']) symlinkSync(join('..data', locale), join(folder, locale));
    symlinkSync(join('..', 'one'), join(folder, '..data'));
    await open();
    symlinkSync(join('..', 'two'), join(folder, '..data.next'));
    renameSync(join(folder, '..data.next'), join(folder, '..data'));
    await hears('Второе');
    writeFileSync(join(base, 'two/ru/switch-code-wrong.liquid'), 'Третье');
    await hears('Третье');
  });

  it('takes a touched file for no change', async () => {
    await open();
    utimesSync(join(folder, 'ru/switch-code-wrong.liquid'), new Date(0), new Date(0));
    save('ru/stopped.liquid', 'Пока');
    await waitFor(() => changes > 0, { what: 'the one change' });
    assert.equal(changes, 1);
  });

  it('does not keep the process alive', () => {
    const script = `
      import { openTemplates } from ${JSON.stringify(fileURLToPath(new URL('../../src/files/template-folder.ts', import.meta.url)))};
      import { CLUB } from ${JSON.stringify(fileURLToPath(new URL('../reply/programs.ts', import.meta.url)))};
      await openTemplates(${JSON.stringify(folder)}, [CLUB], { onChange() {}, onProblems() {} });
      process.stdout.write('open');`;
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      timeout: 15_000,
      encoding: 'utf8',
    });
    assert.deepEqual([child.status, child.stdout, child.signal], [0, 'open', null], child.stderr);
  });
});

describe('readTemplateFolder', () => {
  it('finds the same files in the same order as names sort, and no hidden file', async () => {
    const files = await readTemplateFolder(SHIPPED);
    const paths = files.sources.map(({ path }) => path);
    assert.deepEqual(paths, paths.toSorted());
    assert.equal(paths.length, LOCALES.length * TEXT_NAMES.length);
    assert.ok(paths.includes('fa/switch-code-wrong.liquid') && paths.includes('fa/till/active.liquid'));
  });
});
