const CARRIAGE_RETURN = 0x0d;

/**
 * Septets packed into octets, the first in the lowest bits, after `fillBits` bits of nothing. When 7 bits are left over,
 * which would read as one more `@`, they hold a carriage return. Source: 3GPP TS 23.038 §6.1.2.1.1 and §6.1.2.3.1.
 */
export function packSeptets(septets: Uint8Array, fillBits = 0): Buffer {
  const bits = fillBits + septets.length * 7;
  const octets = Buffer.alloc(Math.ceil(bits / 8));
  const isRoomForOne = octets.length * 8 - bits === 7;
  const padded = isRoomForOne ? [...septets, CARRIAGE_RETURN] : septets;
  padded.forEach((septet, index) => {
    const bit = fillBits + index * 7;
    const octet = bit >> 3;
    const shifted = (septet & 0x7f) << (bit & 7);
    octets[octet] = (octets[octet] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) octets[octet + 1] = (octets[octet + 1] ?? 0) | (shifted >> 8);
  });
  return octets;
}

/**
 * The septets of packed octets, after `fillBits` bits. Their number is not written anywhere in SMPP, so a last septet
 * that just fills the last octet and is 0 or a carriage return is taken for padding; a text that ends there with `@`
 * or a carriage return loses it.
 */
export function unpackSeptets(octets: Uint8Array, fillBits = 0): Uint8Array {
  const bits = Math.max(0, octets.length * 8 - fillBits);
  const septets = new Uint8Array(Math.floor(bits / 7));
  for (let index = 0; index < septets.length; index++) {
    const bit = fillBits + index * 7;
    const octet = bit >> 3;
    const pair = (octets[octet] ?? 0) | ((octets[octet + 1] ?? 0) << 8);
    septets[index] = (pair >> (bit & 7)) & 0x7f;
  }
  const last = septets.at(-1);
  const isPadded = bits % 7 === 0 && (last === 0 || last === CARRIAGE_RETURN);
  return isPadded ? septets.subarray(0, -1) : septets;
}

/** The bits between a user data header of so many octets and the first septet. Source: 3GPP TS 23.040 §9.2.3.24. */
export function fillBitsAfter(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7;
}
