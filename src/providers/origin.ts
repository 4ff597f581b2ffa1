const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True of a scheme, host and port that credentials may be sent to: https, or plain http to this machine. */
export function isOrigin(value: string): boolean {
  return isAnyOrigin(value) && (new URL(value).protocol === 'https:' || THIS_MACHINE.has(new URL(value).hostname));
}

/** True of a scheme, host and port, https or plain http to any machine: for gateways in one's own network. */
export function isAnyOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, origin, href } = new URL(value);
  return href === `${origin}/` && (protocol === 'https:' || protocol === 'http:');
}
