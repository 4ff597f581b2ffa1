import type { TemplateName } from '../activation/outcome.ts';
import { REPLIES, type Reply } from './replies.ts';
import { TILL_TEXTS, type TillTextName } from './till-texts.ts';
import { VARIABLES, type VariableName } from './variables.ts';

/** The name of any text that people edit, and its path below the folder of a language. */
export type TextName = TemplateName | TillTextName;

/** Every text that a language needs: what customers are sent, then what cashiers read. */
export const TEXTS: Readonly<Record<TextName, Reply>> = { ...REPLIES, ...TILL_TEXTS };

/** The names of all texts, in the order of the tables. */
export const TEXT_NAMES = Object.keys(TEXTS) as readonly TextName[];

/** True for the name of a text. */
export function isTextName(name: string): name is TextName {
  return Object.hasOwn(TEXTS, name);
}

/** The variables that a text may use, in the order of the table of variables. */
export function variablesOf(name: TextName): readonly VariableName[] {
  const { variables, sometimes } = TEXTS[name];
  const own = new Set([...variables, ...sometimes]);
  return (Object.keys(VARIABLES) as VariableName[]).filter((key) => VARIABLES[key].isEverywhere || own.has(key));
}
