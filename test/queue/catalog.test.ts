import { deepEqual, equal } from 'node:assert/strict';
import { CATALOG, type Handlers, type JobKind, parsePayload, sendQueue } from '../../src/queue/catalog.ts';
import { numbers } from './handlers.ts';

describe('a job', () => {
  for (const kind of Object.keys(CATALOG) as JobKind[]) {
    for (const [claim, payload, isOurs] of [
      ['one id', { ids: ['1'] }, true],
      ['fifty ids', { ids: numbers(1, 50) }, true],
      ['the largest id of Postgres', { ids: ['9223372036854775807'] }, true],
      ['one more than the largest', { ids: ['9223372036854775808'] }, false],
      ['the largest of nineteen digits', { ids: ['1', '9999999999999999999'] }, false],
      ['no id', { ids: [] }, false],
      ['fifty-one ids', { ids: numbers(1, 51) }, false],
      ['a number', { ids: [1] }, false],
      ['zero', { ids: ['0'] }, false],
      ['a negative id', { ids: ['-1'] }, false],
      ['a phone in E.164', { ids: ['+79161234567'] }, false],
      ['other digits than ASCII', { ids: ['۱۲'] }, false],
      ['a line break after the id', { ids: ['1\n'] }, false],
      ['a hole', { ids: [undefined] }, false],
      ['something beside the ids', { ids: ['1'], text: 'hello' }, false],
      ['a list', ['1'], false],
      ['a text', '{"ids":["1"]}', false],
      ['null', null, false],
      ['nothing', undefined, false],
    ] as const) {
      it(`of kind ${kind} with ${claim} is ${isOurs ? 'taken' : 'refused'}`, () => {
        const pack = parsePayload(kind, payload);
        if (isOurs) deepEqual(pack, payload);
        else equal(pack, undefined);
      });
    }
  }

  it('without a handler does not compile', () => {
    // @ts-expect-error `send` is missing.
    const handlers: Handlers = { bind: async () => undefined };
    equal(Object.keys(handlers).length, 1);
  });

  it('that is sent has a queue of its channel', () => equal(sendQueue('twilio-main'), 'send-twilio-main'));
});
