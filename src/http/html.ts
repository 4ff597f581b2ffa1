/** A piece of a page that is safe to stand between tags: what was filled in is text. Made by `html` alone. */
export interface Html {
  readonly markup: string;
}

/** Markup with values filled in: texts are escaped, pieces of `html` and lists of them stand as they are. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const filled = values.map((value, index) => markupOf(value) + (parts[index + 1] ?? ''));
  return { markup: [parts[0], ...filled].join('') };
}

function markupOf(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('\n');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
