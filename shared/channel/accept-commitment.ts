import { Problem } from '../errors.ts';
import type { ChunkLink } from '../http/api.ts';
import { commitmentMessage } from '../protocol/commitment.ts';
import { verifyMessage } from '../protocol/signature.ts';
import type { Channel, FundingRecord } from '../store/channel-record.ts';
import { bytesOf, changeOf, deadlines, fundingAt, priceOf, stateMembers } from './channel-facts.ts';
import { chunkLink } from './chunk-link.ts';
import { issueChunk, requireNotRestored } from './issue-chunk.ts';
import type { Shop } from './shop.ts';
import { CHANGED_MEANWHILE, untilDecided } from './until-decided.ts';

export interface Payment {
  /** How many of the channel's chunks it pays for. */
  readonly k: number;
  /** A's signature of commitment k, 64 bytes. */
  readonly signature: Uint8Array;
}

export interface Accepted {
  readonly channel: Channel;
  /** The next chunk, where there is one and it may be had now. */
  readonly next: ChunkLink | null;
}

/**
 * Takes a payment (rules 14 to 18): checks, then one conditional write, then the next link. A commitment that was accepted
 * before is answered again, so that a buyer that got no answer can ask for it.
 * @throws Problem bad-commitment-signature, stale-commitment, commitment-out-of-range, too-late, channel-not-open,
 * chain-unavailable
 */
export async function acceptCommitment(shop: Shop, channel: Channel, payment: Payment): Promise<Accepted> {
  return untilDecided(shop, channel, async (current) => {
    const { k } = payment;
    const { funding } = current;
    if (!funding) throw notOpen(current);
    if (k < current.paid) {
      throw new Problem(
        'stale-commitment',
        `${current.paid} chunks are paid for already`,
        stateMembers(current),
      );
    }
    if (k === current.paid) {
      requireValid(current, funding, payment);
      return { channel: current, next: await linkAgain(shop, current) };
    }
    if (current.state !== 'OPEN') throw notOpen(current);
    requireNotRestored(shop, current);
    requireInRange(shop, current, k);
    const { height } = await shop.tips.recent();
    const { stopChunks, stopPayments } = deadlines(current, shop.policy);
    if (height >= stopPayments) {
      throw new Problem(
        'too-late',
        'no payment is taken this near to the refund height',
        stateMembers(current),
      );
    }
    requireValid(current, funding, payment);

    const nextChunk = chunkAfter(current, k);
    const isUnpaid = nextChunk !== undefined && nextChunk >= k;
    const linked = isUnpaid && height >= stopChunks ? undefined : nextChunk;
    const accepted = await shop.channels.change(
      current.id,
      { states: ['OPEN'], paidBelow: k, paidAtLeast: Math.max(0, k - shop.policy.commitmentLimit) },
      {
        paid: k,
        commitment: payment.signature,
        unpaidLinks: isUnpaid && linked !== undefined ? 1 : 0,
        ...(linked !== undefined && { delivered: linked + 1 }),
        // A complete channel waits for nothing: the schedule settles it with its next run.
        ...(k === current.terms.count && { dueAt: 0 }),
      },
    );
    if (!accepted) return CHANGED_MEANWHILE;
    shop.log('commitment-accepted', {
      channelId: current.id,
      k,
      chunks: k - accepted.paidBefore,
      bytes: bytesOf(accepted, accepted.paidBefore, k),
      satoshis: (priceOf(accepted, k) - priceOf(accepted, accepted.paidBefore)).toString(),
    });
    return { channel: accepted, next: linked === undefined ? null : await chunkLink(shop, accepted, linked) };
  });
}

/** The chunk whose link goes with payment k: the next one on credit, or else the last one that it pays for. */
function chunkAfter({ terms }: Channel, k: number): number | undefined {
  if (terms.credit === 0) return k - 1;
  return k < terms.count ? k : undefined;
}

/** A replay's link is counted like any other that is asked for; where none can be had the replay is still an acceptance. */
async function linkAgain(shop: Shop, channel: Channel): Promise<ChunkLink | null> {
  const chunk = chunkAfter(channel, channel.paid);
  if (chunk === undefined || channel.state !== 'OPEN') return null;
  try {
    return await issueChunk(shop, channel, chunk);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

function requireInRange(shop: Shop, { terms, paid }: Channel, k: number): void {
  if (k > terms.count)
    throw new Problem('commitment-out-of-range', `the channel buys ${terms.count} chunks`, { paid });
  if (k > paid + shop.policy.commitmentLimit) {
    const limit = shop.policy.commitmentLimit;
    throw new Problem('commitment-out-of-range', `at most ${limit} chunks can be paid for at a time`, {
      paid,
    });
  }
}

function requireValid(channel: Channel, funding: FundingRecord, { k, signature }: Payment): void {
  const { changeScript } = channel.terms;
  const message = commitmentMessage(fundingAt(channel, funding.outpoint), changeScript, changeOf(channel, k));
  if (!verifyMessage(channel.channelKey, message, signature)) {
    throw new Problem(
      'bad-commitment-signature',
      `not a strict signature by the channel key of commitment ${k}`,
      {
        paid: channel.paid,
      },
    );
  }
}

function notOpen(channel: Channel): Problem {
  return new Problem('channel-not-open', `the channel is ${channel.state}`, stateMembers(channel));
}
