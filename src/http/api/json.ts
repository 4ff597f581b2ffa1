import { ApiProblem } from './problems.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON text. Text that Postgres cannot hold (U+0000, halves of surrogate pairs) and the field name
 * `__proto__`, which some library would take for more than a name, are refused wherever they stand.
 */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8.decode(bytes), refuseTricks);
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    // The parser's own words quote the text.
    throw mistaken('is not JSON in UTF-8');
  }
}

/** False for text that cannot be kept. */
export function isKeepable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function refuseTricks(name: string, value: unknown): unknown {
  if (name === '__proto__') throw mistaken('has a field that no body may have');
  if (!isKeepable(name) || (typeof value === 'string' && !isKeepable(value))) {
    throw mistaken('has characters that are not text');
  }
  return value;
}

function mistaken(message: string): ApiProblem {
  return new ApiProblem('invalid-request', 'Nothing was done. The mistakes are listed.', {
    mistakes: [{ path: 'body', message }],
  });
}
