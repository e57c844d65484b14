import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { payments } from 'bitcoinjs-lib';
import fc from 'fast-check';
import {
  DUST_LIMIT,
  fundingScript,
  outputKind,
  payToWitnessScript,
} from '../../../shared/protocol/script.ts';
import { BUYER_KEY, CHANGE_SCRIPTS, publicKeyOf, SEEDED, SELLER_KEY, secretKey } from './support.ts';

describe('fundingScript', () => {
  test('is 2 <A’> <B> 2 CHECKMULTISIG, 71 bytes', () => {
    const [a, b] = [bytesToHex(BUYER_KEY), bytesToHex(SELLER_KEY)];
    expect(bytesToHex(fundingScript(BUYER_KEY, SELLER_KEY))).toBe(`5221${a}21${b}52ae`);
    expect(fundingScript(BUYER_KEY, SELLER_KEY)).toHaveLength(71);
  });

  test('keeps the order of the keys as given', () => {
    expect(fundingScript(BUYER_KEY, SELLER_KEY)).not.toEqual(fundingScript(SELLER_KEY, BUYER_KEY));
  });

  test('agrees with bitcoinjs, and so does its P2WSH', () => {
    fc.assert(
      fc.property(secretKey(), secretKey(), (a, b) => {
        const pubkeys = [publicKeyOf(a), publicKeyOf(b)];
        const multisig = payments.p2ms({ m: 2, pubkeys });
        const script = fundingScript(publicKeyOf(a), publicKeyOf(b));
        expect(script).toEqual(multisig.output);
        expect(payToWitnessScript(script)).toEqual(payments.p2wsh({ redeem: multisig }).output);
      }),
      { ...SEEDED, numRuns: 20 },
    );
  });
});

describe('outputKind', () => {
  test('knows the three kinds', () => {
    for (const [kind, script] of Object.entries(CHANGE_SCRIPTS)) expect(outputKind(script)).toBe(kind);
  });

  test.each([
    ['P2PKH', `76a914${'11'.repeat(20)}88ac`],
    ['P2SH', `a914${'11'.repeat(20)}87`],
    ['OP_RETURN', '6a0401020304'],
    ['a later segwit version', `5220${'11'.repeat(32)}`],
    ['pay to anchor', '51024e73'],
    ['version 1 of 20 bytes', `5114${'11'.repeat(20)}`],
    ['version 0 with a byte too many', `0014${'11'.repeat(21)}`],
    ['version 0 with a byte too few', `0020${'11'.repeat(31)}`],
    ['version 1 with a byte too many', `5120${'11'.repeat(33)}`],
    ['version 1 of 34 bytes that pushes 33', `5121${'11'.repeat(32)}`],
    ['version 0 of 34 bytes that pushes 33', `0021${'11'.repeat(32)}`],
    ['version 0 of 22 bytes that pushes 21', `0015${'11'.repeat(20)}`],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(outputKind(hexToBytes(hex))).toBeUndefined();
  });
});

describe('DUST_LIMIT', () => {
  test('is what Bitcoin Core’s GetDustThreshold computes at 3 sat/vB', () => {
    // Core counts the output and the input that spends it: 32 + 4 + 1 + 107/4 + 4 bytes for witness programs.
    const threshold = (script: Uint8Array) =>
      BigInt(3 * (8 + 1 + script.length + 32 + 4 + 1 + Math.floor(107 / 4) + 4));
    expect(DUST_LIMIT.P2WPKH).toBe(threshold(CHANGE_SCRIPTS.P2WPKH));
    expect(DUST_LIMIT.P2WSH).toBe(threshold(CHANGE_SCRIPTS.P2WSH));
    expect(DUST_LIMIT.P2TR).toBe(threshold(CHANGE_SCRIPTS.P2TR));
    expect(DUST_LIMIT).toEqual({ P2WPKH: 294n, P2WSH: 330n, P2TR: 330n });
  });
});
