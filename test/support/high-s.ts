import { hexToBytes } from '@noble/hashes/utils.js';
import { CURVE_ORDER } from '../../shared/protocol/keys.ts';
import { bytesToNumberBE } from '../../shared/protocol/numbers.ts';

/** The other signature that the same key and message have: n − s in place of s. */
export function withHighS(signature: Uint8Array): Uint8Array {
  const high = CURVE_ORDER - bytesToNumberBE(signature.subarray(32));
  return Uint8Array.of(...signature.subarray(0, 32), ...hexToBytes(high.toString(16).padStart(64, '0')));
}

/** DER without the refusal of high s that the protocol's own encoder has. */
export function derOf(signature: Uint8Array, hashType: number): Uint8Array {
  const integer = (bytes: Uint8Array) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(start);
    const padded = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...digits) : digits;
    return Uint8Array.of(2, padded.length, ...padded);
  };
  const body = Uint8Array.of(...integer(signature.subarray(0, 32)), ...integer(signature.subarray(32)));
  return Uint8Array.of(0x30, body.length, ...body, hashType);
}
