/** An address as a PDU has it: SMPP 3.4 §5.2.5 to §5.2.9. */
export interface SmppAddress {
  readonly ton: number;
  readonly npi: number;
  /** Up to its NUL, octet by octet. */
  readonly address: string;
}

/** What a deliver_sm or a data_sm holds, none of it interpreted. */
export interface Delivery {
  readonly source: SmppAddress;
  readonly destination: SmppAddress;
  readonly esmClass: number;
  readonly dataCoding: number;
  /** message_payload when there is one, else short_message: with its user data header, if `esmClass` tells of one. */
  readonly body: Buffer;
  /** By their tags. Of two with the same tag the last. */
  readonly tlvs: ReadonlyMap<number, Buffer>;
}

/** The tags that are read here. SMPP 3.4 §5.3.2. */
export const TLV = {
  receiptedMessageId: 0x001e,
  sarReference: 0x020c,
  sarTotal: 0x020e,
  sarPosition: 0x020f,
  networkErrorCode: 0x0423,
  messagePayload: 0x0424,
  messageState: 0x0427,
} as const;

const HEADER_BYTES = 16;
const DELIVER_SM = 0x0000_0005;
const DATA_SM = 0x0000_0103;

/**
 * Reads a whole deliver_sm or data_sm, header included. Undefined when it is another command or when a field or TLV
 * reaches beyond its end. Up to 3 octets after the last TLV, too few for another, are passed over.
 *
 * The `smpp` package is not asked, because what it gives can't be turned back into bytes: it decodes short_message by
 * the low half of data_coding, drops the escapes it does not know, and cuts short what reaches beyond the end.
 */
export function readDelivery(pdu: Buffer): Delivery | undefined {
  if (pdu.length < HEADER_BYTES) return undefined;
  const command = pdu.readUInt32BE(4);
  if (command !== DELIVER_SM && command !== DATA_SM) return undefined;
  const fields = fieldReader(pdu, HEADER_BYTES);
  try {
    return command === DELIVER_SM ? readDeliverSm(fields) : readDataSm(fields);
  } catch (error) {
    if (error instanceof OutOfBytes) return undefined;
    throw error;
  }
}

/** SMPP 3.4 §4.6.1. */
function readDeliverSm(fields: FieldReader): Delivery {
  fields.text(); // service_type
  const source = readAddress(fields);
  const destination = readAddress(fields);
  const esmClass = fields.number();
  fields.bytes(2); // protocol_id, priority_flag
  fields.text(); // schedule_delivery_time
  fields.text(); // validity_period
  fields.bytes(2); // registered_delivery, replace_if_present_flag
  const dataCoding = fields.number();
  fields.bytes(1); // sm_default_msg_id
  const shortMessage = fields.bytes(fields.number());
  const tlvs = readTlvs(fields);
  const payload = tlvs.get(TLV.messagePayload);
  const body = payload === undefined || payload.length === 0 ? shortMessage : payload;
  return { source, destination, esmClass, dataCoding, body, tlvs };
}

/** SMPP 3.4 §4.7.1: no short_message, only a message_payload. */
function readDataSm(fields: FieldReader): Delivery {
  fields.text(); // service_type
  const source = readAddress(fields);
  const destination = readAddress(fields);
  const esmClass = fields.number();
  fields.bytes(1); // registered_delivery
  const dataCoding = fields.number();
  const tlvs = readTlvs(fields);
  return { source, destination, esmClass, dataCoding, body: tlvs.get(TLV.messagePayload) ?? Buffer.alloc(0), tlvs };
}

function readAddress(fields: FieldReader): SmppAddress {
  return { ton: fields.number(), npi: fields.number(), address: fields.text() };
}

function readTlvs(fields: FieldReader): Map<number, Buffer> {
  const tlvs = new Map<number, Buffer>();
  while (fields.left() >= 4) {
    const tag = fields.bytes(2).readUInt16BE(0);
    tlvs.set(tag, fields.bytes(fields.bytes(2).readUInt16BE(0)));
  }
  return tlvs;
}

/** Thrown and caught in this file alone. */
class OutOfBytes extends Error {}

interface FieldReader {
  left(): number;
  /** @throws OutOfBytes */
  bytes(count: number): Buffer;
  /** One octet. @throws OutOfBytes */
  number(): number;
  /** Up to the next NUL, which is passed over. @throws OutOfBytes when there is none. */
  text(): string;
}

function fieldReader(pdu: Buffer, start: number): FieldReader {
  let at = start;

  function bytes(count: number): Buffer {
    if (at + count > pdu.length) throw new OutOfBytes();
    at += count;
    return pdu.subarray(at - count, at);
  }

  return {
    left: () => pdu.length - at,
    bytes,
    number: () => bytes(1).readUInt8(0),
    text() {
      const end = pdu.indexOf(0, at);
      if (end === -1) throw new OutOfBytes();
      return bytes(end - at + 1)
        .subarray(0, -1)
        .toString('latin1');
    },
  };
}
