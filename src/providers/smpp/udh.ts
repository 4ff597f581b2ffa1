import { type Gsm7Tables, LANGUAGE_IDENTIFIERS } from '../../sms/gsm7-tables.ts';
import { type PartPlace, partPlace } from './parts.ts';

/** What a user data header tells that matters here. */
export interface UserDataHeader {
  /** Its length, with the length octet: the text begins after so many. */
  readonly octets: number;
  readonly place?: PartPlace;
  readonly tables: Gsm7Tables;
}

/** Information element identifiers. Source: 3GPP TS 23.040 §9.2.3.24. */
const IEI = { concatenated8: 0x00, concatenated16: 0x08, singleShift: 0x24, lockingShift: 0x25 } as const;

type Elements = ReadonlyMap<number, Buffer>;

/**
 * Reads the header that a message begins with. Unknown elements are skipped; of two with the same identifier the last
 * counts. Undefined when its lengths do not fit, or when the text is in a locking table that we lack: read by another
 * one it would be nonsense. A single shift table that we lack costs a few characters only, so the text is read.
 */
export function readHeader(body: Buffer): UserDataHeader | undefined {
  const elements = readElements(body);
  if (elements === undefined) return undefined;
  const locking = language(elements, IEI.lockingShift);
  if (elements.has(IEI.lockingShift) && locking === undefined) return undefined;
  const single = language(elements, IEI.singleShift);
  const place = concatenation(elements);
  return {
    octets: (body[0] ?? 0) + 1,
    ...(place !== undefined && { place }),
    tables: { ...(locking !== undefined && { locking }), ...(single !== undefined && { single }) },
  };
}

function readElements(body: Buffer): Elements | undefined {
  const length = body[0];
  if (length === undefined || length + 1 > body.length) return undefined;
  const header = body.subarray(1, length + 1);
  const elements = new Map<number, Buffer>();
  let at = 0;
  while (at < header.length) {
    const identifier = header[at];
    const size = header[at + 1];
    if (identifier === undefined || size === undefined || at + 2 + size > header.length) return undefined;
    elements.set(identifier, header.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return elements;
}

function concatenation(elements: Elements): PartPlace | undefined {
  const wide = elements.get(IEI.concatenated16);
  if (wide?.length === 4) return partPlace('udh16', wide.readUInt16BE(0), wide.readUInt8(2), wide.readUInt8(3));
  const narrow = elements.get(IEI.concatenated8);
  if (narrow?.length === 3) return partPlace('udh8', narrow.readUInt8(0), narrow.readUInt8(1), narrow.readUInt8(2));
  return undefined;
}

function language(elements: Elements, identifier: number): Gsm7Tables['single'] {
  const element = elements.get(identifier);
  return element?.length === 1 ? LANGUAGE_IDENTIFIERS[element.readUInt8(0)] : undefined;
}
