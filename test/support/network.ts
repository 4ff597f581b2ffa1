import assert from 'node:assert/strict';
import { type LookupFunction, type NetConnectOpts, Socket } from 'node:net';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;

const attempts: string[] = [];
let isClosed = false;

/** From now on a connection to anything but this machine fails at once, before its name is even looked up. */
export function closeOutsideNetwork(): void {
  if (isClosed) return;
  isClosed = true;
  const original = Object.getOwnPropertyDescriptor(Socket.prototype, 'connect')?.value as (
    ...args: unknown[]
  ) => Socket;
  Socket.prototype.connect = function guarded(this: Socket, ...args: unknown[]) {
    const host = hostOf(args);
    if (host === undefined || LOOPBACK.test(host)) return Reflect.apply(original, this, args);
    attempts.push(host);
    const error = new Error(`the network outside is closed in tests: ${host}`);
    const lookup: LookupFunction = (_name, _options, done) => done(error, '');
    return Reflect.apply(original, this, [{ host: 'outside.invalid', port: 443, lookup }]);
  };
}

/** Fails the test during which something tried to leave this machine, also when the caller swallowed the error. */
export function afterEachTestNoOutsideCalls(): void {
  assert.deepEqual(attempts.splice(0), [], 'a test tried to connect to another machine');
}

/** `connect` takes a path, a port and a host, options, or (from `net.connect` itself) all of them in one array. */
function hostOf(args: readonly unknown[]): string | undefined {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args;
  if (typeof first === 'object' && first !== null) {
    const options = first as NetConnectOpts;
    return 'path' in options && options.path ? undefined : (options as { host?: string }).host;
  }
  return typeof first === 'number' && typeof second === 'string' ? second : undefined;
}
