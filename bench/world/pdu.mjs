// @ts-check
/** As much of SMPP 3.4 as an SMSC needs that only texts and takes replies; octets in order, nothing decoded in vain. */

export const COMMANDS = {
  bind_receiver: 0x1,
  bind_transmitter: 0x2,
  submit_sm: 0x4,
  deliver_sm_resp: 0x80000005,
  unbind: 0x6,
  bind_transceiver: 0x9,
  enquire_link: 0x15,
};

const RESPONSE = 0x80000000;
const DELIVER_SM = 0x5;

/** @typedef {{ command: number, status: number, sequence: number, bytes: Buffer }} Pdu */

/**
 * Cuts what comes into PDUs.
 * @param {(pdu: Pdu) => void} take
 * @returns {(chunk: Buffer) => void}
 */
export function pduReader(take) {
  /** @type {Buffer} */
  let pending = Buffer.alloc(0);
  return (chunk) => {
    let bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (bytes.length >= 16 && bytes.length >= bytes.readUInt32BE(0)) {
      const length = bytes.readUInt32BE(0);
      take({
        command: bytes.readUInt32BE(4),
        status: bytes.readUInt32BE(8),
        sequence: bytes.readUInt32BE(12),
        bytes: bytes.subarray(0, length),
      });
      bytes = bytes.subarray(length);
    }
    pending = bytes;
  };
}

/**
 * The answer to a PDU, with status 0.
 * @param {Pdu} to
 * @param {string} [text] its only field: system_id or message_id
 */
export function response({ command, sequence }, text) {
  const body = text === undefined ? Buffer.alloc(0) : Buffer.from(`${text}\0`, 'latin1');
  return pdu((command | RESPONSE) >>> 0, sequence, body);
}

/**
 * A deliver_sm: SMPP 3.4 §4.6.1.
 * @param {number} sequence
 * @param {{ from: string, to: string, text: string }} sms `from` international without a plus, `to` a short code
 */
export function deliverSm(sequence, { from, to, text }) {
  // service_type; source ton 1 npi 1; destination ton 3 npi 0; esm_class, protocol_id, priority_flag; two empty times;
  // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id; sm_length.
  const head = `\0\x01\x01${from}\0\x03\0${to}\0\0\0\0\0\0\0\0\0\0`;
  return pdu(DELIVER_SM, sequence, Buffer.from(`${head}${String.fromCharCode(text.length)}${text}`, 'latin1'));
}

/** The destination_addr of a submit_sm: SMPP 3.4 §4.4.1. */
export function destinationOf(/** @type {Buffer} */ bytes) {
  const sourceAt = bytes.indexOf(0, 16) + 3;
  const at = bytes.indexOf(0, sourceAt) + 3;
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

/**
 * @param {number} command
 * @param {number} sequence
 * @param {Buffer} body
 */
function pdu(command, sequence, body) {
  const bytes = Buffer.allocUnsafe(16 + body.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(command, 4);
  bytes.writeUInt32BE(0, 8);
  bytes.writeUInt32BE(sequence, 12);
  body.copy(bytes, 16);
  return bytes;
}
