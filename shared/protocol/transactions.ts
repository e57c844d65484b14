import { hexToBytes } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import { BUYER_VERSION, changeOutput, SETTLEMENT_VERSION } from './commitment.ts';
import {
  ALL,
  type Funding,
  NONE_ANYONECANPAY,
  type Output,
  SEQUENCE,
  SINGLE_ANYONECANPAY,
} from './sighash.ts';
import { scriptSignature } from './signature.ts';

/** A channel as its settlement sees it. */
export interface SettlementMember {
  readonly funding: Funding;
  readonly changeScript: Uint8Array;
  /** Satoshis; 0 for no output. */
  readonly change: bigint;
  /** A's signature of the commitment, 64 bytes. */
  readonly buyerSignature: Uint8Array;
}

/** A transaction that lacks one side's ALL signatures: the digests it needs, in the order of its inputs. */
export interface Unsigned {
  readonly digests: readonly Uint8Array[];
  /** @param signatures one 64-byte signature a digest, in the same order */
  sign(signatures: readonly Uint8Array[]): Transaction;
}

/**
 * The settlement of one or many channels: each change at its input's index, channels without change after them, B's payout
 * last. A's signatures commit to their own input and output alone, so B adds its output and chooses the fee now.
 * @param payout what B receives, satoshis; the rest of B's shares is the fee
 */
export function settlement(members: readonly SettlementMember[], payout: Output): Unsigned {
  const ordered = inSettlementOrder(members);
  const transaction = spending(
    ordered.map((member) => member.funding),
    SETTLEMENT_VERSION,
    0,
  );
  for (const { changeScript, change } of ordered) {
    const output = changeOutput(changeScript, change);
    if (output) transaction.addOutput(output.script, output.value);
  }
  transaction.addOutput(payout.script, payout.value);
  return {
    digests: ordered.map(({ funding }, index) => digestAll(transaction, index, funding)),
    sign(signatures) {
      ordered.forEach(({ funding, change, buyerSignature }, index) => {
        const hashType = change > 0n ? SINGLE_ANYONECANPAY : NONE_ANYONECANPAY;
        const buyer = scriptSignature(buyerSignature, hashType);
        transaction.setWitness(index, witness(funding, buyer, scriptSignature(at(signatures, index), ALL)));
      });
      return transaction;
    },
  };
}

/** A change must stand at its input's index, so inputs without one go last. The order among equals is kept. */
export function inSettlementOrder<Member extends Pick<SettlementMember, 'change'>>(
  members: readonly Member[],
): readonly Member[] {
  return [...members.filter(({ change }) => change > 0n), ...members.filter(({ change }) => change <= 0n)];
}

/**
 * A's refund (`locktime` = refund height) or its cancel (`locktime` 0): B signed for any outputs, A chooses them now.
 * @param sellerSignature B's 0x82 signature, 64 bytes
 */
export function buyerSpend(
  funding: Funding,
  locktime: number,
  outputs: readonly Output[],
  sellerSignature: Uint8Array,
): Unsigned {
  const transaction = spending([funding], BUYER_VERSION, locktime);
  for (const { script, value } of outputs) transaction.addOutput(script, value);
  return {
    digests: [digestAll(transaction, 0, funding)],
    sign(signatures) {
      const seller = scriptSignature(sellerSignature, NONE_ANYONECANPAY);
      transaction.setWitness(0, witness(funding, scriptSignature(at(signatures, 0), ALL), seller));
      return transaction;
    },
  };
}

/**
 * Virtual bytes of a settlement as the protocol counts it: with the longest signatures there are (72 bytes of DER and the
 * hash type), so that the real one is never larger.
 */
export function settlementVirtualSize(
  members: readonly Pick<SettlementMember, 'funding' | 'changeScript' | 'change'>[],
  payoutScript: Uint8Array,
): number {
  const longest = new Uint8Array(73);
  const transaction = spending(
    members.map((member) => member.funding),
    SETTLEMENT_VERSION,
    0,
  );
  members.forEach(({ funding, changeScript, change }, index) => {
    if (change > 0n) transaction.addOutput(changeScript, change);
    transaction.setWitness(index, witness(funding, longest, longest));
  });
  transaction.addOutput(payoutScript, 0n);
  return transaction.virtualSize();
}

function spending(fundings: readonly Funding[], version: number, locktime: number): Transaction {
  const transaction = new Transaction();
  transaction.version = version;
  transaction.locktime = locktime;
  for (const { txid, vout } of fundings) transaction.addInput(hexToBytes(txid).reverse(), vout, SEQUENCE);
  return transaction;
}

function digestAll(transaction: Transaction, index: number, funding: Funding): Uint8Array {
  return transaction.hashForWitnessV0(index, funding.witnessScript, funding.capacity, ALL);
}

/** CHECKMULTISIG takes one element too many off the stack, which must be empty (BIP147). */
function witness(funding: Funding, buyerSignature: Uint8Array, sellerSignature: Uint8Array): Uint8Array[] {
  return [new Uint8Array(0), buyerSignature, sellerSignature, funding.witnessScript];
}

function at(signatures: readonly Uint8Array[], index: number): Uint8Array {
  const signature = signatures[index];
  if (!signature) throw new RangeError(`signature ${index} is missing`);
  return signature;
}
