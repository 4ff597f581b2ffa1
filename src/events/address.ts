import ipaddr from 'ipaddr.js';

/** Where events may be posted to. */
export interface UrlPolicy {
  /** Also private networks and this machine: the configuration says so. Never link-local, metadata or multicast. */
  readonly isPrivateAllowed: boolean;
}

/** Why an address of a loyalty back end is refused, for the log: it never holds the address. */
export type Refusal = 'not-a-url' | 'scheme' | 'credentials' | 'port' | 'address';

/** `https` as it is, and the port that is common for it where 443 is taken. */
const PORTS: ReadonlySet<string> = new Set(['', '443', '8443']);

/** The endpoint as a URL, or why it is refused whatever its name resolves to. */
export function checkUrl(raw: string, { isPrivateAllowed }: UrlPolicy): URL | Refusal {
  if (!URL.canParse(raw)) return 'not-a-url';
  const url = new URL(raw);
  const host = hostOf(url);
  const isLoopbackHttp = url.protocol === 'http:' && isPrivateAllowed && isLoopback(host);
  if (url.protocol !== 'https:' && !isLoopbackHttp) return 'scheme';
  if (url.username !== '' || url.password !== '') return 'credentials';
  if (!PORTS.has(url.port) && !isPrivateAllowed) return 'port';
  if (ipaddr.isValid(host) && !isAllowedAddress(host, { isPrivateAllowed })) return 'address';
  return url;
}

/** The host without the brackets of an IPv6 address. URL has already turned `0x7f.1` and `2130706433` into `127.0.0.1`. */
export function hostOf({ hostname }: { readonly hostname: string }): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Public addresses that clouds answer on inside their own machines. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254']);

const PRIVATE: ReadonlySet<string> = new Set(['private', 'carrierGradeNat', 'uniqueLocal', 'loopback']);

/** True for an IP address that events may be sent to. An IPv4 address inside an IPv6 one is judged as what it is. */
export function isAllowedAddress(address: string, { isPrivateAllowed }: UrlPolicy): boolean {
  const parsed = parse(address);
  if (parsed === undefined || METADATA.has(parsed.toString())) return false;
  const range: string = parsed.range();
  if (PRIVATE.has(range)) return isPrivateAllowed;
  if (range !== 'unicast') return false;
  // All that was ever given out of IPv6 begins with 001; the rest may be anything one day.
  return parsed.kind() === 'ipv4' || ((parsed as ipaddr.IPv6).parts[0] ?? 0) >> 13 === 1;
}

function isLoopback(host: string): boolean {
  return parse(host)?.range() === 'loopback';
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  try {
    // A zone (`fe80::1%eth0`) names an interface of this machine.
    return address.includes('%') ? undefined : ipaddr.process(address);
  } catch {
    return undefined;
  }
}
