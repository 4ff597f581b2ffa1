import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALES } from '../../../src/activation/program.ts';
import { templatesCommand } from '../../../src/cli/commands/templates.ts';
import { TEXT_NAMES } from '../../../src/reply/texts.ts';
import { CLUB } from '../../reply/programs.ts';

const SHIPPED_TEXTS = LOCALES.length * TEXT_NAMES.length;
const SHIPPED = fileURLToPath(new URL('../../../templates', import.meta.url));

describe('cardwake templates check', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-texts-'));
    cpSync(SHIPPED, folder, { recursive: true });
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** The printed lines and the exit code. */
  async function run(...args: string[]): Promise<{ lines: string[]; exitCode: number }> {
    const lines: string[] = [];
    const before = process.exitCode;
    process.exitCode = 0;
    try {
      const needs = {
        loadPrograms: async () => [CLUB],
        defaultFolder: () => folder,
        print: (line: string) => lines.push(line),
      };
      await templatesCommand(needs).parseAsync(['check', ...args], { from: 'user' });
      return { lines, exitCode: process.exitCode };
    } finally {
      process.exitCode = before;
    }
  }

  it('passes the shipped texts', async () => {
    assert.deepEqual(await run(), { lines: [`${SHIPPED_TEXTS} texts, 0 problems`], exitCode: 0 });
  });

  it('prints every problem with file, line and column, and exits with 1', async () => {
    writeFileSync(join(folder, 'ru/help.liquid'), 'Помощь:\n  {{ phone }}');
    rmSync(join(folder, 'en/stopped.liquid'));
    writeFileSync(join(folder, 'stray.liquid'), 'x');
    const { lines, exitCode } = await run(folder);
    assert.equal(exitCode, 1);
    assert.deepEqual(lines, [
      `${folder}/stray.liquid:1:1: no reply text lies here; move it to <language>/<reply>.liquid or programs/<programme>/<language>/`,
      `${folder}/en/stopped.liquid:1:1: this reply is missing and club may have to send it; write this file`,
      `${folder}/ru/help.liquid:2:6: there is no variable "phone"; use one of program, support, number, example, digits`,
      `${SHIPPED_TEXTS - 1} texts, 3 problems`,
    ]);
  });

  it('lists every reply with its segments, a broken one with the safe text that would be sent', async () => {
    writeFileSync(join(folder, 'en/help.liquid'), '{{ phone }}');
    const { lines } = await run('--list');
    const at = lines.indexOf('  stopped: 1 segment, 68 of 160 GSM-7 characters');
    assert.equal(lines[at + 1], '    You will get no more texts from Club. Changed your mind? Text START.');
    assert.ok(lines.some((line) => line.startsWith('    (the safe text, because "phone" ')));
    assert.ok(lines.includes('club, fa, at the till') || lines.includes('\nclub, fa, at the till'));
    assert.ok(lines.includes('  till/active: 54 of 120 characters'));
    assert.ok(lines.includes('  phone-has-another-card, with code, minutes: 2 segments, 111 of 134 UCS-2 characters'));
  });
});
