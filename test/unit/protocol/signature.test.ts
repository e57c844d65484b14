import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import { script as bitcoinScript } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { sha256 } from '../../../shared/protocol/hashes.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import {
  isStrictSignature,
  scriptSignature,
  signDigest,
  signMessage,
  verifyDigest,
  verifyMessage,
  verifyPortably,
  verifyWith,
} from '../../../shared/protocol/signature.ts';
import { type VerifyMessage, verifyWithOpenssl } from '../../../shared/protocol/verify-openssl.ts';
import { libsecp256k1 } from '../../../shared/signer/libsecp256k1.ts';
import {
  BUYER_KEY,
  BUYER_SECRET,
  bytesOf,
  ORDER,
  publicKeyOf,
  SEEDED,
  SELLER_KEY,
  secretKey,
} from './support.ts';

const MESSAGE = utf8ToBytes('a message');
const HALF = ORDER >> 1n;
const FIELD = Point.CURVE().p;

const mod = (value: bigint, modulus = ORDER) => ((value % modulus) + modulus) % modulus;
const pair = (r: bigint, s: bigint) => concatBytes(numberToBytesBE(r, 32), numberToBytesBE(s, 32));
const rOf = (signature: Uint8Array) => bytesToNumberBE(signature.subarray(0, 32));
const sOf = (signature: Uint8Array) => bytesToNumberBE(signature.subarray(32));
const digestNumber = (message: Uint8Array) => mod(bytesToNumberBE(sha256(message)));

function inverse(value: bigint): bigint {
  // Fermat: v^(n − 2) mod n.
  let result = 1n;
  for (let base = mod(value), power = ORDER - 2n; power > 0n; power >>= 1n, base = mod(base * base)) {
    if (power & 1n) result = mod(result * base);
  }
  return result;
}

let fastest: VerifyMessage;

beforeAll(async () => {
  fastest = await libsecp256k1();
});

/** What all verifiers say; fails where they disagree. */
function verdict(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const portable = verifyPortably(key, message, signature);
  expect(verifiedBy(verifyWithOpenssl, key, message, signature)).toBe(portable);
  expect(verifiedBy(fastest, key, message, signature)).toBe(portable);
  return portable;
}

function verifiedBy(verifier: VerifyMessage | undefined, ...input: Parameters<VerifyMessage>): boolean {
  if (!verifier) throw new Error('there is no such verifier');
  verifyWith(verifier);
  return verifyMessage(...input);
}

test('this platform has the OpenSSL path, so the tests below compare three verifiers', () => {
  expect(verifyWithOpenssl).toBeDefined();
});

describe('signing', () => {
  test('gives strict signatures that all verifiers take, and nothing else verifies', () => {
    fc.assert(
      fc.property(secretKey(), fc.uint8Array({ maxLength: 200 }), (secret, bytes) => {
        const message = Uint8Array.from(bytes);
        const signature = signMessage(secret, message);
        const key = publicKeyOf(secret);
        expect(isStrictSignature(signature)).toBe(true);
        expect(signDigest(secret, sha256(message))).toEqual(signature);
        expect(verdict(key, message, signature)).toBe(true);
        expect(verdict(key, concatBytes(message, Uint8Array.of(0)), signature)).toBe(false);
        expect(verdict(BUYER_KEY, message, signature)).toBe(false);
      }),
      { ...SEEDED, numRuns: 25 },
    );
  });

  test('refuses secrets that are none', () => {
    for (const secret of [new Uint8Array(32), numberToBytesBE(ORDER, 32), new Uint8Array(31).fill(1)]) {
      expect(() => signMessage(secret, MESSAGE)).toThrow();
    }
  });
});

