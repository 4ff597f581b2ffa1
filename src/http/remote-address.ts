import type { Express, Request } from 'express';

/**
 * Believes what these proxies say in `X-Forwarded-For`, also where they write a port behind the addresses, as Azure's
 * Application Gateway and IIS do.
 */
export function trustProxies(app: Express, proxies: readonly string[]): void {
  app.set('trust proxy', [...proxies]);
  const isTrusted: (address: string, hop: number) => boolean = app.get('trust proxy fn');
  app.set('trust proxy', (address: string, hop: number) => isTrusted(withoutPort(address), hop));
}

/**
 * Where a call came from: the other end of the connection, or what trusted proxies saw. It has no port, which would make
 * another caller of each connection. Empty when the connection is gone; whatever else is no address, a proxy wrote.
 */
export function remoteAddress({ ip }: Request): string {
  return withoutPort(ip ?? '');
}

/** `203.0.113.5:54321`, `[2001:db8::1]:54321` and `[2001:db8::1]` as addresses; anything else as it is. */
function withoutPort(address: string): string {
  return /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(address)?.slice(1).find(Boolean) ?? address;
}
