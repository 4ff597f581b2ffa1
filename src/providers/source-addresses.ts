import ipaddr from 'ipaddr.js';
import joi, { type ArraySchema } from 'joi';

/**
 * The schema of the key `sourceAddresses`: IP addresses and networks (`203.0.113.7`, `10.0.0.0/8`, `fd00::/8`). Absent:
 * any address. An empty list is refused, for it could be meant either way.
 */
export function sourceAddresses(who: string): ArraySchema<string[]> {
  return joi
    .array()
    .items(joi.string().custom((value: string, { error }) => (networkOf(value) ? value : error('any.invalid'))))
    .single()
    .min(1)
    .description(
      `Addresses and networks that ${who} calls from; calls from elsewhere are forged. Absent: any. Behind a proxy set \`TRUSTED_PROXIES\`, or all calls come from the proxy.`,
    )
    .example(['203.0.113.7', '10.0.0.0/8'])
    .messages({ 'any.invalid': '{{#label}} must be an IP address, or a network such as 10.0.0.0/8' });
}

/** True of an address in one of the networks, and of every address when there is no list. Never throws. */
export function isFromSource(remoteAddress: string, sources: readonly string[] | undefined): boolean {
  if (sources === undefined) return true;
  const address = addressOf(remoteAddress);
  if (address === undefined) return false;
  return sources.some((source) => {
    const [network, bits] = networkOf(source) ?? [];
    return (
      network !== undefined && bits !== undefined && network.kind() === address.kind() && address.match(network, bits)
    );
  });
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

function networkOf(source: string): readonly [Address, number] | undefined {
  const [host = '', bits, ...rest] = source.split('/');
  const address = addressOf(host);
  if (address === undefined || rest.length > 0) return undefined;
  const most = address.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return [address, most];
  // A network of IPv4 addresses inside IPv6 is written as one of IPv4.
  const isWritten = /^\d{1,3}$/.test(bits) && Number(bits) <= most && (most === 128 || !host.includes(':'));
  return isWritten ? [address, Number(bits)] : undefined;
}

/** The address; an IPv4 one that a dual-stack socket shows as `::ffff:203.0.113.7` is the IPv4 one. */
function addressOf(text: string): Address | undefined {
  const isWhole = text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
  return isWhole ? ipaddr.process(text) : undefined;
}
