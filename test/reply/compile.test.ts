import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { compileTemplates } from '../../src/reply/compile.ts';
import { formatProblem } from '../../src/reply/problem.ts';
import { type TemplateSource, templateSource } from '../../src/reply/source.ts';
import { TEXT_NAMES } from '../../src/reply/texts.ts';
import { CLUB, LONG_NAMED } from './programs.ts';

interface Mistake {
  readonly what: string;
  readonly file?: string;
  readonly text: string;
  readonly at: string;
  readonly says: string;
}

const MISTAKES = parse(readFileSync(new URL('mistakes.yaml', import.meta.url), 'utf8')) as readonly Mistake[];

/** Plain texts for everything in Russian, but for the given files. */
function russian(files: Readonly<Record<string, string>>): TemplateSource[] {
  const all = { ...Object.fromEntries(TEXT_NAMES.map((name) => [`ru/${name}.liquid`, 'Хорошо.'])), ...files };
  return Object.entries(all).flatMap(([path, text]) => templateSource(path, text) ?? []);
}

const RUSSIAN_CLUB = { ...CLUB, locales: ['ru'] } as const;

describe('compileTemplates', () => {
  for (const { what, file = 'ru/activated.liquid', text, at, says } of MISTAKES) {
    it(`reports ${what}`, () => {
      const { problems } = compileTemplates(russian({ [file]: text }), [RUSSIAN_CLUB]);
      assert.deepEqual(
        problems.map((problem) => formatProblem(problem, 'templates')),
        [`templates/${file}:${at}: ${says}`],
      );
    });
  }

  it('accepts the few things that a text needs', () => {
    const text = `{% comment %} warm {% endcomment %}{% # short %}{% if code %}{{ code }}{% else %}нет{% endif %}
      {% unless minutes %}-{% endunless %}{% case card %}{% when "x" %}x{% else %}{{ program | upcase }}{% endcase %}`;
    const { problems } = compileTemplates(russian({ 'ru/phone-has-another-card.liquid': text }), [RUSSIAN_CLUB]);
    assert.deepEqual(problems, []);
  });

  it('reports every wrong name in a file, and the files in order', () => {
    const sources = russian({ 'ru/stopped.liquid': '{{ a }}\n{{ b }}', 'ru/help.liquid': '{{ c }}' });
    const places = compileTemplates(sources, [RUSSIAN_CLUB]).problems.map(({ file, line }) => `${file}:${line}`);
    assert.deepEqual(places, ['ru/help.liquid:1', 'ru/stopped.liquid:1', 'ru/stopped.liquid:2']);
  });

  it('reports a reply that nobody wrote, in every language in use and in no other', () => {
    const sources = russian({}).filter(({ name }) => name !== 'help');
    const { problems } = compileTemplates(sources, [RUSSIAN_CLUB]);
    assert.deepEqual(
      problems.map(({ file }) => file),
      ['ru/help.liquid'],
    );
  });

  it('needs no text of all programmes where each programme has its own', () => {
    const own = templateSource('programs/club/ru/help.liquid', 'Своё') ?? assert.fail();
    const sources = russian({}).filter(({ name }) => name !== 'help');
    assert.deepEqual(compileTemplates([...sources, own], [RUSSIAN_CLUB]).problems, []);
  });

  it('holds a text to the budget of every programme that sends it', () => {
    const sources = russian({ 'ru/activated.liquid': `{{ program }}${'я'.repeat(125)}` });
    const bakery = { ...LONG_NAMED, locales: ['ru'] } as const;
    const { problems } = compileTemplates(sources, [RUSSIAN_CLUB, bakery]);
    assert.match(problems[0]?.message ?? '', /for programme bakery; shorten it by 9 to fit 2 segments/);
    const own = templateSource('programs/bakery/ru/activated.liquid', 'Коротко') ?? assert.fail();
    assert.deepEqual(compileTemplates([...sources, own], [RUSSIAN_CLUB, bakery]).problems, []);
  });

  it('gives a programme its own text before that of all', () => {
    const own = templateSource('programs/bakery/ru/help.liquid', 'Своё') ?? assert.fail();
    const { texts } = compileTemplates([...russian({}), own], [CLUB, LONG_NAMED]);
    const said = [CLUB, LONG_NAMED].map(({ key }) => texts.find(key, 'ru', 'help')?.render({}));
    assert.deepEqual(said, ['Хорошо.', 'Своё']);
  });
});
