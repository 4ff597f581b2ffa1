/** The part of `smpp` that is used: its PDU class and its tables. The package has no types of its own. */
declare module 'smpp' {
  /** A PDU's fields by the names of the specification; numbers, strings, buffers, or what a filter made of them. */
  export interface PduFields {
    readonly [field: string]: unknown;
  }

  export class PDU {
    /** Longer ones are refused with an error; 16 KB unless set. */
    static maxLength: number;
    /** Reads a whole frame, or makes one of a command. @throws when the bytes do not fit the command, or it is unknown. */
    constructor(commandOrFrame: string | Buffer, fields?: PduFields);
    /** `unknown` for an id that is in no table; its fields are then not read. */
    readonly command: string;
    readonly command_id: number;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly [field: string]: unknown;
    toBuffer(): Buffer;
  }

  /** What the package exports by a loop, so that Node finds no names: only the default export has it. */
  const smpp: {
    /** Statuses by name: `ESME_RTHROTTLED` is 0x58. */
    readonly errors: Readonly<Record<string, number>>;
    readonly commands: Readonly<Record<string, { readonly id: number } | undefined>>;
    readonly commandsById: Readonly<Record<number, { readonly command: string } | undefined>>;
  };
  // oxlint-disable-next-line import/no-default-export -- the package is CommonJS
  export default smpp;
}
