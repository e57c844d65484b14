import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import { sha256 } from '../shared/protocol/hashes.ts';
import { numberToBytesBE } from '../shared/protocol/numbers.ts';
import { signMessage } from '../shared/protocol/signature.ts';
import {
  type Case,
  decode,
  HALF,
  inverse,
  MAX,
  MESSAGE,
  made,
  mod,
  N,
  numberOf,
  P,
  points,
  publicOf,
  secretOf,
  solved,
} from './edge-arithmetic.ts';
import { edgeKeys, noKeys } from './edge-keys.ts';

/**
 * Signatures at the corners of ECDSA over secp256k1 in our 64-byte form, after the classes of Project Wycheproof's
 * ecdsa_secp256k1_sha256_bitcoin tests. Where a class needs a special r, s or sum, the key is solved for:
 * Q = (s·R − e·G) / r; what is valid is so by construction, not because a verifier says so.
 */
export interface EdgeSignature extends Case {
  readonly class: string;
}

export function edgeSignatures(): readonly EdgeSignature[] {
  const classes: Readonly<Record<string, readonly Case[]>> = {
    ValidSignature: validSignatures(),
    SignatureMalleabilityBitcoin: highS(),
    ModifiedSignature: modified(),
    RangeCheck: outOfRange(),
    InvalidSignature: specialValues(),
    SmallRandS: small(),
    ArithmeticError: extremeFactors(),
    ModularInverse: inverses(),
    PointDuplication: duplications(),
    EdgeCasePublicKey: edgeKeys(),
    InvalidPublicKey: noKeys(),
    SpecialCaseHash: specialHashes(),
    SignatureSize: sizes(),
  };
  return Object.entries(classes).flatMap(([name, cases]) => cases.map((each) => ({ class: name, ...each })));
}

function validSignatures(): Case[] {
  return Array.from({ length: 8 }, (_, index) => {
    const message = sha256(utf8ToBytes(`edge message ${index}`)).subarray(0, 4 * index);
    return made(
      `key ${index}`,
      true,
      publicOf(secretOf(index)),
      signMessage(secretOf(index), message),
      message,
    );
  });
}

function highS(): Case[] {
  return [0, 1, 2].map((index) => {
    const [r, s] = decode(signMessage(secretOf(index), MESSAGE));
    return made(`key ${index}, n − s`, false, publicOf(secretOf(index)), [r, N - s]);
  });
}

function modified(): Case[] {
  const key = publicOf(secretOf(0));
  const valid = signMessage(secretOf(0), MESSAGE);
  const [r, s] = decode(valid);
  const flips = [0, 1, 127, 128, 255].flatMap((bit) => [
    made(`bit ${bit} of r`, false, key, [r ^ (1n << BigInt(bit)), s]),
    made(`bit ${bit} of s`, false, key, [r, s ^ (1n << BigInt(bit))]),
  ]);
  return [
    ...flips,
    made('r + 1', false, key, [r + 1n, s]),
    made('s + 1', false, key, [r, s + 1n]),
    made('n − r', false, key, [N - r, s]),
    made('p − r', false, key, [P - r, s]),
    made('r and s swapped', false, key, [s, r]),
    made('both doubled', false, key, [mod(2n * r), mod(2n * s)]),
    made('1 / s', false, key, [r, inverse(s)]),
    made('of another message', false, key, valid, utf8ToBytes('edges')),
    made('by another key', false, publicOf(secretOf(1)), valid),
    made('by the negated key', false, Point.fromBytes(key).negate().toBytes(true), valid),
  ];
}

/** r or s as it was, plus n: right to whoever reduces before looking. */
function outOfRange(): Case[] {
  const R = points(1n, 1n, 1)[0] as Point;
  const { publicKey } = solved('', R, 3n);
  const key = Uint8Array.from(Buffer.from(publicKey, 'hex'));
  return [
    made('as it is', true, key, [1n, 3n]),
    made('r + n', false, key, [1n + N, 3n]),
    made('s + n', false, key, [1n, 3n + N]),
    made('r + n and s + n', false, key, [1n + N, 3n + N]),
    made('r + p − n', false, key, [1n + P - N, 3n]),
    made('r and s with every higher bit set', false, key, [MAX - 1n, MAX - 3n]),
  ];
}

function specialValues(): Case[] {
  const key = publicOf(secretOf(0));
  const values: readonly (readonly [string, bigint])[] = [
    ['0', 0n],
    ['1', 1n],
    ['(n − 1) / 2', HALF],
    ['n − 1', N - 1n],
    ['n', N],
    ['n + 1', N + 1n],
    ['p', P],
    ['p + 1', P + 1n],
    ['2^256 − 1', MAX],
  ];
  return values.flatMap(([ofR, r]) =>
    values.map(([ofS, s]) => made(`r = ${ofR}, s = ${ofS}`, false, key, [r, s])),
  );
}

