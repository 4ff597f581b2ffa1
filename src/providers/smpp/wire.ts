import smpp, { PDU, type PduFields } from 'smpp';
import { HEADER_BYTES, MAX_PDU_BYTES } from './frame.ts';

PDU.maxLength = MAX_PDU_BYTES;

/** A PDU as it came: its header, and all its bytes. */
export interface Pdu {
  /** The specification's name; `unknown` when the id is none of its. */
  readonly command: string;
  readonly status: number;
  readonly sequence: number;
  readonly isResponse: boolean;
  /** The whole PDU with its header. */
  readonly frame: Buffer;
}

/** The bit in a command id that makes it a response. */
const RESPONSE = 0x8000_0000;

/**
 * Reads the header of a whole frame, of 16 bytes or more. Never throws: the `smpp` package, which decodes every field of
 * a PDU and throws when one reaches beyond its end, writes our requests but reads nothing. What we need of a body is read by
 * whoever needs it.
 */
export function readPdu(frame: Buffer): Pdu {
  const id = frame.readUInt32BE(4);
  return {
    command: smpp.commandsById[id]?.command ?? 'unknown',
    status: frame.readUInt32BE(8),
    sequence: frame.readUInt32BE(12),
    isResponse: id >= RESPONSE,
    frame,
  };
}

/** The message_id of a submit_sm_resp, octet by octet up to its NUL; empty when there is none. Never throws. */
export function messageIdOf({ frame }: Pdu): string {
  const end = frame.indexOf(0, HEADER_BYTES);
  return frame.toString('latin1', HEADER_BYTES, end === -1 ? frame.length : end);
}

/** A request's bytes. Texts go in as buffers: the package would guess an encoding for a string. */
export function writeRequest(command: string, sequence: number, fields: PduFields = {}): Buffer {
  return new PDU(command, { ...fields, sequence_number: sequence }).toBuffer();
}

/**
 * A response's bytes. A failed one is a header alone, as the specification has it for submit_sm_resp; what cannot be
 * answered by its own name is answered by a generic_nack.
 */
export function writeResponse(to: Pick<Pdu, 'command' | 'sequence'>, status: number): Buffer {
  const command = ANSWERABLE.has(to.command) ? `${to.command}_resp` : 'generic_nack';
  const length = HEADER_BYTES + (status === 0 && WITH_MESSAGE_ID.has(command) ? 1 : 0);
  // The end of an empty message_id is already there.
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(smpp.commands[command]?.id ?? 0, 4);
  bytes.writeUInt32BE(status, 8);
  bytes.writeUInt32BE(to.sequence, 12);
  return bytes;
}

const ANSWERABLE: ReadonlySet<string> = new Set(['deliver_sm', 'data_sm', 'enquire_link', 'unbind']);
const WITH_MESSAGE_ID: ReadonlySet<string> = new Set(['deliver_sm_resp', 'data_sm_resp']);

const NAMES = new Map(Object.entries(smpp.errors).map(([name, status]) => [status, name]));

/** The status of that name in SMPP 3.4 §5.1.3 or 5.0 §4.7.6. @throws RangeError when there is none. */
export function statusOf(name: string): number {
  const status = smpp.errors[name];
  if (status === undefined) throw new RangeError(`no status ${name}`);
  return status;
}

/** The names of all statuses but the one that means success. */
export const FAILURES: readonly string[] = Object.keys(smpp.errors).filter((name) => name !== 'ESME_ROK');

/** The specification's name of a status, or its number in hexadecimal: what is written down and logged. */
export function statusName(status: number): string {
  return NAMES.get(status) ?? `0x${status.toString(16).padStart(8, '0')}`;
}
