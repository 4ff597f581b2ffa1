import assert from 'node:assert/strict';
import { createLogger, type LogLevel } from '../../src/log.ts';
import type { SessionState } from '../../src/providers/provider.ts';
import { sessionLog } from '../../workers/session-log.ts';

type Change = readonly [second: number, session: string, state: SessionState['state'], reason?: string];

/** What the log says of these changes: level, session, message and reason. */
function told(changes: readonly Change[], level: LogLevel = 'info'): string[] {
  const lines: string[] = [];
  let now = 0;
  const write = (line: string) => {
    const fact = JSON.parse(line) as Record<'level' | 'channel' | 'session' | 'msg' | 'reason', string>;
    assert.equal(fact.channel, 'main');
    lines.push([fact.level, fact.session, fact.msg, ...(fact.reason === undefined ? [] : [fact.reason])].join(' | '));
  };
  const tell = sessionLog(createLogger({ level, destination: { write } }), 'main', () => now);
  for (const [second, name, state, reason] of changes) {
    now = second * 1_000;
    tell({ name, state, since: new Date(0), inFlight: 0, ...(reason !== undefined && { reason }) });
  }
  return lines;
}

describe('the log of sessions', () => {
  it('says when one is bound, why one is not, and when it is closed', () => {
    const lines = told([
      [0, 't-1', 'connecting'],
      [0, 't-1', 'binding'],
      [0, 't-1', 'waiting', 'bind refused: ESME_RINVPASWD'],
      [60, 't-1', 'connecting', 'bind refused: ESME_RINVPASWD'],
      [61, 't-1', 'bound'],
      [90, 't-1', 'waiting', 'enquire_link unanswered'],
      [92, 't-1', 'closed'],
    ]);
    assert.deepEqual(lines, [
      'warn | t-1 | A session is not bound | bind refused: ESME_RINVPASWD',
      'info | t-1 | A session is bound',
      'warn | t-1 | A session is not bound | enquire_link unanswered',
      'info | t-1 | A session is closed',
    ]);
  });

  it('repeats the same failure once a minute, and tells another at once', () => {
    const failing = Array.from({ length: 61 }, (_, index): Change => [index * 2, 't-1', 'waiting', 'ECONNREFUSED']);
    const lines = told([...failing, [121, 't-2', 'waiting', 'ECONNREFUSED'], [122, 't-1', 'waiting', 'ETIMEDOUT']]);
    assert.deepEqual(lines, [
      ...Array.from({ length: 3 }, () => 'warn | t-1 | A session is not bound | ECONNREFUSED'),
      'warn | t-2 | A session is not bound | ECONNREFUSED',
      'warn | t-1 | A session is not bound | ETIMEDOUT',
    ]);
  });

  it('says each time that a bound session was lost', () => {
    const round = (second: number): Change[] => [
      [second, 't-1', 'bound'],
      [second + 1, 't-1', 'waiting', 'closed by the SMSC'],
    ];
    assert.equal(told([...round(0), ...round(5)]).length, 4);
  });

  it('shows the steps between to who debugs', () => {
    assert.deepEqual(told([[0, 't-1', 'binding']], 'debug'), ['debug | t-1 | A session is on its way']);
  });
});
