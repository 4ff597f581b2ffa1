import { deepEqual } from 'node:assert/strict';
import { errorReporter } from '../src/error-reporter.ts';

describe('the report of something that fails', () => {
  it('says each kind of error at each place once, and how many more there were after half a minute', () => {
    const lines: { place: string; suppressed: number }[] = [];
    let now = 0;
    const report = errorReporter(
      (place, { suppressed }) => lines.push({ place, suppressed }),
      () => now,
    );
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
      { place: 'bind', suppressed: 0 },
      { place: 'bind', suppressed: 0 },
      { place: 'send-twilio', suppressed: 0 },
      { place: 'bind', suppressed: 2 },
    ]);
  });
});
