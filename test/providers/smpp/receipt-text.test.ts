import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ReceiptText, readReceiptText, statusOfState } from '../../../src/providers/smpp/receipt-text.ts';

const STANDARD =
  'id:0123456789 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:Card is yours';

describe('readReceiptText', () => {
  const dialects: readonly [what: string, text: string, told: ReceiptText][] = [
    ['the specification’s example', STANDARD, { id: '0123456789', status: 'delivered' }],
    [
      'dates with seconds',
      'id:1 sub:001 dlvrd:000 submit date:261121120000 done date:261121120130 stat:EXPIRED err:027 text:',
      { id: '1', status: 'undelivered', error: '027' },
    ],
    ['upper case', 'ID:1 SUB:001 DLVRD:001 STAT:DELIVRD ERR:000 TEXT:', { id: '1', status: 'delivered' }],
    [
      'another order',
      'stat:UNDELIV err:1 done date:2611211201 id:1 text:',
      { id: '1', status: 'undelivered', error: '1' },
    ],
    ['hardly any fields', 'id:1 stat:DELIVRD', { id: '1', status: 'delivered' }],
    [
      'empty fields',
      'id:1 sub: dlvrd: submit date: done date: stat:DELIVRD err: text:',
      { id: '1', status: 'delivered' },
    ],
    ['underscores', 'id:1 submit_date:2611211200 done_date:2611211201 stat:REJECTD', { id: '1', status: 'failed' }],
    [
      'no spaces in names',
      'id:1 submitdate:2611211200 donedate:2611211201 stat:DELIVRD',
      { id: '1', status: 'delivered' },
    ],
    ['spaces after colons', 'id: 1 sub: 001 stat: DELIVRD err: 0 text: x', { id: '1', status: 'delivered' }],
    ['commas', 'id:1,sub:001,stat:DELIVRD,err:5', { id: '1', status: 'delivered', error: '5' }],
    ['line ends', 'id:1\r\nstat:DELIVRD\r\nerr:000', { id: '1', status: 'delivered' }],
    ['status in full', 'id:1 status:DELIVERED', { id: '1', status: 'delivered' }],
    [
      'an id that is no number',
      'id:16fd2706-8baf-433b stat:DELIVRD',
      { id: '16fd2706-8baf-433b', status: 'delivered' },
    ],
    ['an error of letters', 'id:1 stat:UNDELIV err:EC_27', { id: '1', status: 'undelivered', error: 'EC_27' }],
    [
      'our own text that looks like fields',
      `${STANDARD} id:9 stat:UNDELIV err:9`,
      { id: '0123456789', status: 'delivered' },
    ],
    ['no id', 'stat:DELIVRD', { status: 'delivered' }],
    ['no state', 'id:1', { id: '1' }],
    ['a state that nobody knows', 'id:1 stat:MK0012', { id: '1' }],
    ['an SMS', 'card 123456', {}],
    ['nothing', '', {}],
  ];

  for (const [what, text, told] of dialects) {
    it(what, () => assert.deepEqual(readReceiptText(text), told));
  }

  const words: readonly [status: string, words: string][] = [
    ['accepted', 'ACCEPTD ACCEPTED ACC ACKED BUFFRED SCHEDULED'],
    ['sent', 'ENROUTE ENR UNKNOWN UNKN UNK'],
    ['delivered', 'DELIVRD DELIVERED Delivered DELIV DELV DEL DLVRD'],
    ['undelivered', 'UNDELIV UNDELIVERABLE UNDELIVERED UNDL UND EXPIRED EXPD EXP DELETED DELE SKIPPED'],
    ['failed', 'REJECTD REJECTED REJ FAILED'],
    ['read', 'READ SEEN'],
  ];

  for (const [status, spelled] of words) {
    for (const word of spelled.split(' ')) {
      it(`${word} is ${status}`, () => assert.equal(readReceiptText(`id:1 stat:${word} err:0`).status, status));
    }
  }

  it('reads the fields in any order and case', () => {
    const fields = [
      'id:77',
      'sub:001',
      'dlvrd:001',
      'submit date:2611211200',
      'done date:261121120130',
      'stat:DELIVRD',
      'err:042',
    ];
    const order = fc.shuffledSubarray(fields, { minLength: fields.length });
    fc.assert(
      fc.property(order, fc.boolean(), (ordered, isUpper) => {
        const text = ordered.join(' ');
        const told = readReceiptText(`${isUpper ? text.toUpperCase() : text} text:stat:UNDELIV id:1 err:9`);
        assert.deepEqual(told, { id: '77', status: 'delivered', error: '042' });
      }),
    );
  });

  it('reads any text without an error', () => {
    const piece = fc.constantFrom(
      'id:',
      'stat:',
      'err ',
      ':',
      ' ',
      'submit',
      ' date',
      '=',
      'text:',
      '7',
      '\0',
      'я',
      '   ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        assert.doesNotThrow(() => readReceiptText(pieces.join('')));
      }),
    );
  });

  it('reads the states of the message_state TLV, and no others', () => {
    const states = Array.from({ length: 11 }, (_, state) => statusOfState(state));
    assert.deepEqual(states, [
      'accepted',
      'sent',
      'delivered',
      'undelivered',
      'undelivered',
      'undelivered',
      'accepted',
      'sent',
      'failed',
      'undelivered',
      undefined,
    ]);
  });
});
