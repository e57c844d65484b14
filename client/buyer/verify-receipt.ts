import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import { type Manifest, manifestId, parseManifest, verifyManifest } from '../../shared/dataset/manifest.ts';
import { canonicalBytes } from '../../shared/protocol/canonical-json.ts';
import { commitmentMessage, refundMessage } from '../../shared/protocol/commitment.ts';
import { channelPublicKey } from '../../shared/protocol/keys.ts';
import type { NetworkName } from '../../shared/protocol/network.ts';
import { change, chunkCount, price } from '../../shared/protocol/price.ts';
import { fundingScript, payToWitnessScript } from '../../shared/protocol/script.ts';
import type { Funding } from '../../shared/protocol/sighash.ts';
import { verifyMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, parseTerms, type Terms } from '../../shared/protocol/terms.ts';
import { parseReceipt, type Receipt, type ReceiptChannel, statementMessage } from './receipt.ts';
import { receiptRefused } from './receipt-refused.ts';
import { type VerifiedEnd, verifyEnd } from './verify-end.ts';

/** What a receipt shows, once everything in it was found to hold. Money is satoshis. */
export interface VerifiedReceipt {
  readonly manifest: string;
  readonly name: string;
  readonly shop: string;
  readonly network: NetworkName;
  /** 33 bytes, hex. */
  readonly sellerKey: string;
  readonly bytes: number;
  readonly chunks: number;
  readonly chunksPaid: number;
  readonly paid: bigint;
  readonly channels: readonly VerifiedChannel[];
}

export interface VerifiedChannel {
  readonly channelId: string;
  readonly fundingTxid: string;
  readonly first: number;
  /** How many chunks from there on are paid. */
  readonly k: number;
  readonly paid: bigint;
  readonly end?: VerifiedEnd;
}

/** @throws BuyerError bad-data with the member that does not hold */
export function verifyReceipt(bytes: Uint8Array): {
  readonly verified: VerifiedReceipt;
  readonly manifest: Manifest;
} {
  const receipt = parseReceipt(bytes);
  const manifestText = canonicalBytes(receipt.manifest);
  const id = manifestId(manifestText);
  const manifest = attempt('manifest', () => parseManifest(manifestText));
  const terms = receipt.channels.map((channel, index) =>
    attempt(`channels.${index}.terms`, () => parseTerms(canonicalBytes(channel.terms))),
  );
  const [first] = terms;
  if (!first) throw receiptRefused('channels', 'has none');
  if (!verifyManifest(first.sellerKey, id, hexToBytes(receipt.manifestSignature))) {
    throw receiptRefused('manifestSignature', "is not the seller's of this manifest");
  }
  const channels = terms.map((each, index) => {
    checkSame(first, each, bytesToHex(id), `channels.${index}.terms`);
    return verifyChannel(receipt, each, manifest, index);
  });
  checkChunksOnce(channels);
  return {
    manifest,
    verified: {
      manifest: bytesToHex(id),
      name: manifest.name,
      shop: receipt.shop,
      network: first.network,
      sellerKey: bytesToHex(first.sellerKey),
      bytes: manifest.totalSize,
      chunks: manifest.chunks.length,
      chunksPaid: channels.reduce((sum, { k }) => sum + k, 0),
      paid: channels.reduce((sum, { paid }) => sum + paid, 0n),
      channels,
    },
  };
}

function checkSame(first: Terms, terms: Terms, manifest: string, place: string): void {
  if (terms.manifest !== manifest) throw receiptRefused(place, 'are of another manifest');
  if (bytesToHex(terms.sellerKey) !== bytesToHex(first.sellerKey) || terms.network !== first.network) {
    throw receiptRefused(place, 'are of another seller or network than the first');
  }
}

/** Two channels for one chunk would count its price twice. */
function checkChunksOnce(channels: readonly VerifiedChannel[]): void {
  const sorted = [...channels].sort((one, other) => one.first - other.first);
  sorted.forEach(({ first, channelId }, index) => {
    const before = sorted[index - 1];
    if (before && before.first + before.k > first)
      throw receiptRefused('channels', `pay chunk ${first} twice (${channelId})`);
  });
}

function verifyChannel(receipt: Receipt, terms: Terms, manifest: Manifest, index: number): VerifiedChannel {
  const channel = receipt.channels[index];
  if (!channel) throw new RangeError(`there is no channel ${index}`);
  const place = `channels.${index}`;
  const id = channelIdOf(canonicalBytes(channel.terms));
  const key = attempt(`${place}.terms`, () => channelPublicKey(terms.buyerKey, id));
  const witnessScript = fundingScript(key, terms.sellerKey);
  const funding: Funding = { ...channel.outpoint, capacity: terms.capacity, witnessScript };
  checkFunding(channel, funding, place);
  const refund = refundMessage(funding, terms.refundHeight);
  if (!verifyMessage(terms.sellerKey, refund, hexToBytes(channel.refundSignature))) {
    throw receiptRefused(`${place}.refundSignature`, "is not the seller's for these terms and this funding");
  }
  const { k } = channel.payment;
  checkPayment(channel, terms, manifest, { key, funding, place });
  const end =
    channel.end && verifyEnd(channel.end, { terms, manifest, key, funding, k, place: `${place}.end` });
  if (!verifyMessage(key, statementMessage(receipt, id), hexToBytes(channel.statement))) {
    throw receiptRefused(
      `${place}.statement`,
      "is not the channel key's over this receipt: something was changed",
    );
  }
  return {
    channelId: bytesToHex(id),
    fundingTxid: channel.outpoint.txid,
    first: terms.first,
    k,
    paid: price(terms, manifest, k),
    ...(end && { end }),
  };
}

function checkFunding(
  { funding, outpoint }: ReceiptChannel,
  { capacity, witnessScript }: Funding,
  place: string,
): void {
  if (funding === undefined) return;
  const transaction = attempt(`${place}.funding`, () => Transaction.fromHex(funding));
  if (transaction.getId() !== outpoint.txid)
    throw receiptRefused(`${place}.funding`, "is not the outpoint's transaction");
  const output = transaction.outs[outpoint.vout];
  const script = bytesToHex(payToWitnessScript(witnessScript));
  if (!output || bytesToHex(output.script) !== script || output.value !== capacity) {
    throw receiptRefused(`${place}.funding`, 'does not pay the capacity to the script of these terms');
  }
}

function checkPayment(
  { payment: { k, signature } }: ReceiptChannel,
  terms: Terms,
  manifest: Manifest,
  { key, funding, place }: { readonly key: Uint8Array; readonly funding: Funding; readonly place: string },
): void {
  const rest = change(terms, manifest, Math.min(k, terms.count));
  if (k > terms.count || terms.first + terms.count > chunkCount(manifest) || rest < 0n) {
    throw receiptRefused(`${place}.payment.k`, 'is for more than these terms sell');
  }
  const message = commitmentMessage(funding, terms.changeScript, rest);
  if (!verifyMessage(key, message, hexToBytes(signature))) {
    throw receiptRefused(`${place}.payment.signature`, `is not the channel key's for ${k} chunks`);
  }
}

function attempt<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw receiptRefused(place, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
