import { createHash } from 'node:crypto';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { Point } from '@noble/secp256k1';
import type * as Hashes from '../../../shared/protocol/hashes.ts';
import { sha256, taggedHash, taggedMessage } from '../../../shared/protocol/hashes.ts';

/** hashes.ts as it loads: no tag was used yet. */
function loadedAgain(): typeof Hashes {
  let hashes: typeof Hashes | undefined;
  jest.isolateModules(() => {
    hashes = require('../../../shared/protocol/hashes.ts');
  });
  if (!hashes) throw new Error('hashes.ts was not loaded');
  return hashes;
}

describe('taggedHash', () => {
  test('the tag hash of BIP340’s own tag is the one implementations of it precompute', () => {
    // libsecp256k1 holds the SHA-256 state after this 64-byte prefix; the prefix is SHA256("BIP0340/challenge") twice.
    const tag = '7bb52d7a9fef58323eb1bf7a407db382d2f3f2d81bb1224f49fe518f6d48d37c';
    expect(bytesToHex(taggedMessage('BIP0340/challenge'))).toBe(tag + tag);
  });

  test('of BIP341’s TapTweak gives the output key of BIP86’s first test vector', () => {
    // BIP86: internal key and output key of m/86'/0'/0'/0/0 of the mnemonic "abandon … about".
    const internal = 'cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115';
    const output = 'a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c';
    const lifted = Point.fromHex(`02${internal}`);
    const tweak = BigInt(`0x${bytesToHex(taggedHash('TapTweak', lifted.toBytes(true).subarray(1)))}`);
    expect(lifted.add(Point.BASE.multiply(tweak)).toHex(true).slice(2)).toBe(output);
  });

  test('is the hash of the message, whose parts are joined without separators', () => {
    const [one, two] = [utf8ToBytes('one'), utf8ToBytes('two')];
    expect(taggedHash('spillway/key', one, two)).toEqual(sha256(taggedMessage('spillway/key', one, two)));
    expect(taggedHash('spillway/key', one, two)).toEqual(taggedHash('spillway/key', concatBytes(one, two)));
    expect(taggedHash('spillway/key', one)).not.toEqual(taggedHash('spillway/terms', one));
  });

  test('agrees with node:crypto, the first time that a tag is used and again', () => {
    const { taggedHash } = loadedAgain();
    const tag = createHash('sha256').update('spillway/request').digest();
    for (const text of ['a', 'b']) {
      const expected = createHash('sha256').update(tag).update(tag).update(text).digest('hex');
      expect(bytesToHex(taggedHash('spillway/request', utf8ToBytes(text)))).toBe(expected);
    }
  });
});
