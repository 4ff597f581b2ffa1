import assert from 'node:assert/strict';
import { startProgress } from '../../src/cli/progress.ts';

describe('progress without a terminal', () => {
  it('is one line for each further tenth, however often it is told', () => {
    const lines: string[] = [];
    const progress = startProgress('Imported', (line) => lines.push(line));
    for (let done = 0; done <= 1_000; done += 1) progress.update(done, 1_000);
    progress.stop();
    assert.deepEqual(
      lines,
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((percent) => `Imported ${percent} %`),
    );
  });

  it('of nothing at all is complete', () => {
    const lines: string[] = [];
    startProgress('Checked', (line) => lines.push(line)).update(0, 0);
    assert.deepEqual(lines, ['Checked 100 %']);
  });
});
