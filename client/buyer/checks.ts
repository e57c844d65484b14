import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Outpoint, UnspentOutput } from '../../shared/chain/chain.ts';
import {
  type Manifest,
  ManifestInvalid,
  manifestId,
  parseManifest,
  verifyManifest,
} from '../../shared/dataset/manifest.ts';
import type { JsonValue } from '../../shared/errors.ts';
import type { ChannelAnswer, ChunkLink, DatasetAnswer, RefundAnswer } from '../../shared/http/api.ts';
import { canonicalBytes } from '../../shared/protocol/canonical-json.ts';
import { cancelMessage, refundMessage } from '../../shared/protocol/commitment.ts';
import { verifyMessage } from '../../shared/protocol/signature.ts';
import { type ChannelSecrets, fundingOf } from './channel-secrets.ts';
import { BuyerError, type Evidence } from './errors.ts';

/** What the buyer checks (docs/protocol.md, section 6), one function a rule. Heights are blocks, money is satoshis. */

/** Blocks that the shop's tip may differ from the buyer's own. */
export const MAX_TIP_DIFFERENCE = 3;
/** Blocks the buyer lets its money be bound at most, whatever a shop asks for: two weeks. */
export const MAX_BOUND_BLOCKS = 2_016;

/**
 * The manifest is the one that was asked for, signed by the seller, and whole in itself: segment counts, paths, roots.
 * @param signature 64 bytes, hex
 */
export function checkManifest(
  bytes: Uint8Array,
  id: string,
  sellerKey: Uint8Array,
  signature: string,
): Manifest {
  const found = bytesToHex(manifestId(bytes));
  if (found !== id) throw dishonest('The manifest is not the one asked for.', { expected: id, found });
  if (!verifyManifest(sellerKey, hexToBytes(id), hexToBytes(signature))) {
    throw dishonest('The manifest is not signed by the seller.', { manifest: id, signature });
  }
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (error instanceof ManifestInvalid)
      throw dishonest(`The manifest is not valid: ${error.message}.`, { manifest: id });
    throw error;
  }
}

/** The offer speaks of what the manifest describes: price and channel are computed from these numbers. */
export function checkOffer(offer: DatasetAnswer, manifest: Manifest): void {
  const same =
    offer.totalSize === manifest.totalSize &&
    offer.chunkSize === manifest.chunkSize &&
    offer.chunks === manifest.chunks.length;
  if (!same) throw dishonest('The offer does not fit its manifest.', { manifest: offer.manifest });
}

/** A shop that sees another chain could bind the money longer than agreed, or sell on blocks that do not exist. */
export function checkTips(own: number, shops: number): void {
  if (Math.abs(own - shops) > MAX_TIP_DIFFERENCE) {
    throw dishonest('The shop sees another height of the chain than your own source.', { own, shops });
  }
}

/** The shop must not choose how long the money is bound; checked when terms are made and again just before the funding is sent. */
export function checkRefundHeight(refundHeight: number, ownTip: number, cap = MAX_BOUND_BLOCKS): void {
  if (refundHeight - ownTip > cap) {
    throw new BuyerError(
      'limit-exceeded',
      `The refund would be ${refundHeight - ownTip} blocks away, more than ${cap}.`,
    );
  }
}

/** Sent with less life than this the channel would never open, and the money would lie until the refund height. */
export function checkLifeLeft(refundHeight: number, ownTip: number, least: number): void {
  if (refundHeight - ownTip < least) {
    throw new BuyerError(
      'channel-expired',
      `Only ${refundHeight - ownTip} blocks are left, ${least} are needed.`,
    );
  }
}

export function checkPrice(total: bigint, limit: bigint | undefined): void {
  if (limit !== undefined && total > limit) {
    throw new BuyerError('limit-exceeded', `The price is ${total} sat, over your limit of ${limit} sat.`, {
      next: 'Raise --max-price if that is what you want to pay.',
    });
  }
}

export function checkCapacity(capacity: bigint, limit: bigint | undefined): void {
  if (limit !== undefined && capacity > limit) {
    throw new BuyerError(
      'limit-exceeded',
      `The channel would hold ${capacity} sat, over your limit of ${limit} sat.`,
      {
        next: 'Raise --max-capacity if that is what you want to bind.',
      },
    );
  }
}