describe('verification', () => {
  const valid = signMessage(BUYER_SECRET, MESSAGE);
  const [r, s] = [rOf(valid), sOf(valid)];

  test('is by the verifier that was given, of what is strict', () => {
    const asked: Parameters<VerifyMessage>[] = [];
    const verifier: VerifyMessage = (...input) => {
      asked.push(input);
      return true;
    };
    expect(verifiedBy(verifier, SELLER_KEY, MESSAGE, valid)).toBe(true);
    expect(verifiedBy(verifier, SELLER_KEY, MESSAGE, pair(r, ORDER - s))).toBe(false);
    expect(verifiedBy(verifier, SELLER_KEY, MESSAGE, valid.subarray(1))).toBe(false);
    expect(asked).toEqual([[SELLER_KEY, MESSAGE, valid]]);
  });

  test('takes the valid signature', () => {
    expect(verdict(BUYER_KEY, MESSAGE, valid)).toBe(true);
  });

  test('refuses the same signature with high S, which OpenSSL alone would take', () => {
    const high = pair(r, ORDER - s);
    expect(verifyWithOpenssl?.(BUYER_KEY, MESSAGE, high)).toBe(true);
    expect(verdict(BUYER_KEY, MESSAGE, high)).toBe(false);
  });

  test.each<[string, Uint8Array]>([
    ['r = 0', pair(0n, s)],
    ['s = 0', pair(r, 0n)],
    ['r = s = 0', new Uint8Array(64)],
    ['r = n', pair(ORDER, s)],
    ['s = n', pair(r, ORDER)],
    ['s + n', pair(r, s + ORDER > 2n ** 256n - 1n ? 2n ** 256n - 1n : s + ORDER)],
    ['all ones', new Uint8Array(64).fill(0xff)],
    ['r and s swapped', pair(s, r)],
    ['63 bytes', valid.subarray(0, 63)],
    ['65 bytes', concatBytes(valid, Uint8Array.of(1))],
    ['65 bytes with a recovery byte in front', concatBytes(Uint8Array.of(0x1f), valid)],
    ['nothing', new Uint8Array(0)],
    ['DER', scriptSignature(valid, 1).subarray(0, -1)],
  ])('refuses %s', (_, signature) => {
    expect(verdict(BUYER_KEY, MESSAGE, signature)).toBe(false);
  });

  test('takes a digest of 32 bytes alone: noble would take the first 32 of a longer one', () => {
    const digest = sha256(MESSAGE);
    expect(verifyDigest(BUYER_KEY, digest, valid)).toBe(true);
    for (const other of [digest.subarray(1), concatBytes(digest, Uint8Array.of(0)), new Uint8Array(0)]) {
      expect(verifyDigest(BUYER_KEY, other, valid)).toBe(false);
    }
  });

  const point = Point.fromBytes(BUYER_KEY);
  test.each<[string, Uint8Array]>([
    ['32 bytes', BUYER_KEY.subarray(1)],
    ['34 bytes', concatBytes(BUYER_KEY, Uint8Array.of(0))],
    ['an uncompressed key', point.toBytes(false)],
    [
      'a hybrid key',
      concatBytes(Uint8Array.of(point.y % 2n === 0n ? 6 : 7), point.toBytes(false).subarray(1)),
    ],
    ['a compressed key with prefix 4', concatBytes(Uint8Array.of(4), BUYER_KEY.subarray(1))],
    ['a compressed key with prefix 0', concatBytes(Uint8Array.of(0), BUYER_KEY.subarray(1))],
    ['the negated key', point.negate().toBytes(true)],
    ['infinity', Uint8Array.of(0)],
    ['zeros', new Uint8Array(33)],
    ['an x of no point', numberToBytesBE((2n << 256n) + 5n, 33)],
    ['an x that is the field’s prime', numberToBytesBE((2n << 256n) + FIELD, 33)],
    ['nothing', new Uint8Array(0)],
  ])('refuses the valid signature under %s', (_, key) => {
    expect(verdict(key, MESSAGE, valid)).toBe(false);
  });

  test('agrees on signatures, keys and messages with one bit flipped', () => {
    fc.assert(
      fc.property(
        fc.nat(64 * 8 - 1),
        fc.nat(33 * 8 - 1),
        fc.constantFrom('signature', 'key'),
        (bit, keyBit, where) => {
          const flip = (bytes: Uint8Array, at: number) =>
            bytes.map((byte, index) => (index === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
          const key = where === 'key' ? flip(BUYER_KEY, keyBit) : BUYER_KEY;
          const signature = where === 'signature' ? flip(valid, bit) : valid;
          expect(verdict(key, MESSAGE, signature)).toBe(false);
        },
      ),
      { ...SEEDED, numRuns: 60 },
    );
  });
});

/** Corners of the arithmetic, made by choosing R, r and s and solving for the key: Q = (s·R − e·G) / r. */
describe('verification at the corners of the curve’s arithmetic', () => {
  const e = digestNumber(MESSAGE);
  const keyFor = (R: Point, r: bigint, s: bigint) =>
    R.multiply(s).subtract(Point.BASE.multiply(e)).multiply(inverse(r)).toBytes(true);
  const R = Point.BASE.multiply(123_456_789n);

  test.each([1n, 2n, 3n, HALF - 1n, HALF])('takes s = %s', (s) => {
    expect(verdict(keyFor(R, R.x, s), MESSAGE, pair(R.x, s))).toBe(true);
  });

  test.each([HALF + 1n, HALF + 2n, ORDER - 2n, ORDER - 1n])(
    'refuses s = %s, though the equation holds',
    (s) => {
      const key = keyFor(R, R.x, s);
      expect(verifyWithOpenssl?.(key, MESSAGE, pair(R.x, s))).toBe(true);
      expect(verdict(key, MESSAGE, pair(R.x, s))).toBe(false);
    },
  );

  test('takes an R whose x is above n: r is x mod n', () => {
    let x = ORDER + 1n;
    let high: Point | undefined;
    for (; !high; x++) {
      try {
        high = Point.fromBytes(concatBytes(Uint8Array.of(2), numberToBytesBE(x, 32)));
      } catch {
        // Half of all x are on no point.
      }
    }
    const r = high.x - ORDER;
    const key = keyFor(high, r, 7n);
    expect(verdict(key, MESSAGE, pair(r, 7n))).toBe(true);
    expect(verdict(key, MESSAGE, pair(high.x, 7n))).toBe(false);
    // x itself is not below the order here, and r + 1 belongs to another point.
    expect(verdict(key, MESSAGE, pair(r + 1n, 7n))).toBe(false);
  });

  test('refuses where the sum is the point at infinity', () => {
    // u1·G + u2·Q = 0 for Q = −(e / r)·G, whatever s is.
    const key = Point.BASE.multiply(mod(-e * inverse(5n))).toBytes(true);
    for (const s of [1n, 5n, HALF]) expect(verdict(key, MESSAGE, pair(5n, s))).toBe(false);
  });

  test('takes where the sum doubles a point', () => {
    // u1·G = u2·Q for Q = (e / r)·G; with R = k·G it needs u1 = k / 2, so s = 2·e / k. The first k with a low s.
    let k = 2n;
    while (mod(2n * e * inverse(k)) > HALF) k++;
    const r = mod(Point.BASE.multiply(k).x);
    const key = Point.BASE.multiply(mod(e * inverse(r))).toBytes(true);
    expect(verdict(key, MESSAGE, pair(r, mod(2n * e * inverse(k))))).toBe(true);
  });

  test.each([1n, 2n, ORDER - 1n, ORDER - 2n, HALF])('takes what the secret %s signed', (value) => {
    const secret = numberToBytesBE(value, 32);
    expect(verdict(publicKeyOf(secret), MESSAGE, signMessage(secret, MESSAGE))).toBe(true);
  });

  test('agrees on random r and s', () => {
    fc.assert(
      fc.property(bytesOf(64), (signature) => {
        expect(verdict(SELLER_KEY, MESSAGE, signature)).toBe(false);
      }),
      { ...SEEDED, numRuns: 40 },
    );
  });
});

describe('isStrictSignature', () => {
  test.each<[bigint, bigint, boolean]>([
    [1n, 1n, true],
    [ORDER - 1n, HALF, true],
    [0n, 1n, false],
    [1n, 0n, false],
    [ORDER, 1n, false],
    [1n, HALF + 1n, false],
    [1n, ORDER - 1n, false],
  ])('r = %s, s = %s: %s', (r, s, strict) => {
    expect(isStrictSignature(pair(r, s))).toBe(strict);
  });

  test('refuses another length, also one that only adds a zero', () => {
    const valid = pair(1n, 1n);
    const zero = Uint8Array.of(0);
    for (const other of [
      concatBytes(valid.subarray(0, 32), zero, valid.subarray(32)),
      concatBytes(zero, valid),
    ]) {
      expect(isStrictSignature(other)).toBe(false);
    }
    expect(isStrictSignature(valid.subarray(0, 63))).toBe(false);
    expect(isStrictSignature(concatBytes(valid.subarray(0, 32), valid.subarray(33)))).toBe(false);
  });

  test('half the order is rounded down: (n − 1) / 2 is the last low s', () => {
    expect(HALF.toString(16)).toBe('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');
  });
});

describe('scriptSignature', () => {
  test('is strict DER and the hash type', () => {
    fc.assert(
      fc.property(secretKey(), fc.constantFrom(0x01, 0x82, 0x83), (secret, hashType) => {
        const signature = signMessage(secret, MESSAGE);
        const encoded = scriptSignature(signature, hashType);
        expect(bitcoinScript.isCanonicalScriptSignature(encoded)).toBe(true);
        expect(bitcoinScript.signature.decode(encoded)).toEqual({ signature, hashType });
      }),
      { ...SEEDED, numRuns: 40 },
    );
  });

  test('writes numbers without needless zeros and with the zero that keeps them positive', () => {
    expect(bytesToHex(scriptSignature(pair(1n, 0x80n), 0x83))).toBe('300702010102020080' + '83');
    expect(scriptSignature(pair(ORDER - 1n, HALF), 0x01)).toHaveLength(72);
  });

  test('refuses what is not strict', () => {
    const refused = new RangeError('not a strict 64-byte signature');
    expect(() => scriptSignature(pair(1n, HALF + 1n), 0x83)).toThrow(refused);
    expect(() => scriptSignature(new Uint8Array(64), 0x83)).toThrow(refused);
    expect(() => scriptSignature(new Uint8Array(63).fill(1), 0x83)).toThrow(refused);
  });
});
