import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { getPublicKey, Point } from '@noble/secp256k1';
import { sha256 } from '../shared/protocol/hashes.ts';
import { CURVE_ORDER } from '../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../shared/protocol/numbers.ts';

/** What the generator of edge-signatures.ts computes with: cases that are right by construction. */

export const N = CURVE_ORDER;
export const P = Point.CURVE().p;
export const HALF = N >> 1n;
export const MAX = 2n ** 256n - 1n;
export const MESSAGE = utf8ToBytes('edge');

export interface Case {
  readonly about: string;
  /** Bytes in hex; the message is hashed by SHA-256 before it is signed. */
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}
type Pair = readonly [r: bigint, s: bigint];

export const mod = (value: bigint): bigint => ((value % N) + N) % N;
export const secretOf = (index: number) => sha256(utf8ToBytes(`edge secret ${index}`));
export const publicOf = (secret: Uint8Array) => getPublicKey(secret, true);
export const numberOf = (message: Uint8Array) => mod(bytesToNumberBE(sha256(message)));
const encode = ([r, s]: Pair) => concatBytes(numberToBytesBE(r, 32), numberToBytesBE(s, 32));
export const decode = (signature: Uint8Array): Pair => [
  bytesToNumberBE(signature.subarray(0, 32)),
  bytesToNumberBE(signature.subarray(32)),
];

/** Fermat: v^(n − 2) mod n. */
export function inverse(value: bigint): bigint {
  let result = 1n;
  for (let base = mod(value), power = N - 2n; power > 0n; power >>= 1n, base = mod(base * base)) {
    if (power & 1n) result = mod(result * base);
  }
  return result;
}

export function made(
  about: string,
  valid: boolean,
  publicKey: Uint8Array,
  signature: Pair | Uint8Array,
  message: Uint8Array = MESSAGE,
): Case {
  const bytes = signature instanceof Uint8Array ? signature : encode(signature);
  return {
    about,
    publicKey: bytesToHex(publicKey),
    message: bytesToHex(message),
    signature: bytesToHex(bytes),
    valid,
  };
}

/** The key for which a pair is right at R; the equation holds, and the pair is accepted where s is low. */
export function solved(about: string, R: Point, s: bigint): Case {
  const r = mod(R.x);
  const key = R.multiply(s)
    .subtract(Point.BASE.multiply(numberOf(MESSAGE)))
    .multiply(inverse(r));
  return made(about, s <= HALF, key.toBytes(true), [r, s]);
}

export function pointAt(x: bigint): Point | undefined {
  try {
    return Point.fromBytes(concatBytes(Uint8Array.of(2), numberToBytesBE(x, 32)));
  } catch {
    return undefined;
  }
}

/** The first points whose x are from `start` on, upwards or downwards: half of all x are on one. */
export function points(start: bigint, step: bigint, count: number): readonly Point[] {
  const found: Point[] = [];
  for (let x = start; found.length < count; x += step) {
    const point = pointAt(x);
    if (point) found.push(point);
  }
  return found;
}
