import { etc, Point } from '@noble/secp256k1';
import { taggedHash } from './hashes.ts';
import { bytesToNumberBE, numberToBytesBE } from './numbers.ts';

/** The order of the curve's group (SEC 2, secp256k1). */
export const CURVE_ORDER = Point.CURVE().n;

/** True for the 33-byte compressed encoding of a point of the curve. */
export function isPublicKey(key: Uint8Array): boolean {
  if (key.length !== 33) return false;
  try {
    Point.fromBytes(key).assertValidity();
    return true;
  } catch {
    return false;
  }
}

/**
 * Pay-to-contract: A's channel key is A's own key plus the hash of the terms times G, so one funding script means one set
 * of terms (Gerhardt and Hanke, "Homomorphic Payment Addresses and the Pay-to-Contract Protocol", 2012).
 * @param buyerKey A, 33 bytes
 * @param channelId 32 bytes
 * @throws RangeError where the tweak is not below the curve's order or the sum is infinity: never in practice
 */
export function channelPublicKey(buyerKey: Uint8Array, channelId: Uint8Array): Uint8Array {
  const tweak = channelTweak(buyerKey, channelId);
  const sum = Point.fromBytes(buyerKey).add(Point.BASE.multiplyUnsafe(tweak));
  if (sum.is0()) throw new RangeError('the channel key is the point at infinity');
  return sum.toBytes(true);
}

/** The secret of `channelPublicKey`: (a + t) mod n, 32 bytes. */
export function channelSecretKey(
  buyerSecret: Uint8Array,
  buyerKey: Uint8Array,
  channelId: Uint8Array,
): Uint8Array {
  const sum = etc.mod(bytesToNumberBE(buyerSecret) + channelTweak(buyerKey, channelId), CURVE_ORDER);
  if (sum === 0n) throw new RangeError('the channel key is the point at infinity');
  return numberToBytesBE(sum, 32);
}

function channelTweak(buyerKey: Uint8Array, channelId: Uint8Array): bigint {
  const tweak = bytesToNumberBE(taggedHash('spillway/key', buyerKey, channelId));
  if (tweak >= CURVE_ORDER) throw new RangeError('the tweak is not below the order of the curve');
  return tweak;
}
