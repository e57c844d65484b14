import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import fc from 'fast-check';
import type * as Hashes from '../../../shared/protocol/hashes.ts';
import { taggedHash } from '../../../shared/protocol/hashes.ts';
import type * as Keys from '../../../shared/protocol/keys.ts';
import {
  CURVE_ORDER,
  channelPublicKey,
  channelSecretKey,
  isPublicKey,
} from '../../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { BUYER_KEY, BUYER_SECRET, bytesOf, publicKeyOf, SEEDED, secretKey, secretOf } from './support.ts';

const CHANNEL_ID = secretOf('channel id');

describe('isPublicKey', () => {
  const x = bytesToHex(BUYER_KEY).slice(2);

  test('takes both parities of a point', () => {
    expect(isPublicKey(hexToBytes(`02${x}`))).toBe(true);
    expect(isPublicKey(hexToBytes(`03${x}`))).toBe(true);
  });

  test.each([
    ['an uncompressed key', Point.fromBytes(BUYER_KEY).toHex(false)],
    ['a hybrid key', Point.fromBytes(BUYER_KEY).toHex(false).replace(/^04/, '06')],
    ['a compressed key with another prefix', `04${x}`],
    ['an x-only key', x],
    ['the point at infinity, in one byte', '00'],
    ['zeros', '00'.repeat(33)],
    ['an x of no point', `02${'5'.padStart(64, '0')}`],
    // p + 1 ≡ 1, which is the x of a point: an encoding of it that is not the canonical one.
    ['an x that is not below the field’s prime', `02${'f'.repeat(55)}efffffc30`],
    ['one byte too many', `02${x}00`],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(isPublicKey(hexToBytes(hex))).toBe(false);
  });
});

describe('channel keys', () => {
  test('the secret side equals the public side', () => {
    fc.assert(
      fc.property(secretKey(), bytesOf(32), (secret, channelId) => {
        const key = publicKeyOf(secret);
        expect(publicKeyOf(channelSecretKey(secret, key, channelId))).toEqual(
          channelPublicKey(key, channelId),
        );
      }),
      { ...SEEDED, numRuns: 40 },
    );
  });

  test('is A + t·G with t the tagged hash of A and the channel id', () => {
    const t = bytesToNumberBE(taggedHash('spillway/key', BUYER_KEY, CHANNEL_ID));
    const expected = Point.fromBytes(BUYER_KEY).add(Point.BASE.multiply(t)).toBytes(true);
    expect(channelPublicKey(BUYER_KEY, CHANNEL_ID)).toEqual(expected);
  });

  test('differs for every channel id and every buyer key', () => {
    const key = bytesToHex(channelPublicKey(BUYER_KEY, CHANNEL_ID));
    expect(bytesToHex(channelPublicKey(BUYER_KEY, secretOf('another channel id')))).not.toBe(key);
    expect(bytesToHex(channelPublicKey(publicKeyOf(secretOf('another buyer')), CHANNEL_ID))).not.toBe(key);
  });

  test('keeps leading zeros of the secret', () => {
    const t = bytesToNumberBE(taggedHash('spillway/key', BUYER_KEY, CHANNEL_ID));
    const secret = numberToBytesBE((((1n - t) % CURVE_ORDER) + CURVE_ORDER) % CURVE_ORDER, 32);
    expect(channelSecretKey(secret, BUYER_KEY, CHANNEL_ID)).toEqual(numberToBytesBE(1n, 32));
  });
});

/** keys.ts over a tagged hash that always gives the same value: no input of the real one is known to reach these. */
function keysWithTweak(tweak: bigint): typeof Keys {
  let keys: typeof Keys | undefined;
  jest.isolateModules(() => {
    jest.doMock('../../../shared/protocol/hashes.ts', () => ({
      ...jest.requireActual<typeof Hashes>('../../../shared/protocol/hashes.ts'),
      taggedHash: () => numberToBytesBE(tweak, 32),
    }));
    keys = require('../../../shared/protocol/keys.ts');
  });
  jest.dontMock('../../../shared/protocol/hashes.ts');
  if (!keys) throw new Error('keys.ts was not loaded');
  return keys;
}

describe('tweaks that no hash is known to give', () => {
  test.each([CURVE_ORDER, CURVE_ORDER + 1n, 2n ** 256n - 1n])(
    'refuses the tweak %s on both sides',
    (tweak) => {
      const keys = keysWithTweak(tweak);
      const refused = new RangeError('the tweak is not below the order of the curve');
      expect(() => keys.channelPublicKey(BUYER_KEY, CHANNEL_ID)).toThrow(refused);
      expect(() => keys.channelSecretKey(BUYER_SECRET, BUYER_KEY, CHANNEL_ID)).toThrow(refused);
    },
  );

  test('refuses the point at infinity on both sides', () => {
    const keys = keysWithTweak(CURVE_ORDER - bytesToNumberBE(BUYER_SECRET));
    const refused = new RangeError('the channel key is the point at infinity');
    expect(() => keys.channelPublicKey(BUYER_KEY, CHANNEL_ID)).toThrow(refused);
    expect(() => keys.channelSecretKey(BUYER_SECRET, BUYER_KEY, CHANNEL_ID)).toThrow(refused);
  });

  test.each([1n, CURVE_ORDER - 1n])('takes the tweak %s', (tweak) => {
    const keys = keysWithTweak(tweak);
    const secret = keys.channelSecretKey(BUYER_SECRET, BUYER_KEY, CHANNEL_ID);
    expect(publicKeyOf(secret)).toEqual(keys.channelPublicKey(BUYER_KEY, CHANNEL_ID));
  });

  test('adds a key to itself where the tweak is its secret', () => {
    const tweak = bytesToNumberBE(BUYER_SECRET);
    const doubled = Point.fromBytes(BUYER_KEY).double().toBytes(true);
    expect(keysWithTweak(tweak).channelPublicKey(BUYER_KEY, CHANNEL_ID)).toEqual(doubled);
  });
});
