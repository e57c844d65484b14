import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Reads bytes as one unsigned big-endian number. */
export function bytesToNumberBE(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes) || '0'}`);
}

/**
 * Writes an unsigned number as exactly `length` big-endian bytes.
 * @throws RangeError where it is negative or does not fit
 */
export function numberToBytesBE(value: bigint, length: number): Uint8Array {
  if (value >> BigInt(8 * length) !== 0n) throw new RangeError(`not a number of ${length} bytes`);
  return hexToBytes(value.toString(16).padStart(2 * length, '0'));
}
