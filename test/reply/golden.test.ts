import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LOCALES } from '../../src/activation/program.ts';
import { read } from '../../src/activation/read.ts';
import { readTemplateFolder } from '../../src/files/template-folder.ts';
import { compileTemplates } from '../../src/reply/compile.ts';
import { type SampleReply, sampleReplies } from '../../src/reply/render.ts';
import { CLUB, LONG_NAMED } from './programs.ts';

const TEMPLATES = fileURLToPath(new URL('../../templates', import.meta.url));
const PROGRAMS = [CLUB, LONG_NAMED];

const COMMANDS = [
  ['ru', 'СТОП', 'СТАРТ'],
  ['en', 'STOP', 'START'],
  ['fa', 'لغو', 'شروع'],
] as const;

/** Every reply of the shipped texts in every situation, as a page to read. `UPDATE_GOLDEN=1` writes it anew. */
function page(replies: readonly SampleReply[]): string {
  return replies
    .map(({ name, situation, segments, characters, encoding, text }) => {
      const title = [name, situation].filter(Boolean).join(', ');
      return `# ${title}: ${segments} × ${encoding}, ${characters} characters\n${text}\n`;
    })
    .join('\n');
}

describe('the shipped reply texts', () => {
  let replies: readonly SampleReply[] = [];

  before(async () => {
    const files = await readTemplateFolder(TEMPLATES);
    const { texts, problems } = compileTemplates(files.sources, PROGRAMS);
    assert.deepEqual([...files.problems, ...problems], []);
    replies = sampleReplies(texts, PROGRAMS);
  });

  for (const locale of LOCALES) {
    it(`say in ${locale} what was last approved`, () => {
      const golden = new URL(`golden/${locale}.txt`, import.meta.url);
      const said = page(replies.filter((reply) => reply.locale === locale && reply.program === CLUB.key));
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, said);
      assert.equal(said, readFileSync(golden, 'utf8'));
    });
  }

  it('cost at most two segments in every situation, also with a long name and phone number', () => {
    const dear = replies.filter(({ segments, isFallback }) => segments > 2 || isFallback);
    assert.deepEqual(dear, []);
    assert.equal(replies.length, 2 * 3 * 25);
  });

  it('cost one segment in English', () => {
    const dear = replies.filter(
      ({ program, locale, segments }) => program === CLUB.key && locale === 'en' && segments > 1,
    );
    assert.deepEqual(dear, []);
  });

  it('begin with a Persian letter in Persian, or a phone would lay the whole text out from left to right', () => {
    const wrong = replies.filter(({ locale, text }) => locale === 'fa' && !/^\p{Script=Arabic}/u.test(text));
    assert.deepEqual(wrong, []);
  });

  it('use Persian letters, not their Arabic look-alikes', () => {
    const wrong = replies.filter(({ locale, text }) => locale === 'fa' && /[يكى٠-٩]/.test(text));
    assert.deepEqual(wrong, []);
  });

  for (const [locale, stop, start] of COMMANDS) {
    it(`tell in ${locale} to send words that we understand`, () => {
      const texts = (name: string) =>
        replies.find((reply) => reply.locale === locale && reply.name === name)?.text ?? '';
      assert.ok(texts('help').includes(stop) && texts('started').includes(stop), stop);
      assert.ok(texts('help').includes(start) && texts('stopped').includes(start), start);
      assert.deepEqual([read(stop, CLUB).kind, read(start, CLUB).kind], ['stop', 'start']);
    });
  }
});
