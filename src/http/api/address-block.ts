import ipaddr from 'ipaddr.js';

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
