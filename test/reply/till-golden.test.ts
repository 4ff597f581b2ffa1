import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LOCALES } from '../../src/activation/program.ts';
import { readTemplateFolder } from '../../src/files/template-folder.ts';
import { compileTemplates, type ReplyTexts } from '../../src/reply/compile.ts';
import { renderReply, type SampleReply, sampleTillTexts } from '../../src/reply/render.ts';
import { templateSource } from '../../src/reply/source.ts';
import { MAX_TILL_CHARACTERS, screenCharacters, TILL_TEXT_NAMES } from '../../src/reply/till-texts.ts';
import { CLUB, LONG_NAMED } from './programs.ts';

const TEMPLATES = fileURLToPath(new URL('../../templates', import.meta.url));
/** The keyword is the longest that a configuration may have. */
const LONG_WORDED = { ...LONG_NAMED, keywords: ['К'.repeat(30)] };
const PROGRAMS = [CLUB, LONG_WORDED];

/** What cashiers read, as a page. `UPDATE_GOLDEN=1` writes it anew. */
function page(shown: readonly SampleReply[]): string {
  return shown
    .map(({ name, situation, text }) => `# ${[name, situation].filter(Boolean).join(', ')}\n${text}\n`)
    .join('\n');
}

describe('the shipped texts for the till', () => {
  let texts: ReplyTexts;
  let shown: readonly SampleReply[] = [];

  before(async () => {
    const files = await readTemplateFolder(TEMPLATES);
    const compiled = compileTemplates(files.sources, PROGRAMS);
    assert.deepEqual([...files.problems, ...compiled.problems], []);
    texts = compiled.texts;
    shown = sampleTillTexts(texts, PROGRAMS);
  });

  for (const locale of LOCALES) {
    it(`say in ${locale}, for every state, what was last approved`, () => {
      const golden = new URL(`golden/till.${locale}.txt`, import.meta.url);
      const said = page(shown.filter((text) => text.locale === locale && text.program === CLUB.key));
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, said);
      assert.equal(said, readFileSync(golden, 'utf8'));
    });
  }

  it('fit the screen in every situation, also with a long name, phone number and keyword', () => {
    const wrong = shown.filter(({ text, isFallback }) => isFallback || screenCharacters(text) > MAX_TILL_CHARACTERS);
    assert.deepEqual(wrong, []);
    assert.equal(shown.length, 2 * 3 * (TILL_TEXT_NAMES.length + 2));
  });

  it('begin with a Persian letter in Persian, and have no Arabic look-alikes', () => {
    const wrong = shown.filter(
      ({ locale, text }) => locale === 'fa' && (!/^\p{Script=Arabic}/u.test(text) || /[يكى٠-٩]/.test(text)),
    );
    assert.deepEqual(wrong, []);
  });

  it('give way to a safe text when one fails', () => {
    const { text, isFallback } = renderReply(texts, {
      program: 'club',
      locale: 'en',
      name: 'till/issued',
      values: { support: '+7 495 000 00 00' },
    });
    assert.deepEqual([text, isFallback], ['For help with this card call +7 495 000 00 00', true]);
  });
});

describe('compileTemplates, of a text for the till', () => {
  const file = 'ru/till/active.liquid';

  async function problemsOf(path: string, text: string): Promise<string[]> {
    const { sources } = await readTemplateFolder(TEMPLATES);
    const own = templateSource(path, text) ?? assert.fail('no place for a text');
    const { problems } = compileTemplates([...sources.filter((source) => source.path !== path), own], [CLUB]);
    return problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }

  const MISTAKES = [
    [
      'a text over 120 characters',
      file,
      'я'.repeat(123),
      "1:1 the text has 123 characters for programme club; shorten it by 3 to fit a till's screen (120 characters)",
    ],
    [
      'a value of another text',
      file,
      '{{ successor }}',
      '1:4 "successor" is not known in this text (For the till: the last four characters of the card that took the place of this one); use one of program, support, number, example, digits, card',
    ],
    [
      'a value that is not always there',
      'ru/till/replaced.liquid',
      'На {{ successor }}',
      '1:7 "successor" is not always there; put this part between {% if successor %} and {% endif %}',
    ],
    [
      'a state that no card has',
      'ru/till/lost.liquid',
      'Нет',
      `1:1 there is no text "till/lost"; rename the file to one of ${TILL_TEXT_NAMES.join(', ')}, or remove it`,
    ],
    ['an empty text', file, ' ', '1:1 the text is empty for programme club; write what to say then'],
  ] as const;
  for (const [what, path, text, says] of MISTAKES) {
    it(`reports ${what}`, async () => assert.deepEqual(await problemsOf(path, text), [says]));
  }

  it('reports a text that nobody wrote', async () => {
    const { sources } = await readTemplateFolder(TEMPLATES);
    const { problems } = compileTemplates(
      sources.filter(({ path }) => path !== file),
      [CLUB],
    );
    const message = 'this text is missing and the till of club may have to show it; write this file';
    assert.deepEqual(problems, [{ file, line: 1, column: 1, message }]);
  });

  it('takes a text of up to 120 characters that would be a dear SMS', async () => {
    assert.deepEqual(await problemsOf(file, '😀'.repeat(120)), []);
  });

  it("gives a programme's own text before that of all", async () => {
    const { sources } = await readTemplateFolder(TEMPLATES);
    const own = templateSource('programs/club/ru/till/active.liquid', 'Своё') ?? assert.fail('no place for a text');
    const { texts, problems } = compileTemplates([...sources, own], [CLUB, LONG_NAMED]);
    assert.deepEqual(problems, []);
    assert.equal(texts.find('club', 'ru', 'till/active')?.render({}), 'Своё');
    assert.notEqual(texts.find('bakery', 'ru', 'till/active')?.render({ card: '•••• 3456' }), 'Своё');
  });
});
