import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { CURVE_ORDER } from '../../../shared/protocol/keys.ts';
import { isStrictSignature } from '../../../shared/protocol/signature.ts';
import { signatureFromDer } from '../../../shared/signer/der-signature.ts';
import { derInteger, derOf } from '../../support/kms-stand-in.ts';

const HALF = CURVE_ORDER >> 1n;
const R = 0x11n << 240n;
const S = 0x22n << 240n;
const valid = derOf({ r: R, s: S });
const sequence = (...parts: Uint8Array[]) => {
  const body = concatBytes(...parts);
  return concatBytes(Uint8Array.of(0x30, body.length), body);
};

test('r and s become 32 bytes each', () => {
  const expected = `${R.toString(16).padStart(64, '0')}${S.toString(16).padStart(64, '0')}`;
  expect(bytesToHex(signatureFromDer(valid))).toBe(expected);
});

test.each([1n, 0x7fn, 0x80n, 0xffn, 1n << 255n, HALF, HALF + 1n, CURVE_ORDER - 1n])(
  'every r and s from 1 to n - 1 is read, and s is low: %p',
  (value) => {
    const low = value > HALF ? CURVE_ORDER - value : value;
    const read = signatureFromDer(derOf({ r: value, s: value }));
    expect(BigInt(`0x${bytesToHex(read.subarray(0, 32))}`)).toBe(value);
    expect(BigInt(`0x${bytesToHex(read.subarray(32))}`)).toBe(low);
    expect(isStrictSignature(read)).toBe(true);
  },
);

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(0), /: its length$/],
  ['a byte too much', concatBytes(valid, Uint8Array.of(0)), /: the sequence$/],
  ['a byte too few', valid.subarray(0, -1), /: the sequence$/],
  ['another tag outside', concatBytes(Uint8Array.of(0x31), valid.subarray(1)), /: the sequence$/],
  ['a length in the long form', concatBytes(hexToBytes('3081'), valid.subarray(1)), /: the sequence$/],
  ['bytes after s', sequence(derInteger(R), derInteger(S), Uint8Array.of(5, 0)), /: bytes after s$/],
  ['no s', sequence(derInteger(R), new Uint8Array(4)), /: an integer$/],
  ['an empty r', sequence(hexToBytes('0200'), derInteger(S)), /: an integer$/],
  ['an s that is cut off', sequence(derInteger(R), hexToBytes('022011')), /: an integer's length$/],
  ['a negative r', sequence(hexToBytes('0201ff'), derInteger(S)), /: a negative integer$/],
  ['a zero before a low byte', sequence(hexToBytes('02020011'), derInteger(S)), /: needless zeros$/],
  ['r = 0', sequence(hexToBytes('020100'), derInteger(S)), /: an integer out of range$/],
  ['s = 0', sequence(derInteger(R), hexToBytes('020100')), /: an integer out of range$/],
  ['r = n', sequence(derInteger(CURVE_ORDER), derInteger(S)), /: an integer out of range$/],
  ['s = n', sequence(derInteger(R), derInteger(CURVE_ORDER)), /: an integer out of range$/],
  ['an s of 34 bytes', sequence(derInteger(R), derInteger(1n << 264n)), /: an integer out of range$/],
  ['64 bytes r and s', new Uint8Array(64).fill(1), /: the sequence$/],
])('%s is refused', (_, bytes, reason) => {
  expect(() => signatureFromDer(bytes)).toThrow(RangeError);
  expect(() => signatureFromDer(bytes)).toThrow(reason);
});

test('one changed byte is refused or is another signature, never the same', () => {
  const expected = bytesToHex(signatureFromDer(valid));
  void fc.assert(
    fc.property(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = valid.slice();
      bytes[at] = (bytes[at] ?? 0) ^ change;
      try {
        return bytesToHex(signatureFromDer(bytes)) !== expected;
      } catch (error) {
        return error instanceof RangeError;
      }
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
