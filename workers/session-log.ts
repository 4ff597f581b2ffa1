import type { Logger } from '../src/log.ts';
import type { SessionState } from '../src/providers/provider.ts';

/** A failure that goes on is told of again after so long. */
const AGAIN_MS = 60_000;

/**
 * Logs what becomes of the sessions of a channel: when one is bound and when it is not, with the reason. The same failure
 * again and again is a line a minute for each session. `now` in ms of a clock that never jumps.
 */
export function sessionLog(log: Logger, channel: string, now = () => performance.now()): (state: SessionState) => void {
  const told = new Map<string, { readonly reason: string; readonly at: number }>();
  const advice = `\`cardwake doctor --channel ${channel}\` shows what the SMSC says.`;
  return ({ name: session, state, reason = 'unknown' }) => {
    const last = told.get(session);
    if (state === 'bound') {
      told.delete(session);
      log.info({ channel, session }, 'A session is bound');
    } else if (state === 'closed') log.info({ channel, session }, 'A session is closed');
    else if (state !== 'waiting') log.debug({ channel, session, state }, 'A session is on its way');
    else if (last?.reason !== reason || now() - last.at >= AGAIN_MS) {
      told.set(session, { reason, at: now() });
      log.warn({ channel, session, reason, advice }, 'A session is not bound');
    }
  };
}
