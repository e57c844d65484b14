import { hexToBytes } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import {
  cancelMessage,
  changeOutput,
  commitmentMessage,
  refundMessage,
} from '../../../shared/protocol/commitment.ts';
import { sha256 } from '../../../shared/protocol/hashes.ts';
import {
  ALL,
  type Funding,
  inputMessage,
  NONE_ANYONECANPAY,
  type Output,
  SEQUENCE,
  SINGLE_ANYONECANPAY,
} from '../../../shared/protocol/sighash.ts';
import { bytesOf, CHANGE_SCRIPTS, fundingOf, hexText, SEEDED } from './support.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const funding: fc.Arbitrary<Funding> = fc.record({
  txid: hexText(32),
  vout: fc.integer({ min: 0, max: 0xfffffffe }),
  capacity: fc.bigInt(0n, MAX_MONEY),
  witnessScript: bytesOf(71),
});
const output: fc.Arbitrary<Output> = fc.record({
  script: fc.constantFrom(...Object.values(CHANGE_SCRIPTS)),
  value: fc.bigInt(1n, MAX_MONEY),
});

/** A transaction in which our input stands at `index` among others that ANYONECANPAY must not see. */
function around(
  index: number,
  version: number,
  locktime: number,
  ours: Funding,
  outputs: readonly Output[],
): Transaction {
  const transaction = new Transaction();
  transaction.version = version;
  transaction.locktime = locktime;
  for (let at = 0; at <= index + 1; at++) {
    const { txid, vout } = at === index ? ours : fundingOf(at);
    transaction.addInput(hexToBytes(txid).reverse(), vout, at === index ? SEQUENCE : at);
  }
  for (const { script, value } of outputs) transaction.addOutput(script, value);
  return transaction;
}

describe('inputMessage', () => {
  test('hashed once more is the BIP143 digest of 0x83 at any input', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        uint32,
        uint32,
        funding,
        output,
        fc.array(output, { maxLength: 3 }),
        (index, version, locktime, ours, mine, others) => {
          const outputs = Array.from({ length: index }, (_, at) => ({
            script: CHANGE_SCRIPTS.P2TR,
            value: BigInt(at),
          }));
          const transaction = around(index, version, locktime, ours, [...outputs, mine, ...others]);
          expect(sha256(inputMessage({ version, locktime, funding: ours, output: mine }))).toEqual(
            transaction.hashForWitnessV0(index, ours.witnessScript, ours.capacity, SINGLE_ANYONECANPAY),
          );
        },
      ),
      { ...SEEDED, numRuns: 200 },
    );
  });

  test('hashed once more is the BIP143 digest of 0x82 at any input, whatever the outputs', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        uint32,
        uint32,
        funding,
        fc.array(output, { maxLength: 6 }),
        (index, version, locktime, ours, outputs) => {
          const transaction = around(index, version, locktime, ours, outputs);
          expect(sha256(inputMessage({ version, locktime, funding: ours }))).toEqual(
            transaction.hashForWitnessV0(index, ours.witnessScript, ours.capacity, NONE_ANYONECANPAY),
          );
        },
      ),
      { ...SEEDED, numRuns: 200 },
    );
  });

  test('the hash types are the ones of consensus', () => {
    expect(ALL).toBe(Transaction.SIGHASH_ALL);
    expect(NONE_ANYONECANPAY).toBe(Transaction.SIGHASH_NONE | Transaction.SIGHASH_ANYONECANPAY);
    expect(SINGLE_ANYONECANPAY).toBe(Transaction.SIGHASH_SINGLE | Transaction.SIGHASH_ANYONECANPAY);
  });
});

describe('what the two sides sign', () => {
  const ours = fundingOf(3);
  const digestOf = (version: number, locktime: number, hashType: number, outputs: readonly Output[] = []) =>
    around(0, version, locktime, ours, outputs).hashForWitnessV0(
      0,
      ours.witnessScript,
      ours.capacity,
      hashType,
    );

  test('a commitment with change: version 3, locktime 0, 0x83 over the change', () => {
    const expected = digestOf(3, 0, 0x83, [{ script: CHANGE_SCRIPTS.P2TR, value: 55_000n }]);
    expect(sha256(commitmentMessage(ours, CHANGE_SCRIPTS.P2TR, 55_000n))).toEqual(expected);
  });

  test('a commitment without change: version 3, locktime 0, 0x82', () => {
    expect(sha256(commitmentMessage(ours, CHANGE_SCRIPTS.P2TR, 0n))).toEqual(digestOf(3, 0, 0x82));
  });

  test('a refund: version 2, locktime L, 0x82', () => {
    expect(sha256(refundMessage(ours, 1_108))).toEqual(digestOf(2, 1_108, 0x82));
  });

  test('a cancel: version 2, locktime 0, 0x82', () => {
    expect(sha256(cancelMessage(ours))).toEqual(digestOf(2, 0, 0x82));
  });

  test('are all different, also for other outpoints, scripts and amounts', () => {
    const messages = [ours, { ...ours, vout: 4 }, { ...ours, capacity: 1n }, fundingOf(4)].flatMap(
      (funding) => [
        commitmentMessage(funding, CHANGE_SCRIPTS.P2WPKH, 1_000n),
        commitmentMessage(funding, CHANGE_SCRIPTS.P2WPKH, 1_001n),
        commitmentMessage(funding, CHANGE_SCRIPTS.P2TR, 1_000n),
        commitmentMessage(funding, CHANGE_SCRIPTS.P2WPKH, 0n),
        refundMessage(funding, 1_108),
        refundMessage(funding, 1_109),
        cancelMessage(funding),
      ],
    );
    expect(new Set(messages.map((message) => message.join())).size).toBe(28);
  });

  test('a change below nothing is refused, not taken for none', () => {
    const refused = new RangeError('the price is above the capacity');
    expect(() => commitmentMessage(ours, CHANGE_SCRIPTS.P2WPKH, -1n)).toThrow(refused);
    expect(changeOutput(CHANGE_SCRIPTS.P2WPKH, 0n)).toBeUndefined();
  });

  test('the sequence lets the locktime count and the fee be raised', () => {
    expect(SEQUENCE).toBe(0xfffffffd);
  });
});
