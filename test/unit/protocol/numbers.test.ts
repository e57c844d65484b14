import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { bytesOf, SEEDED } from './support.ts';

describe('numbers', () => {
  test('reads big-endian, nothing as zero', () => {
    expect(bytesToNumberBE(Uint8Array.of(1, 2, 3))).toBe(0x010203n);
    expect(bytesToNumberBE(new Uint8Array(0))).toBe(0n);
    expect(bytesToNumberBE(new Uint8Array(32).fill(0xff))).toBe(2n ** 256n - 1n);
  });

  test('writes exactly as many bytes as asked', () => {
    expect(bytesToHex(numberToBytesBE(0x0102n, 4))).toBe('00000102');
    expect(bytesToHex(numberToBytesBE(2n ** 256n - 1n, 32))).toBe('ff'.repeat(32));
    expect(numberToBytesBE(0n, 32)).toEqual(new Uint8Array(32));
  });

  test('refuses what does not fit', () => {
    expect(() => numberToBytesBE(2n ** 256n, 32)).toThrow(new RangeError('not a number of 32 bytes'));
    expect(() => numberToBytesBE(256n, 1)).toThrow(new RangeError('not a number of 1 bytes'));
    expect(() => numberToBytesBE(-1n, 1)).toThrow(new RangeError('not a number of 1 bytes'));
  });

  test('the two undo each other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }).chain(bytesOf), (bytes) => {
        expect(numberToBytesBE(bytesToNumberBE(bytes), bytes.length)).toEqual(bytes);
      }),
      SEEDED,
    );
  });
});
