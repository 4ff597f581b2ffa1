const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True of a scheme, host and port that credentials may be sent to: https, or plain http to this machine. */
export function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, origin, href } = new URL(value);
  const isBare = href === `${origin}/`;
  return isBare && (protocol === 'https:' || (protocol === 'http:' && THIS_MACHINE.has(hostname)));
}
