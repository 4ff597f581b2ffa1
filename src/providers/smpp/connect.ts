import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PduFields } from 'smpp';
import type { SmppOptions } from './options.ts';

/** What a session may do: send and receive, send alone, receive alone. */
export type BindKind = 'transceiver' | 'transmitter' | 'receiver';

export type Connected =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'failed'; readonly reason: string };

type Target = Pick<SmppOptions, 'host' | 'port' | 'tls' | 'caCertificate' | 'serverName' | 'responseTimeoutMs'>;

/**
 * A connected socket; with TLS one whose peer is verified, so that no password goes to anybody else. Never rejects, and
 * takes no longer than `responseTimeoutMs`. The socket has an error listener, and it is not read yet.
 */
export function connectTo(target: Target, signal?: AbortSignal): Promise<Connected> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve({ kind: 'failed', reason: 'aborted' });
    const socket = open(target);
    const settle = (connected: Connected) => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', recall);
      if (connected.kind === 'failed') socket.destroy();
      resolve(connected);
    };
    const fail = (reason: string) => settle({ kind: 'failed', reason });
    const recall = () => fail('aborted');
    const deadline = setTimeout(() => fail('connect-timeout'), target.responseTimeoutMs);
    signal?.addEventListener('abort', recall);
    socket.on('error', (error) => fail(errorCode(error)));
    socket.once('close', () => fail('closed by the SMSC'));
    socket.once(target.tls ? 'secureConnect' : 'connect', () => settle({ kind: 'connected', socket }));
  });
}

function open({ host, port, tls, caCertificate: ca, serverName: servername = host }: Target): Socket {
  if (!tls) return connectPlain({ host, port, keepAlive: true });
  return connectTls({ host, port, ...(isIP(servername) === 0 && { servername }), ...(ca !== undefined && { ca }) });
}

/** The fields of a bind. */
export function bindFields(options: SmppOptions): PduFields {
  return {
    system_id: options.systemId,
    password: options.password,
    system_type: options.systemType,
    interface_version: options.version === '5.0' ? 0x50 : 0x34,
    addr_ton: options.addressTon,
    addr_npi: options.addressNpi,
    address_range: options.addressRange,
  };
}

/** The code, never the message: a message may name what was connected to. */
export function errorCode(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
