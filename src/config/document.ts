import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { formatPath, type Path, type Position, type Problem } from './problem.ts';

/** Variables that `${NAME}` may name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A parsed YAML file that knows where each value stands, and gathers what is wrong with it. */
export interface ConfigDocument {
  /** What the file says, with variables filled in; undefined when it is not YAML. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /**
   * Adds a mistake at the value of `path`, or at its key. What stands at or below a value whose variable is missing is
   * not reported again.
   */
  report(path: Path, message: string, at?: 'key' | 'value'): void;
}

interface Parsed {
  readonly file: string;
  readonly doc: Document;
  readonly lines: LineCounter;
  readonly variables: Variables;
  readonly problems: Problem[];
  /** Paths of values that could not be filled in. */
  readonly unfilled: string[];
}

/** Parses `source`, fills in `${NAME}` in its string values and refuses keys that are written twice. Never throws. */
export function readDocument(file: string, source: string, variables: Variables): ConfigDocument {
  const lines = new LineCounter();
  const doc = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const parsed: Parsed = { file, doc, lines, variables, problems: [], unfilled: [] };
  const faults = [...doc.errors, ...doc.warnings];
  for (const fault of faults) parsed.problems.push(syntaxProblem(parsed, source, fault));
  const isWhole = faults.length === 0 && visit(parsed, doc.contents, []);
  return {
    value: isWhole ? doc.toJS({ maxAliasCount: -1 }) : undefined,
    problems: parsed.problems,
    report: (path, message, at = 'value') => {
      const text = formatPath(path);
      if (parsed.unfilled.some((known) => isAtOrBelow(text, known))) return;
      parsed.problems.push({ file, position: positionOf(parsed, path, at), path: text, message });
    },
  };
}

function isAtOrBelow(path: string, known: string): boolean {
  return path === known || path.startsWith(`${known}.`) || path.startsWith(`${known}[`);
}

function syntaxProblem({ file, lines }: Parsed, source: string, fault: YAMLError): Problem {
  const position = toPosition(lines, fault.pos[0]);
  const line = source.split('\n')[position.line - 1] ?? '';
  const hint = /[[{].*\$\{/.test(line) ? `. Between brackets, put the variable in quotes: "\${NAME}"` : '';
  const message = fault.code === 'MULTIPLE_DOCS' ? 'the file may hold one document only' : fault.message;
  return { file, position, path: '', message: `this is not YAML: ${message.replace(/\.?\s*$/, '')}${hint}` };
}

/**
 * Fills in variables and finds doubled keys. What an alias stands for is visited where it is written. False when an
 * alias leads nowhere or to what it stands in, so that the file has no value.
 */
function visit(parsed: Parsed, node: unknown, path: Path, around: readonly unknown[] = []): boolean {
  const within = [...around, node];
  if (isAlias(node)) return isSound(parsed, node, path, around);
  if (isMap(node)) {
    const seen = new Set<string>();
    const visited = node.items.map((pair) => {
      const key = keyOf(pair);
      if (seen.has(key)) addAt(parsed, pair.key, [...path, key], 'is written twice. Keep one of them');
      seen.add(key);
      return visit(parsed, pair.value, [...path, key], within);
    });
    return visited.every(Boolean);
  }
  if (isSeq(node)) return node.items.map((item, index) => visit(parsed, item, [...path, index], within)).every(Boolean);
  if (isScalar(node) && typeof node.value === 'string') {
    node.value = fillIn(node.value, parsed.variables, (message) => {
      addAt(parsed, node, path, message);
      parsed.unfilled.push(formatPath(path));
    });
  }
  return true;
}

function isSound(parsed: Parsed, alias: Alias, path: Path, around: readonly unknown[]): boolean {
  const target = alias.resolve(parsed.doc);
  if (target === undefined) addAt(parsed, alias, path, `there is no anchor &${alias.source} above`);
  else if (around.includes(target)) addAt(parsed, alias, path, `*${alias.source} stands inside of what it repeats`);
  else return true;
  return false;
}

/** `$${` stands for a literal `${`. A variable that is set to nothing counts as missing: an empty secret is none. */
function fillIn(text: string, variables: Variables, complain: (message: string) => void): string {
  return text.replace(/\$(\$\{)|\$\{([^}]*)\}?/g, (match, literal: string | undefined, name: string) => {
    if (literal !== undefined) return literal;
    if (!match.endsWith('}') || !/^[A-Za-z_]\w*$/.test(name)) {
      complain(`"${match}" is not a variable. Write \${NAME}, or $\${ for the characters themselves`);
      return '';
    }
    const value = variables[name];
    if (value === undefined || value === '') complain(`the environment variable ${name} is not set`);
    return value ?? '';
  });
}

function addAt({ file, lines, problems }: Parsed, node: unknown, path: Path, message: string): void {
  problems.push({ file, position: toPosition(lines, offsetOf(node) ?? 0), path: formatPath(path), message });
}

/** The place of the value at `path`, or of its key; for one that is not written, the place of what it is missing in. */
function positionOf({ doc, lines }: Parsed, path: Path, at: 'key' | 'value'): Position {
  let node: unknown = doc.contents;
  let place = { key: 0, value: offsetOf(node) ?? 0 };
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(doc);
    const pair = isMap(node) ? node.items.findLast((candidate) => keyOf(candidate) === String(part)) : undefined;
    const child = isSeq(node) ? node.items[Number(part)] : pair?.value;
    if (pair === undefined && child === undefined) return toPosition(lines, place.key);
    const key = offsetOf(pair?.key) ?? offsetOf(child) ?? place.key;
    place = { key, value: offsetOf(child) ?? key };
    node = child;
  }
  return toPosition(lines, place[at]);
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

/** Where a node begins; undefined for one that is not written out, such as the value of `name:`. */
function offsetOf(node: unknown): number | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  return start === end ? undefined : start;
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
