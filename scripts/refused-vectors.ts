import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { problemType } from '../shared/errors.ts';
import { sha256 } from '../shared/protocol/hashes.ts';
import { CURVE_ORDER } from '../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../shared/protocol/numbers.ts';
import { signMessage } from '../shared/protocol/signature.ts';

/** Terms that every shop must refuse, each one change away from terms that are valid. */
export function refusedTerms(valid: string) {
  const refused = (about: string, bytes: Uint8Array) => ({
    about,
    bytes: bytesToHex(bytes),
    problem: problemType('malformed-terms'),
  });
  const changed = (about: string, from: string | RegExp, to: string) => {
    const text = valid.replace(from, to);
    if (text === valid) throw new Error(`"${about}" changes nothing`);
    return refused(about, utf8ToBytes(text));
  };
  const notUtf8 = utf8ToBytes(valid);
  notUtf8[valid.indexOf('regtest')] = 0xff;
  return [
    changed('a duplicate key', '"credit":1', '"credit":1,"credit":1'),
    changed('1.0', '"credit":1', '"credit":1.0'),
    changed('minus zero', '[0,', '[-0,'),
    changed('an exponent', '1108', '1.108e3'),
    changed('a space', ':', ': '),
    changed('a line end after the object', /$/, '\n'),
    changed('keys out of order', /^\{("[^,]*),("[^[]*\[[^\]]*\])/, '{$2,$1'),
    changed('a needless escape', 'regtest', '\\u0072egtest'),
    changed('a lone surrogate', 'regtest', '\\ud800'),
    refused('a byte order mark', concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), utf8ToBytes(valid))),
    refused('bytes that are not UTF-8', notUtf8),
    changed('an unknown field', /\}$/, ',"zone":1}'),
    changed(
      'an unknown field that every JavaScript object seems to have',
      '"credit"',
      '"constructor":1,"credit"',
    ),
    changed('a field is missing', /"credit":1,/, ''),
    changed('another protocol', 'spillway/1', 'spillway/2'),
    changed('another network', 'regtest', 'testnet3'),
    changed('hex in upper case', /"nonce":"[0-9a-f]*"/, `"nonce":"${'AB'.repeat(16)}"`),
    changed('satoshis as a number', '"11397"', '11397'),
    changed('satoshis with a leading zero', '"11397"', '"011397"'),
    changed('more than 21 million bitcoin', '"11397"', '"2100000000000001"'),
    changed('credit of two', '"credit":1', '"credit":2'),
    changed('no chunks', '[0,3]', '[0,0]'),
    changed('chunks of one number', '[0,3]', '[0]'),
    changed('a refund height of nothing', '1108', '0'),
    changed('a refund height that is a time', '1108', '500000000'),
    changed(
      'a change script of another kind',
      /"changeScript":"[0-9a-f]*"/,
      `"changeScript":"76a914${'11'.repeat(20)}88ac"`,
    ),
    changed(
      'a buyer key that is on no point',
      /"buyerKey":"[0-9a-f]*"/,
      `"buyerKey":"02${'5'.padStart(64, '0')}"`,
    ),
    changed(
      'the buyer key is the seller key',
      /"buyerKey":"[0-9a-f]*"(.*"sellerKey":)("[0-9a-f]*")/,
      '"buyerKey":$2$1$2',
    ),
  ];
}

/** Signatures of one commitment that must be refused, though some satisfy the bare equation. */
export function refusedSignatures(secret: Uint8Array, message: Uint8Array) {
  const valid = signMessage(secret, message);
  const [r, s] = [valid.subarray(0, 32), valid.subarray(32)];
  const [zero, order] = [new Uint8Array(32), numberToBytesBE(CURVE_ORDER, 32)];
  const highS = numberToBytesBE(CURVE_ORDER - bytesToNumberBE(s), 32);
  const refused = (about: string, ...parts: Uint8Array[]) => ({
    about,
    digest: bytesToHex(sha256(message)),
    signature: bytesToHex(concatBytes(...parts)),
  });
  return [
    refused('high S', r, highS),
    refused('r = 0', zero, s),
    refused('s = 0', r, zero),
    refused('r = n', order, s),
    refused('s = n', r, order),
    refused('r and s swapped', s, r),
    refused('63 bytes', r, s.subarray(1)),
    refused('65 bytes', r, s, Uint8Array.of(0x83)),
  ];
}