/** The shop speaks of the terms that were sent, to the byte. */
export function checkTermsReturned(channelId: string, termsText: string, answer: ChannelAnswer): void {
  const returned = canonicalBytes(answer.terms as JsonValue);
  if (answer.channelId !== channelId || bytesToHex(returned) !== bytesToHex(utf8ToBytes(termsText))) {
    throw dishonest('The shop answered with other terms than were sent.', {
      channelId,
      returned: answer.channelId,
    });
  }
}

/** B's refund signature: strict, and over the digest that the buyer builds itself. */
export function checkRefundSignature(
  channel: ChannelSecrets,
  outpoint: Outpoint,
  answer: RefundAnswer,
): void {
  const message = refundMessage(fundingOf(channel, outpoint), channel.terms.refundHeight);
  const same = answer.outpoint.txid === outpoint.txid && answer.outpoint.vout === outpoint.vout;
  if (!same || !verifyMessage(channel.terms.sellerKey, message, hexToBytes(answer.signature))) {
    throw dishonest("The seller's refund signature is not valid.", {
      signature: answer.signature,
      ...outpoint,
    });
  }
}

/** @param signature 64 bytes, hex */
export function checkCancelSignature(channel: ChannelSecrets, outpoint: Outpoint, signature: string): void {
  const message = cancelMessage(fundingOf(channel, outpoint));
  if (!verifyMessage(channel.terms.sellerKey, message, hexToBytes(signature))) {
    throw dishonest("The seller's cancel signature is not valid.", { signature, ...outpoint });
  }
}

/** True once the buyer's own source has the funding in a block, as it was built. */
export function isFundingConfirmed(channel: ChannelSecrets, output: UnspentOutput | undefined): boolean {
  return (
    output?.confirmation !== undefined &&
    output.value === channel.terms.capacity &&
    bytesToHex(output.script) === bytesToHex(channel.script)
  );
}

export interface CommitmentRequest {
  readonly k: number;
  /** Chunks from the channel's start that are on the disk and checked. */
  readonly verified: number;
  /** Chunks the buyer pays before it has them. */
  readonly ahead: number;
  readonly count: number;
  /** The outpoint to sign for, and the one the buyer saw confirmed itself. */
  readonly outpoint: Outpoint;
  readonly confirmed: Outpoint | undefined;
}

/** A failure here is a mistake of this program, never the shop's: the last gate before a signature that pays. */
export function checkCommitment({ k, verified, ahead, count, outpoint, confirmed }: CommitmentRequest): void {
  if (!confirmed || confirmed.txid !== outpoint.txid || confirmed.vout !== outpoint.vout) {
    throw new Error('commitments are signed for a funding seen confirmed, and for no other');
  }
  if (!Number.isInteger(k) || k < 1 || k > count || k > verified + ahead) {
    throw new Error(`commitment ${k} of ${count} pays for more than ${verified} verified and ${ahead} ahead`);
  }
}

export interface LinkExpected {
  /** Counted within the channel. */
  readonly chunk: number;
  /** Bytes. */
  readonly size: number;
  readonly host: string;
}

/** Data comes from where the manifest came from, in the size it has there. */
export function checkLink(link: ChunkLink, expected: LinkExpected): void {
  const fault = linkFault(link, expected);
  if (fault) throw fault;
}

/** What is wrong with a link, if anything is. */
export function linkFault(link: ChunkLink, expected: LinkExpected): BuyerError | undefined {
  const { host, protocol } = new URL(link.url);
  if (!/^https?:$/.test(protocol) || host !== expected.host) {
    return dishonest('The link leads to another host than the manifest came from.', {
      expected: expected.host,
      host,
    });
  }
  if (link.chunk !== expected.chunk || link.size !== expected.size) {
    return dishonest('The link is not to the chunk that is due.', {
      expectedChunk: expected.chunk,
      expectedSize: expected.size,
      chunk: link.chunk,
      size: link.size,
    });
  }
  return undefined;
}

/** A shop cannot have been paid more than was signed: what it says is not to be relied on then. */
export function checkPaidClaim(claimed: number, signed: number): void {
  if (claimed > signed) {
    throw dishonest('The shop claims more payments than were ever signed.', { claimed, signed });
  }
}

/** A shop that takes a payment and counts it as none would have it sent again for ever. */
export function checkPaymentTaken(claimed: number, k: number): void {
  if (claimed < k) {
    throw dishonest('The shop took a payment and says that it was paid less.', { claimed, k });
  }
}

function dishonest(message: string, evidence: Evidence): BuyerError {
  return new BuyerError('shop-dishonest', message, {
    next: 'Do not go on with this shop. Money that is bound returns with `spillway refund` at the refund height.',
    evidence,
  });
}
