import assert from 'node:assert/strict';
import { html } from '../../src/http/html.ts';

describe('html', () => {
  it('lets no text become markup, in content or between quotes', () => {
    const hostile = `</p><script>alert('1' && "2")</script>`;
    const { markup } = html`<p title="${hostile}">${hostile}</p>`;
    assert.deepEqual(markup.match(/[<>"']/g)?.join(''), '<""><>');
    assert.ok(markup.includes('&#60;script&#62;'));
    assert.ok(markup.includes('&#38;&#38;'));
  });

  it('takes pieces of its own, and lists of them, as they are', () => {
    const items = ['a&b', 'c'].map((text) => html`<li>${text}</li>`);
    assert.equal(html`<ul>${items}</ul>${[]}${html`<hr>`}`.markup, '<ul><li>a&#38;b</li>\n<li>c</li></ul><hr>');
  });

  it('writes numbers', () => {
    assert.equal(html`${0} of ${12}`.markup, '0 of 12');
  });
});
