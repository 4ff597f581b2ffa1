import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalId, type ReceiptIds } from '../../../src/providers/smpp/message-id.ts';

describe('canonicalId', () => {
  const pairs: readonly [what: string, receiptIds: ReceiptIds, response: string, receipt: string][] = [
    ['alike', 'as-is', '1234567890', '1234567890'],
    ['with zeros before it', 'as-is', '123', '0000000123'],
    ['nothing but zeros', 'as-is', '0', '0000'],
    ['hexadecimal in other letters', 'as-is', '0A1B2C', 'a1b2c'],
    [
      'a UUID in other letters',
      'as-is',
      '16FD2706-8BAF-433B-82EB-8C7FADA847DA',
      '16fd2706-8baf-433b-82eb-8c7fada847da',
    ],
    ['with spaces around it', 'as-is', 'AbC-xyz', ' AbC-xyz '],
    ['hexadecimal answered, decimal told', 'hex-to-decimal', '0A1B2C3D', '169552957'],
    ['hexadecimal with 0x', 'hex-to-decimal', '0xff', '255'],
    ['hexadecimal of 64 bits and more', 'hex-to-decimal', 'ffffffffffffffffff', '4722366482869645213695'],
    ['hexadecimal without a letter', 'hex-to-decimal', '10', '16'],
    ['decimal with zeros before it', 'hex-to-decimal', 'ff', '0000000255'],
    ['decimal answered, hexadecimal told', 'decimal-to-hex', '255', '000000FF'],
    ['hexadecimal on both sides after all', 'hex-to-decimal', '0A1B', 'a1b'],
    ['no number after all', 'decimal-to-hex', 'msg_7', 'msg_7'],
  ];

  for (const [what, receiptIds, response, receipt] of pairs) {
    it(`${what}: ${response} is ${receipt}`, () => {
      assert.equal(canonicalId(response, 'response', receiptIds), canonicalId(receipt, 'receipt', receiptIds));
    });
  }

  const different: readonly [what: string, receiptIds: ReceiptIds, response: string, receipt: string][] = [
    ['bases are not guessed', 'as-is', 'ff', '255'],
    ['letters count in what is no number', 'as-is', 'AbCxyz', 'abcxyz'],
    ['another number', 'hex-to-decimal', '10', '10'],
  ];
  for (const [what, receiptIds, response, receipt] of different) {
    it(`${what}: ${response} is not ${receipt}`, () => {
      assert.notEqual(canonicalId(response, 'response', receiptIds), canonicalId(receipt, 'receipt', receiptIds));
    });
  }

  it('a number told in either base is the same message, at any width', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.integer({ min: 1, max: 30 }), (number, width) => {
        const decimal = number.toString().padStart(width, '0');
        const hexadecimal = number.toString(16).toUpperCase().padStart(width, '0');
        const told = canonicalId(decimal, 'receipt', 'hex-to-decimal');
        assert.equal(canonicalId(hexadecimal, 'response', 'hex-to-decimal'), told);
        assert.equal(canonicalId(decimal, 'response', 'decimal-to-hex'), told);
        assert.equal(canonicalId(hexadecimal, 'receipt', 'decimal-to-hex'), told);
      }),
    );
  });
});
