import { concatBytes } from '@noble/hashes/utils.js';
import { CURVE_ORDER } from '../protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../protocol/numbers.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const HALF_ORDER = CURVE_ORDER >> 1n;

/**
 * Reads an ECDSA signature in strict DER (X.690 section 10, as BIP66 spells it out), with s brought into the lower half:
 * s and n − s verify alike, and Bitcoin relays the lower alone (BIP146).
 * @returns 64 bytes r ‖ s
 * @throws RangeError where it is anything else, or r or s is not from 1 to n − 1
 */
export function signatureFromDer(der: Uint8Array): Uint8Array {
  // Two integers of 33 bytes at most: every length is one byte.
  if (der.length < 8 || der.length > 72) throw malformed('its length');
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) throw malformed('the sequence');
  const r = readInteger(der, 2);
  const s = readInteger(der, r.end);
  if (s.end !== der.length) throw malformed('bytes after s');
  const lowS = s.value > HALF_ORDER ? CURVE_ORDER - s.value : s.value;
  return concatBytes(numberToBytesBE(r.value, 32), numberToBytesBE(lowS, 32));
}

function readInteger(der: Uint8Array, start: number): { readonly value: bigint; readonly end: number } {
  const length = der[start + 1];
  if (der[start] !== INTEGER || length === undefined || length === 0) throw malformed('an integer');
  const end = start + 2 + length;
  const bytes = der.subarray(start + 2, end);
  if (bytes.length !== length) throw malformed("an integer's length");
  const [first = 0, second = 0x80] = bytes;
  if (first >= 0x80) throw malformed('a negative integer');
  if (first === 0 && length > 1 && second < 0x80) throw malformed('needless zeros');
  const value = bytesToNumberBE(bytes);
  if (value === 0n || value >= CURVE_ORDER) throw malformed('an integer out of range');
  return { value, end };
}

function malformed(what: string): RangeError {
  return new RangeError(`not a DER signature of this curve: ${what}`);
}
