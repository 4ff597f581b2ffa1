import assert from 'node:assert/strict';
import type { CardNumber } from '../src/activation/card-number.ts';
import { createLogger, type Logger } from '../src/log.ts';
import { maskPhone } from '../src/sms/mask.ts';
import type { Msisdn } from '../src/sms/msisdn.ts';

const PHONE = '+79161234567' as Msisdn;
const CARD = '9643001234563456' as CardNumber;

function logInto(lines: string[]): Logger {
  return createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
}

function written(write: (log: Logger) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(logInto(lines));
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

describe('the log', () => {
  it('writes a line of JSON with level, time, facts and a constant message', () => {
    const line = written((log) => log.info({ channel: 'main', rows: 3, phone: maskPhone(PHONE) }, 'Kept'));
    assert.equal(line.level, 'info');
    assert.ok(!Number.isNaN(Date.parse(String(line.time))));
    assert.equal(line.channel, 'main');
    assert.equal(line.rows, 3);
    assert.equal(line.phone, '+7 ••• ••• 67');
    assert.equal(line.msg, 'Kept');
  });

  it('writes nothing below its level', () => {
    const lines: string[] = [];
    createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } }).info('Quiet');
    assert.deepEqual(lines, []);
  });

  it('does not compile with a number, a text or a message that was put together', () => {
    const log = logInto([]);
    // @ts-expect-error a phone
    log.info({ who: PHONE }, 'Constant');
    // @ts-expect-error a card
    log.info({ what: CARD }, 'Constant');
    // @ts-expect-error cards in a list
    log.info({ what: [CARD] }, 'Constant');
    // @ts-expect-error a field named after a number holds masked text only
    log.info({ sender: 'anything' }, 'Constant');
    // @ts-expect-error the text of an SMS
    log.info({ text: 'anything' }, 'Constant');
    // @ts-expect-error an object may hold anything
    log.info({ row: { sender: PHONE } }, 'Constant');
    // @ts-expect-error a message with something in it
    log.info(`Message from ${PHONE}`);
    // @ts-expect-error a child's facts too
    log.child({ phone: PHONE });
  });

  it('says of a Postgres error what happened, and nothing of the row it happened to', () => {
    const error = Object.assign(new Error('duplicate key value violates unique constraint "one"'), {
      code: '23505',
      constraint: 'one',
      detail: `Key (card)=(${CARD}) already exists.`,
      where: `COPY cards, line 1: "${CARD}"`,
      query: 'INSERT',
      parameters: [PHONE],
      cause: Object.assign(new Error(`inner ${PHONE}`), { detail: CARD }),
    });
    const line = written((log) => log.error({ error }, 'It failed'));
    const facts = line.error as Record<string, unknown>;
    assert.deepEqual(Object.keys(facts).toSorted(), ['cause', 'code', 'constraint', 'message', 'stack', 'type']);
    assert.equal(facts.code, '23505');
    assert.doesNotMatch(JSON.stringify(line), /9161234567|9643001234563456/);
  });

  it('scrubs numbers out of strings, messages of errors and facts of a child, but not out of row ids', () => {
    const error = new Error(`invalid input syntax: "${CARD}"`);
    const line = written((log) =>
      log.child({ reason: `no ${CARD}` }).warn({ error, note: `${PHONE}!`, replyId: '1234567890' }, 'Odd'),
    );
    assert.equal(line.reason, 'no •••56');
    assert.equal(line.note, '•••67!');
    assert.equal(line.replyId, '1234567890');
    assert.equal((line.error as Record<string, unknown>).message, 'invalid input syntax: "•••56"');
  });

  it('takes anything that was thrown', () => {
    const cyclic = new Error('round');
    cyclic.cause = cyclic;
    for (const error of [cyclic, 'a string', undefined, null, 7, { text: 'an object' }]) {
      const line = written((log) => log.error({ error }, 'Thrown'));
      assert.equal(typeof (line.error as Record<string, unknown>).message, 'string');
      assert.doesNotMatch(JSON.stringify(line), /an object|a string/);
    }
  });
});
