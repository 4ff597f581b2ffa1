/** One file of the templates folder, as it is on the disk; nothing here has been judged yet. */
export interface TemplateSource {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly locale: string;
  /** The programme whose text this is; absent for the text of all programmes. */
  readonly program?: string;
  /** `activated`, or `till/active`. */
  readonly name: string;
  readonly text: string;
}

/** `ru/activated.liquid` or `ru/till/active.liquid`, or the same below `programs/<programme>/`. */
const PLACE = /^(?:programs\/(?<program>[^/]+)\/)?(?<locale>[^/]+)\/(?<name>(?:till\/)?[^/]+)\.liquid$/;

/** Reads what a file is from where it lies; `undefined` for a path that no text can have. */
export function templateSource(path: string, text: string): TemplateSource | undefined {
  const { program, locale, name } = PLACE.exec(path)?.groups ?? {};
  if (locale === undefined || name === undefined) return undefined;
  return { path, locale, name, text, ...(program !== undefined && { program }) };
}

/** Where the text of all programmes lies for a language. */
export function templatePath(locale: string, name: string): string {
  return `${locale}/${name}.liquid`;
}
