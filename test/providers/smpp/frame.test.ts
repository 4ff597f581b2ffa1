import assert from 'node:assert/strict';
import fc from 'fast-check';
import { frameReader, MAX_PDU_BYTES } from '../../../src/providers/smpp/frame.ts';
import { pduBytes, rawPdu } from '../../support/fake-smsc-wire.ts';

describe('Frames of an SMPP stream', () => {
  const pdus = [
    pduBytes('enquire_link', { sequence_number: 1 }),
    pduBytes('deliver_sm', { sequence_number: 2, short_message: Buffer.from('1234') }),
    rawPdu(0x0424_2424, { body: Buffer.alloc(3_000, 7) }),
  ];

  it('come out whole and in order, however the stream is cut', () => {
    const stream = Buffer.concat(pdus);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), (cuts) => {
        const reader = frameReader();
        const ends = [...cuts.toSorted((a, b) => a - b), stream.length];
        const frames = ends.flatMap((end, index) => reader.push(stream.subarray(ends[index - 1] ?? 0, end)).frames);
        assert.deepEqual(frames, pdus);
      }),
    );
  });

  it('come out whole when they come octet by octet', () => {
    const reader = frameReader();
    const stream = Buffer.concat(pdus);
    const frames = [...stream].flatMap((_, index) => reader.push(stream.subarray(index, index + 1)).frames);
    assert.deepEqual(frames, pdus);
  });

  for (const length of [0, 1, 4, 15, MAX_PDU_BYTES + 1, 2 ** 31, 2 ** 32 - 1]) {
    it(`end for good at a command_length of ${length}, and what came before is kept`, () => {
      const wrong = Buffer.alloc(64);
      wrong.writeUInt32BE(length, 0);
      const reader = frameReader();
      const { frames, fault } = reader.push(Buffer.concat([pdus[0] ?? Buffer.alloc(0), wrong]));
      assert.deepEqual(frames, pdus.slice(0, 1));
      assert.equal(fault, `command_length ${length}`);
      assert.deepEqual(reader.push(pdus[1] ?? Buffer.alloc(0)).frames, []);
    });
  }

  it('of the longest length that is allowed are waited for', () => {
    const reader = frameReader();
    const longest = rawPdu(5, { body: Buffer.alloc(MAX_PDU_BYTES - 16) });
    assert.deepEqual(reader.push(longest.subarray(0, 60_000)), { frames: [], isPartial: true });
    assert.deepEqual(reader.push(longest.subarray(60_000)).frames, [longest]);
  });

  it('are not looked for in what a web server says', () => {
    assert.equal(frameReader().push(Buffer.from('HTTP/1.1 400 Bad Request\r\n')).fault, 'command_length 1213486160');
  });
});
