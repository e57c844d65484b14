import { bytesToHex } from '@noble/hashes/utils.js';
import { script as bitcoinScript, Transaction } from 'bitcoinjs-lib';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { change } from '../../shared/protocol/price.ts';
import {
  ALL,
  type Funding,
  NONE_ANYONECANPAY,
  SEQUENCE,
  SINGLE_ANYONECANPAY,
} from '../../shared/protocol/sighash.ts';
import { verifyDigest } from '../../shared/protocol/signature.ts';
import type { Terms } from '../../shared/protocol/terms.ts';
import { type ChannelEnd, kindOfSpend } from './end-channel.ts';
import type { ReceiptChannel } from './receipt.ts';
import { receiptRefused } from './receipt-refused.ts';

/** What spent a channel's funding, by both sides' own signatures. That it is in a block is for a node to say. */
export interface VerifiedEnd {
  readonly by: ChannelEnd['by'];
  readonly txid: string;
  readonly height: number;
  /** Satoshis that the seller's side of the split got, its fee included; 0 where it was taken back. */
  readonly settled: bigint;
}

interface EndContext {
  readonly terms: Terms;
  readonly manifest: Manifest;
  /** A'. */
  readonly key: Uint8Array;
  readonly funding: Funding;
  /** Chunks paid at most. */
  readonly k: number;
  readonly place: string;
}

/** @throws BuyerError bad-data */
export function verifyEnd(end: NonNullable<ReceiptChannel['end']>, context: EndContext): VerifiedEnd {
  const { terms, funding, place } = context;
  const { transaction, index } = spendingInput(end.transaction, funding, place);
  const by = kindOfSpend({ raw: end.transaction }, terms.refundHeight);
  const witness = transaction.ins[index]?.witness ?? [];
  const [empty, buyer, seller, script] = witness;
  if (
    witness.length !== 4 ||
    empty?.length !== 0 ||
    !script ||
    bytesToHex(script) !== bytesToHex(funding.witnessScript)
  ) {
    throw receiptRefused(place, "does not spend the funding by the channel's script");
  }
  const settled = by === 'settlement' ? settledSatoshis(transaction, index, context) : 0n;
  const hasChange = settled < terms.capacity;
  const types =
    by === 'settlement'
      ? { buyer: hasChange ? SINGLE_ANYONECANPAY : NONE_ANYONECANPAY, seller: ALL }
      : { buyer: ALL, seller: NONE_ANYONECANPAY };
  const isSigned = (key: Uint8Array, signature: Uint8Array | undefined, type: number) =>
    signature !== undefined && verifyInput(transaction, index, funding, { key, signature, type });
  if (!isSigned(context.key, buyer, types.buyer))
    throw receiptRefused(place, 'is not signed by the channel key');
  if (!isSigned(terms.sellerKey, seller, types.seller))
    throw receiptRefused(place, 'is not signed by the seller');
  return { by, txid: transaction.getId(), height: end.height, settled };
}

function spendingInput(raw: string, { txid, vout }: Funding, place: string) {
  let transaction: Transaction;
  try {
    transaction = Transaction.fromHex(raw);
  } catch {
    throw receiptRefused(place, 'is no transaction');
  }
  const index = transaction.ins.findIndex(
    (input) => input.index === vout && bytesToHex(input.hash.toReversed()) === txid,
  );
  if (index < 0 || transaction.ins[index]?.sequence !== SEQUENCE)
    throw receiptRefused(place, 'does not spend the funding');
  return { transaction, index };
}

/** The change stands at its input's index and is that of a number of chunks that was paid, or there is none left. */
function settledSatoshis(
  { outs }: Transaction,
  index: number,
  { terms, manifest, k, place }: EndContext,
): bigint {
  const output = outs[index];
  const isChange = output && bytesToHex(output.script) === bytesToHex(terms.changeScript);
  const rest = isChange ? output.value : 0n;
  for (let paid = k; paid >= 1; paid--) {
    if (change(terms, manifest, paid) === rest) return terms.capacity - rest;
  }
  throw receiptRefused(place, 'splits the money in a way that was not paid');
}

function verifyInput(
  transaction: Transaction,
  index: number,
  { witnessScript, capacity }: Funding,
  {
    key,
    signature,
    type,
  }: { readonly key: Uint8Array; readonly signature: Uint8Array; readonly type: number },
): boolean {
  try {
    const decoded = bitcoinScript.signature.decode(signature);
    if (decoded.hashType !== type) return false;
    return verifyDigest(
      key,
      transaction.hashForWitnessV0(index, witnessScript, capacity, type),
      decoded.signature,
    );
  } catch {
    return false;
  }
}
