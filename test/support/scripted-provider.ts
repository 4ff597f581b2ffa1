import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';

/** A provider in memory: answers what the script says and remembers what it was handed. Only for sending. */
export function scriptedProvider(
  script: (message: MobileTerminated, signal: AbortSignal) => SendOutcome | Promise<SendOutcome>,
  lookup?: Provider['lookup'],
): Provider & { readonly handed: readonly MobileTerminated[] } {
  const handed: MobileTerminated[] = [];
  return {
    handed,
    ...(lookup !== undefined && { lookup }),
    send: async (message, signal) => {
      handed.push(message);
      return await script(message, signal);
    },
    receive: () => ({ kind: 'forged', reason: 'nobody calls this provider' }),
    check: () => Promise.resolve({ kind: 'ok' }),
    close: () => Promise.resolve(),
  };
}

/** An acceptance with an id made from the reply's. */
export function accept({ replyId }: MobileTerminated): SendOutcome {
  return { kind: 'accepted', providerMessageId: `SM${replyId}` };
}
