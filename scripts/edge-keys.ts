import { concatBytes } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import { numberToBytesBE } from '../shared/protocol/numbers.ts';
import { signMessage } from '../shared/protocol/signature.ts';
import { type Case, HALF, MAX, MESSAGE, made, N, P, pointAt, publicOf, secretOf } from './edge-arithmetic.ts';

/** Secrets at the ends, and the first whose public x or y begins or ends with eight equal bits. */
export function edgeKeys(): Case[] {
  const ofSecret = (about: string, secret: bigint) => {
    const bytes = numberToBytesBE(secret, 32);
    return made(about, true, publicOf(bytes), signMessage(bytes, MESSAGE));
  };
  const ends = [2n, 3n, HALF, HALF + 1n, N - 2n, N - 3n, 1n << 128n, (1n << 255n) - 1n];
  const looks: readonly (readonly [string, (point: Point) => boolean])[] = [
    ['x begins with eight zeros', ({ x }) => x >> 248n === 0n],
    ['x begins with eight ones', ({ x }) => x >> 248n === 255n],
    ['x ends with eight zeros', ({ x }) => (x & 255n) === 0n],
    ['y begins with eight zeros', ({ y }) => y >> 248n === 0n],
    ['y begins with eight ones', ({ y }) => y >> 248n === 255n],
    ['y ends with eight ones', ({ y }) => (y & 255n) === 255n],
  ];
  return [
    ...ends.map((secret) => ofSecret(`secret ${secret.toString(16)}`, secret)),
    ...looks.map(([about, isLike]) => {
      let secret = 1_000_000n;
      for (let point = Point.BASE.multiply(secret); !isLike(point.toAffine() as Point); secret++) {
        point = point.add(Point.BASE);
      }
      return ofSecret(about, secret);
    }),
  ];
}

export function noKeys(): Case[] {
  const valid = signMessage(secretOf(0), MESSAGE);
  const key = publicOf(secretOf(0));
  const whole = Point.fromBytes(key).toBytes(false);
  const offCurve = [5n, P - 1n].map((x) => {
    let at = x;
    while (pointAt(at)) at -= 1n;
    return at;
  });
  return [
    ['infinity, one byte', Uint8Array.of(0)],
    ['infinity, 33 zeros', new Uint8Array(33)],
    ['uncompressed', whole],
    ['hybrid', concatBytes(Uint8Array.of(6 + ((whole[64] ?? 0) % 2)), whole.subarray(1))],
    ['prefix 0', concatBytes(Uint8Array.of(0), key.subarray(1))],
    ['prefix 1', concatBytes(Uint8Array.of(1), key.subarray(1))],
    ['prefix 4', concatBytes(Uint8Array.of(4), key.subarray(1))],
    ['prefix 5', concatBytes(Uint8Array.of(5), key.subarray(1))],
    ...offCurve.map(
      (x) => [`x = ${x.toString(16)}, on no point`, numberToBytesBE((2n << 256n) + x, 33)] as const,
    ),
    ['x = p', numberToBytesBE((2n << 256n) + P, 33)],
    ['x = p + 1, which is 1 if it is reduced', numberToBytesBE((2n << 256n) + P + 1n, 33)],
    ['x = 2^256 − 1', numberToBytesBE((2n << 256n) + MAX, 33)],
    ['32 bytes', key.subarray(1)],
    ['34 bytes', concatBytes(key, Uint8Array.of(0))],
    ['nothing', new Uint8Array(0)],
  ].map(([about, bytes]) => made(about as string, false, bytes as Uint8Array, valid));
}
