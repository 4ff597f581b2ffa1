import pg from 'pg';

/** A statement as `pg` takes it. */
export interface Statement {
  /** Undefined for one that is not kept on the connection. */
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

type Answered = (error: Error | undefined, result?: pg.QueryResult) => void;

/** The part of pg's connection that queries of one's own are written with, as pg-cursor's is. */
interface Connection {
  readonly submittedNamedStatements: Record<string, string>;
  parse(statement: { text: string; name?: string | undefined }): void;
  bind(values: { statement?: string | undefined; values?: readonly unknown[]; valueMapper?: unknown }): void;
  describe(what: { type: 'P'; name: string }): void;
  execute(what: object): void;
  close(what: { type: 'S'; name?: string | undefined }): void;
  sync(): void;
}

/** What pg's own query has beside what its types tell. */
interface Inherited {
  hasBeenParsed(connection: Connection): boolean;
  handleError(error: unknown, connection: Connection): void;
}

const { utils } = pg as unknown as { readonly utils: { readonly prepareValue: unknown } };

/**
 * A statement and the one that opens its transaction, behind one Sync. A BEGIN alone is a message that both sides have to
 * write, wake up for and read: 0.1 to 0.2 ms of CPU, as much as many a statement. The result is the statement's own.
 */
export class Bundle extends pg.Query {
  readonly #opening: string;
  readonly #statement: Statement;

  constructor(opening: string, statement: Statement, answered: Answered) {
    const callback = (error: Error | null, results: [begun: pg.QueryResult, own: pg.QueryResult]) =>
      error ? answered(error) : answered(undefined, results[1]);
    super({ ...statement, queryMode: 'extended', callback } as never);
    this.#opening = opening;
    this.#statement = statement;
  }

  /** Called by pg's own `submit`. */
  prepare(connection: Connection): void {
    const { name, values } = this.#statement;
    // pg takes the first ParseComplete for that of the statement's name; an unnamed one would not outlive the next parse.
    if (name !== undefined) this.#parse(connection);
    connection.parse({ text: this.#opening });
    connection.bind({});
    connection.execute({});
    if (name === undefined) this.#parse(connection);
    try {
      connection.bind({ statement: name, values, valueMapper: utils.prepareValue });
    } catch (error) {
      connection.close({ type: 'S', name });
      connection.sync();
      (this as unknown as Inherited).handleError(error, connection);
      return;
    }
    connection.describe({ type: 'P', name: '' });
    connection.execute({});
    connection.sync();
  }

  #parse(connection: Connection): void {
    const { name, text } = this.#statement;
    if ((this as unknown as Inherited).hasBeenParsed(connection)) return;
    connection.parse({ text, name });
    if (name !== undefined) connection.submittedNamedStatements[name] = text;
  }
}
