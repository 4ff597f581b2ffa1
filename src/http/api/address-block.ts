import ipaddr from 'ipaddr.js';
import type { Logger } from '../../log.ts';

/**
 * The block of addresses that one household or office has: IPv4 /24, IPv6 /56. An IPv4 address inside IPv6 counts as
 * what it is. Undefined for what is no address.
 */
export function addressBlock(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return `${parsed.toByteArray().slice(0, 3).join('.')}.0/24`;
  const bytes = parsed.toByteArray().map((byte, index) => (index < 7 ? byte : 0));
  return `${ipaddr.fromByteArray(bytes).toString()}/56`;
}

/** The block of all visitors whose address cannot be read. */
const UNREADABLE = 'unreadable';

/**
 * Tells whose codes are counted together. What is no address counts as one block of all such visitors, or the cap would end
 * where a proxy writes something else; the log says so once.
 */
export function visitorBlocks(log: Logger): (remoteAddress: string) => string {
  let isSaid = false;
  return (remoteAddress) => {
    const block = addressBlock(remoteAddress);
    // Empty where the connection is gone: that is no proxy's doing.
    if (block === undefined && remoteAddress !== '' && !isSaid) {
      isSaid = true;
      log.warn('A trusted proxy names visitors by what is no address: they all share one codesPerAddressBlock');
    }
    return block ?? UNREADABLE;
  };
}
