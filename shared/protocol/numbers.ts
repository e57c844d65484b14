import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Reads bytes as one unsigned big-endian number. */
export function bytesToNumberBE(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes) || '0'}`);
}

/** Writes an unsigned number as exactly `length` big-endian bytes. */
export function numberToBytesBE(value: bigint, length: number): Uint8Array {
  return hexToBytes(value.toString(16).padStart(2 * length, '0'));
}
