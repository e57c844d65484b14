import { bytesToHex } from '@noble/hashes/utils.js';
import type { Outpoint } from '../chain/chain.ts';
import type { Policy } from '../config.ts';
import type { Problem } from '../errors.ts';
import type { ChannelAnswer } from '../http/api.ts';
import { change, chunkSizeAt, price } from '../protocol/price.ts';
import { fundingScript } from '../protocol/script.ts';
import type { Funding } from '../protocol/sighash.ts';
import { termsToJson } from '../protocol/terms.ts';
import type { Channel } from '../store/channel-record.ts';

/** What follows from a channel's terms and the shop's policy. Heights are blocks, money is satoshis. */
export interface Deadlines {
  /** From here on no unpaid chunk is given out. */
  readonly stopChunks: number;
  /** From here on no payment is taken. */
  readonly stopPayments: number;
  /** From here on the shop settles. */
  readonly close: number;
}

export function deadlines({ terms }: Pick<Channel, 'terms'>, policy: Policy): Deadlines {
  return {
    stopChunks: terms.refundHeight - policy.stopChunks,
    stopPayments: terms.refundHeight - policy.stopPayments,
    close: terms.refundHeight - policy.close,
  };
}

/** Blocks a record is kept after its refund height, so that nothing signed for it can be used against a forgotten channel. */
export const BLOCKS_KEPT_AFTER_REFUND = 144;

export function witnessScript({ terms, channelKey }: Pick<Channel, 'terms' | 'channelKey'>): Uint8Array {
  return fundingScript(channelKey, terms.sellerKey);
}

/** The channel's funding at an outpoint, as digests see it. */
export function fundingAt(channel: Pick<Channel, 'terms' | 'channelKey'>, outpoint: Outpoint): Funding {
  return { ...outpoint, capacity: channel.terms.capacity, witnessScript: witnessScript(channel) };
}

/** B's share after `paid` chunks. */
export function priceOf({ terms, shape }: Pick<Channel, 'terms' | 'shape'>, paid: number): bigint {
  return price(terms, shape, paid);
}

/** A's change after `paid` chunks. */
export function changeOf({ terms, shape }: Pick<Channel, 'terms' | 'shape'>, paid: number): bigint {
  return change(terms, shape, paid);
}

/** Bytes of the channel's chunks from one number up to another, not including it. */
export function bytesOf(
  { terms, shape }: Pick<Channel, 'terms' | 'shape'>,
  from: number,
  to: number,
): number {
  let bytes = 0;
  for (let chunk = from; chunk < to; chunk++) bytes += chunkSizeAt(shape, terms.first + chunk);
  return bytes;
}

/** Opened before the table was restored: what was signed or paid on it since the backup may be lost (rule 22b). */
export function isRestored({ createdAt }: Pick<Channel, 'createdAt'>, policy: Policy): boolean {
  return createdAt < policy.restoredAt;
}

export function sameOutpoint(left: Outpoint, right: Outpoint): boolean {
  return left.txid === right.txid && left.vout === right.vout;
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return bytesToHex(left) === bytesToHex(right);
}

/** The channel as the API answers it. */
export function channelAnswer(channel: Channel, policy: Policy): ChannelAnswer {
  const { stopChunks, stopPayments, close } = deadlines(channel, policy);
  return {
    channelId: channel.id,
    state: channel.state,
    terms: { ...termsToJson(channel.terms) },
    paid: channel.paid,
    delivered: channel.delivered,
    paidSatoshis: priceOf(channel, channel.paid),
    stopChunksHeight: stopChunks,
    stopPaymentsHeight: stopPayments,
    closeHeight: close,
    ...(channel.funding && { funding: channel.funding }),
    ...(channel.spend && { spend: channel.spend }),
  };
}

/** The members by which a refusal tells a buyer where its channel stands. */
export function stateMembers(channel: Channel): Problem['members'] {
  return { state: channel.state, paid: channel.paid, delivered: channel.delivered };
}