function small(): Case[] {
  const cases = points(1n, 1n, 4).flatMap((R) =>
    [1n, 2n, 3n].map((s) => solved(`r = ${R.x}, s = ${s}`, R, s)),
  );
  const beyond = points(N + 1n, 1n, 3).flatMap((R) => {
    const { publicKey } = solved('', R, 7n);
    const key = Uint8Array.from(Buffer.from(publicKey, 'hex'));
    return [
      made(`r = ${R.x - N}, which stands for x = r + n`, true, key, [R.x - N, 7n]),
      made(`r = x = ${R.x - N} + n, not reduced`, false, key, [R.x, 7n]),
      made(`r = ${R.x - N + 1n}, of another point`, false, key, [R.x - N + 1n, 7n]),
    ];
  });
  return [...cases, ...beyond, solved('the largest r below n', points(N - 1n, -1n, 1)[0] as Point, 5n)];
}

/** u1 = e / s and u2 = r / s, one of them chosen. */
function extremeFactors(): Case[] {
  const e = numberOf(MESSAGE);
  const R = Point.BASE.multiply(123_456_789n);
  const factors = [
    1n,
    2n,
    3n,
    1n << 64n,
    1n << 128n,
    1n << 255n,
    HALF,
    HALF + 1n,
    N - 2n,
    N - 1n,
    inverse(2n),
    inverse(3n),
  ];
  return factors.flatMap((factor) => [
    solved(`u1 = ${factor.toString(16)}`, R, mod(e * inverse(factor))),
    solved(`u2 = ${factor.toString(16)}`, R, mod(R.x * inverse(factor))),
  ]);
}

function inverses(): Case[] {
  const R = Point.BASE.multiply(987_654_321n);
  const values = [
    1n << 1n,
    1n << 63n,
    1n << 64n,
    (1n << 128n) - 1n,
    1n << 254n,
    HALF - 1n,
    HALF,
    HALF + 1n,
    N - 2n,
    N - 1n,
  ];
  return [
    ...values.map((s) => solved(`s = ${s.toString(16)}`, R, s)),
    ...values.map((s) => solved(`1 / s = ${s.toString(16)}`, R, inverse(s))),
  ];
}

function duplications(): Case[] {
  const e = numberOf(MESSAGE);
  // Q = −(e / r)·G makes u1·G + u2·Q the point at infinity, whatever s is.
  const r = 5n;
  const cancelling = Point.BASE.multiply(mod(-e * inverse(r))).toBytes(true);
  const infinity = [1n, r, HALF].map((s) =>
    made(`the sum is infinity, s = ${s.toString(16)}`, false, cancelling, [r, s]),
  );
  // Q = (e / r)·G makes u1·G = u2·Q; with R = k·G that needs s = 2·e / k.
  const doubling = [2n, 3n, 4n, 5n, 6n, 7n].map((k) => {
    const R = Point.BASE.multiply(k);
    return solved(`the sum is a doubling, R = ${k}·G`, R, mod(2n * e * inverse(k)));
  });
  const generator = [
    ['the key is G', 1n],
    ['the key is −G: G + Q is infinity on the way', N - 1n],
  ] as const;
  return [
    ...infinity,
    ...doubling,
    ...generator.map(([about, secret]) => {
      const bytes = numberToBytesBE(secret, 32);
      return made(about, true, publicOf(bytes), signMessage(bytes, MESSAGE));
    }),
  ];
}

/** The first messages whose hash begins or ends with eight equal bits. */
function specialHashes(): Case[] {
  const looks: readonly (readonly [string, number, number])[] = [
    ['begins with eight zeros', 0, 0],
    ['begins with eight ones', 0, 255],
    ['ends with eight zeros', 31, 0],
    ['ends with eight ones', 31, 255],
    ['has eight zeros in the middle', 15, 0],
  ];
  return looks.map(([about, at, byte]) => {
    let message: Uint8Array = new Uint8Array(0);
    for (let index = 0; ; index++) {
      message = utf8ToBytes(`hash ${index}`);
      const hash = sha256(message);
      if (hash[at] === byte) break;
    }
    return made(`the hash ${about}`, true, publicOf(secretOf(3)), signMessage(secretOf(3), message), message);
  });
}

function sizes(): Case[] {
  const key = publicOf(secretOf(0));
  const valid = signMessage(secretOf(0), MESSAGE);
  const [r, s] = [valid.subarray(0, 32), valid.subarray(32)];
  const zero = Uint8Array.of(0);
  return [
    ['nothing', new Uint8Array(0)],
    ['r alone', r],
    ['63 bytes', valid.subarray(0, 63)],
    ['a zero before', concatBytes(zero, valid)],
    ['a zero after', concatBytes(valid, zero)],
    ['r and s with a zero before each', concatBytes(zero, r, zero, s)],
    ['a hash type after', concatBytes(valid, Uint8Array.of(0x83))],
    ['twice', concatBytes(valid, valid)],
    ['1 and 1 in a byte each', Uint8Array.of(1, 1)],
  ].map(([about, bytes]) => made(about as string, false, key, bytes as Uint8Array));
}
