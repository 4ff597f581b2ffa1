import { randomUUID } from 'node:crypto';
import { REHEARSAL_PREFIX } from '../sms/rehearsal.ts';
import type { Provider } from './provider.ts';

/** The provider message id of a rehearsed SMS, a new one unless given; one that begins as it should stays as it is. */
export function rehearsalId(id: string = randomUUID()): string {
  return id.startsWith(REHEARSAL_PREFIX) ? id : REHEARSAL_PREFIX + id;
}

/**
 * The provider of a channel in rehearsal. Its calls are judged and read and its credentials proved as ever, but nothing is
 * handed to it, nobody asks it what became of a send, and no session is kept open.
 */
export function rehearse(provider: Provider): Provider {
  return {
    ...(provider.methods !== undefined && { methods: provider.methods }),
    receive: (request) => provider.receive(request),
    send: (_message, signal) =>
      Promise.resolve(
        signal.aborted
          ? { kind: 'transient', code: 'aborted' }
          : { kind: 'accepted', providerMessageId: rehearsalId() },
      ),
    check: () => provider.check(),
    close: () => provider.close(),
  };
}
