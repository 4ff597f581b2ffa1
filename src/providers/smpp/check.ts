import type { CredentialCheck } from '../provider.ts';
import { type BindKind, connectTo } from './connect.ts';
import type { SmppOptions } from './options.ts';
import { type Bound, Session, type SessionTerms } from './session.ts';
import { isRefusedPassword } from './statuses.ts';
import { statusName, statusOf } from './wire.ts';

/**
 * Binds once and unbinds. As a transmitter, to which no SMS is delivered; where the account may not do that, as the
 * channel's sessions do, and what is delivered meanwhile is put off with the temporary status.
 */
export async function checkBind(
  options: SmppOptions,
  newSession: (kind: BindKind) => SessionTerms,
): Promise<CredentialCheck> {
  const transmitter = await tryBind('transmitter', options, newSession);
  if (transmitter.kind !== 'refused' || isFinal(transmitter.status)) return verdict(transmitter, options);
  const other = options.bind === 'transceiver' ? 'transceiver' : 'receiver';
  return verdict(await tryBind(other, options, newSession), options);
}

async function tryBind(
  kind: BindKind,
  options: SmppOptions,
  newSession: (kind: BindKind) => SessionTerms,
): Promise<Bound> {
  const connected = await connectTo(options);
  if (connected.kind === 'failed') return { kind: 'lost', reason: connected.reason };
  const session = new Session(connected.socket, newSession(kind));
  const bound = await session.bind();
  await session.close(0);
  return bound;
}

/** Another kind of bind would be refused for the same reason. */
function isFinal(status: number): boolean {
  return isRefusedPassword(status) || status === statusOf('ESME_RALYBND');
}

function verdict(bound: Bound, { host, port, systemId }: SmppOptions): CredentialCheck {
  if (bound.kind === 'bound') return { kind: 'ok' };
  const at = `The SMSC at ${host}:${port}`;
  if (bound.kind === 'lost') {
    return {
      kind: 'failed',
      advice: `${at} did not bind us (${bound.reason}): check host, port, tls and the list of addresses it lets in.`,
    };
  }
  const status = statusName(bound.status);
  if (bound.status === statusOf('ESME_RALYBND')) {
    const warning = `${at} says that ${systemId} is bound already (${status}), so the password could not be proven: stop the workers and check again, or ask for more sessions.`;
    return { kind: 'ok', warnings: [warning] };
  }
  const advice = isRefusedPassword(bound.status)
    ? `${at} refuses systemId or password (${status}): too many tries may lock the account.`
    : `${at} refuses to bind (${status}): check systemId, password and systemType, and whether all sessions that it allows are bound already.`;
  return { kind: 'failed', advice };
}
