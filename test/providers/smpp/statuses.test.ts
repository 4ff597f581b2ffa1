import assert from 'node:assert/strict';
import { meaningOf, type StatusMeaning } from '../../../src/providers/smpp/statuses.ts';
import { statusName, statusOf } from '../../../src/providers/smpp/wire.ts';

const ROWS: readonly (readonly [string, StatusMeaning])[] = [
  ['ESME_RTHROTTLED', 'throttled'],
  ['ESME_RMSGQFUL', 'throttled'],
  ['ESME_RINVDSTADR', 'rejected'],
  ['ESME_RINVSRCADR', 'no-route'],
  ['ESME_RPROHIBITED', 'no-route'],
  ['ESME_RINVMSGLEN', 'rejected'],
  ['ESME_RINVDCS', 'rejected'],
  ['ESME_RX_P_APPN', 'rejected'],
  ['ESME_RX_R_APPN', 'rejected'],
  ['ESME_RX_T_APPN', 'transient'],
  ['ESME_RINVPASWD', 'account'],
  ['ESME_RSYSERR', 'transient'],
  ['ESME_RSUBMITFAIL', 'transient'],
  ['ESME_RINVBNDSTS', 'transient'],
  ['ESME_RUNKNOWNERR', 'transient'],
];

describe('A status in a submit_sm_resp', () => {
  for (const [name, meaning] of ROWS) {
    it(`${name} means ${meaning}`, () => assert.equal(meaningOf(statusOf(name), new Map()), meaning));
  }

  it('of a vendor loses no SMS: it was surely not taken', () => {
    for (const status of [0x400, 0x4ff, 0xdead, 0xffff_ffff]) assert.equal(meaningOf(status, new Map()), 'transient');
  });

  it('means what the channel says, before the table', () => {
    const own = new Map<number, StatusMeaning>([
      [0x0401, 'opted-out'],
      [statusOf('ESME_RINVDSTADR'), 'transient'],
    ]);
    assert.equal(meaningOf(0x0401, own), 'opted-out');
    assert.equal(meaningOf(0x0b, own), 'transient');
  });

  it('is written down by its name, or in hexadecimal', () => {
    assert.deepEqual([statusName(0x58), statusName(0x0401)], ['ESME_RTHROTTLED', '0x00000401']);
  });
});
