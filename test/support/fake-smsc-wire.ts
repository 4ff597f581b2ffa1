import { PDU, type PduFields } from 'smpp';

/** A request or a response as the SMSC saw it, read by the `smpp` package. */
export interface SeenPdu {
  readonly command: string;
  readonly status: number;
  readonly sequence: number;
  /** The fields by the specification's names; `short_message` of a submit_sm as the bytes that came. */
  readonly fields: PduFields;
  readonly bytes: Buffer;
}

/** Cuts what comes into PDUs. What the ESME sends is whole, so a wrong length is a failure of the test. */
export function pduReader(take: (pdu: SeenPdu) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= lengthOf(pending)) {
      const bytes = pending.subarray(0, lengthOf(pending));
      pending = pending.subarray(bytes.length);
      take(readSeen(bytes));
    }
  };
}

/** A PDU's bytes. */
export function pduBytes(command: string, fields: PduFields = {}): Buffer {
  return new PDU(command, { ...fields }).toBuffer();
}

/** `command_length` and the rest, whatever they are: for PDUs that no library would write. */
export function rawPdu(commandId: number, { status = 0, sequence = 1, body = Buffer.alloc(0) } = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(16 + body.length, 0);
  header.writeUInt32BE(commandId, 4);
  header.writeUInt32BE(status, 8);
  header.writeUInt32BE(sequence, 12);
  return Buffer.concat([header, body]);
}

function lengthOf(pending: Buffer): number {
  const length = pending.readUInt32BE(0);
  if (length < 16 || length > 70_000) throw new Error(`the ESME wrote a PDU of ${length} bytes`);
  return length;
}

function readSeen(bytes: Buffer): SeenPdu {
  const pdu = new PDU(Buffer.from(bytes));
  return {
    command: pdu.command,
    status: pdu.command_status,
    sequence: pdu.sequence_number,
    fields: pdu.command === 'submit_sm' ? Object.assign(pdu, { short_message: shortMessageOf(bytes) }) : pdu,
    bytes: Buffer.from(bytes),
  };
}

/** The package decodes short_message by data_coding; here it is found by walking the fields of SMPP 3.4 §4.4.1. */
function shortMessageOf(bytes: Buffer): Buffer {
  let at = 16;
  const skipString = () => {
    at = bytes.indexOf(0, at) + 1;
  };
  skipString(); // service_type
  at += 2;
  skipString(); // source_addr
  at += 2;
  skipString(); // destination_addr
  at += 3; // esm_class, protocol_id, priority_flag
  skipString(); // schedule_delivery_time
  skipString(); // validity_period
  at += 4; // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id
  const length = bytes.readUInt8(at);
  return bytes.subarray(at + 1, at + 1 + length);
}
