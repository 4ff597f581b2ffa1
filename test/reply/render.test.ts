import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Locale } from '../../src/activation/program.ts';
import { compileTemplates } from '../../src/reply/compile.ts';
import { previewReply, renderReply } from '../../src/reply/render.ts';
import { templateSource } from '../../src/reply/source.ts';
import { isTextName } from '../../src/reply/texts.ts';
import { replyValues } from '../../src/reply/values.ts';
import type { ReplyValues } from '../../src/reply/variables.ts';
import { CLUB, LONG_NAMED } from './programs.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const MOMENT = { address: '2420', now: NOW };
const FACTS = { card: '9643001234563456' as CardNumber, code: '0042', expiresAt: new Date(NOW.getTime() + 900_000) };
const VALUES = replyValues(CLUB, FACTS, MOMENT);

/** What a single text says. */
function say(text: string, { locale = 'ru', values = VALUES }: { locale?: Locale; values?: ReplyValues } = {}) {
  const source = templateSource(`${locale}/activated.liquid`, text) ?? assert.fail();
  const { texts } = compileTemplates([source], [CLUB]);
  return renderReply(texts, { program: 'club', locale, name: 'activated', values });
}

describe('renderReply', () => {
  it('folds line breaks and spaces of any kind, so that a file may be laid out for reading', () => {
    assert.equal(say('\n  Карта\n\t{{ card }}\u00a0\n ваша \u00a0и ничья. \n').text, 'Карта •••• 3456 ваша и ничья.');
  });

  it('sends what HTML would escape as it is', () => {
    assert.equal(
      say('Я & {{ program }}', { values: { program: '<b>"Кофе" & \'Чай\'</b>' } }).text,
      `Я & <b>"Кофе" & 'Чай'</b>`,
    );
  });

  it('never reads a value as Liquid', () => {
    assert.equal(say('{{ program }}', { values: { program: 'я {{ card }} {% if %}' } }).text, 'я {{ card }} {% if %}');
  });

  it('keeps numbers from left to right in a Persian text, and counts in Persian digits', () => {
    assert.equal(say('کارت {{ card }}، {{ minutes }} دقیقه', { locale: 'fa' }).text, 'کارت \u200e•••• 3456، ۱۵ دقیقه');
  });

  it('joins words and names to what Liquid makes of them', () => {
    const part = fc.oneof(
      fc.constantFrom('{{ card }}', '{{program}}', '{{  code}}', '{{\nnumber }}', '{{- card }}', '{{ card -}}', ' '),
      fc.constantFrom('{{ asked }}', '{{ otherCard }}', '{{ true }}', '{{ toString }}', '{{ card.size }}', '{{ "я" }}'),
      fc.constantFrom('}}', '{', '{ {', '%}', '{% if code %}ваша{% endif %}', '{{ card | upcase }}', '{{{ card }}}'),
      fc.constantFrom('Карта ', '. ', '\n', '\\', '$1', '%20'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('ru', 'fa'), (parts, locale) => {
        const [text, values] = [parts.join(''), { ...VALUES, asked: true }] as const;
        // A tag that says nothing leaves all of it to Liquid.
        assert.deepEqual(
          say(text, { locale, values }),
          say(`${text}\n{% comment %}{% endcomment %}`, { locale, values }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives way to a safe text when a value is missing, and says which', () => {
    const reply = say('Карта {{ otherCard }}');
    assert.deepEqual(reply, {
      text: 'Спасибо, мы получили ваше сообщение. Будут вопросы, звоните: +7 495 000 00 00',
      isFallback: true,
      error: '"otherCard" is not always there; put this part between {% if otherCard %} and {% endif %}',
    });
  });

  it('gives way to a safe text when there is no text or an empty one', () => {
    assert.equal(say('{% if code %}{% endif %}').error, 'the text is empty');
    const { texts } = compileTemplates([], [CLUB]);
    const reply = renderReply(texts, { program: 'club', locale: 'en', name: 'help', values: {} });
    assert.deepEqual(reply, {
      text: 'Thank you, we have received your message.',
      isFallback: true,
      error: 'there is no text',
    });
  });

  it('has a safe text of at most two segments in each language, for a long phone number too', () => {
    const { texts } = compileTemplates([], []);
    for (const locale of ['ru', 'en', 'fa'] as const) {
      const values = replyValues(LONG_NAMED, {}, MOMENT);
      const reply = previewReply(texts, { program: 'bakery', locale, name: 'help', values });
      assert.ok(reply.isFallback && reply.segments <= 2 && reply.text.includes('+98 912 123 4567'), reply.text);
    }
  });

  it('stops a text that would take the machine’s memory', () => {
    assert.equal(say('{{ (1..100000000) }}').isFallback, true);
  });

  it('says something for every text and value, and throws for none', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      ' if ',
      ' endif ',
      ' card ',
      '|',
      '"',
      'я',
      '\n',
      ' replace: ',
      '(1..9)',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, program) => {
        assert.notEqual(say(pieces.join(''), { values: { program } }).text, '');
      }),
      { numRuns: 300 },
    );
  });
});

describe('isTextName', () => {
  it('knows the replies, and nothing that an object has by nature', () => {
    assert.deepEqual(['help', 'till/active', 'till/help', 'constructor', 'error'].map(isTextName), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
