import type { Program } from '../activation/program.ts';
import type { FormLine } from '../files/form-file.ts';
import { formSchema, readForm, type TypedForm } from '../http/api/form.ts';
import type { ApiParts } from '../http/api/parts.ts';
import { ApiProblem, type Mistake } from '../http/api/problems.ts';
import { validate } from '../http/api/validate.ts';
import { maskCard, maskPhone } from '../sms/mask.ts';
import type { Form } from '../store/questionnaire.ts';

/** A line of a pile of forms, understood or not. */
export type ReadLine = { readonly form: Form } | { readonly reason: string };

const GIVEN = new Set(['yes', 'y', 'true', '1', 'x', '+', 'да', 'بله']);
const NOT_GIVEN = new Set(['no', 'n', 'false', '0', '-', 'нет', 'خیر']);

/** Reads lines of a pile by the rules of `POST /v1/questionnaires`; `reason` is fit for an operator. */
export function lineReader(parts: Pick<ApiParts, 'lines' | 'now'>, program: Program) {
  const schema = formSchema(parts.now);
  return ({ cells }: FormLine): ReadLine => {
    const { consents, mistakes: unclear } = consentsOf(cells);
    const profile = only(cells, ['name', 'birthday', 'email']);
    const typed = { ...only(cells, ['phone', 'card']), profile, consents };
    const { value, mistakes } = validate(schema, typed, 'body');
    if (mistakes.length + unclear.length > 0) {
      return { reason: [...mistakes.map(inColumn), ...unclear].join('; ') };
    }
    try {
      return { form: readForm(parts, program, value as TypedForm) };
    } catch (error) {
      if (error instanceof ApiProblem) return { reason: error.message };
      throw error;
    }
  };
}

function inColumn({ path, message }: Mistake): string {
  return `${path.replace(/^body\.(?:profile\.)?/, '')} ${message}`;
}

function only(cells: ReadonlyMap<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries([...cells].filter(([name]) => names.includes(name)));
}

/** `consent_third_party` → `third-party`. */
function consentsOf(cells: ReadonlyMap<string, string>) {
  const consents: Record<string, true> = {};
  const mistakes: string[] = [];
  for (const [column, cell] of cells) {
    if (!column.startsWith('consent_')) continue;
    const said = cell.toLowerCase();
    if (GIVEN.has(said)) consents[column.slice('consent_'.length).replaceAll('_', '-')] = true;
    else if (!NOT_GIVEN.has(said)) mistakes.push(`${column} must be yes, no or empty`);
  }
  return { consents, mistakes };
}

/** `card •••• 3456, phone +7 ••• ••• 67`: enough to find the form in the pile. */
export function describeForm({ cells }: FormLine): string {
  const card = cells.get('card');
  const phone = cells.get('phone');
  const known = [card && `card ${maskCard(card)}`, phone && `phone ${maskPhone(phone)}`];
  return known.filter((part) => part !== undefined).join(', ');
}
