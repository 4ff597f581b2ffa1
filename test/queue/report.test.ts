import { deepEqual } from 'node:assert/strict';
import { createLogger } from '../../src/log.ts';
import { errorReporter } from '../../src/queue/report.ts';

describe('the report of a failing store', () => {
  it('says each kind of error once, and how many more there were after half a minute', () => {
    const lines: { queue: string; suppressed: number }[] = [];
    const write = (line: string) => {
      const { queue, suppressed } = JSON.parse(line) as { queue: string; suppressed: number };
      lines.push({ queue, suppressed });
    };
    let now = 0;
    const report = errorReporter(createLogger({ level: 'warn', destination: { write } }), () => now);
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    report('bind', refused);
    report('bind', refused);
    report('bind', new Error('something else'));
    report('send-twilio', refused);
    now = 29_999;
    report('bind', refused);
    now = 30_000;
    report('bind', refused);
    deepEqual(lines, [
      { queue: 'bind', suppressed: 0 },
      { queue: 'bind', suppressed: 0 },
      { queue: 'send-twilio', suppressed: 0 },
      { queue: 'bind', suppressed: 2 },
    ]);
  });
});
