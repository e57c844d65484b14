import type { Outpoint } from '../chain/chain.ts';
import type { ChannelState } from '../http/api.ts';
import type { DatasetShape } from '../protocol/price.ts';
import type { Terms } from '../protocol/terms.ts';

/** What the shop keeps of a channel: one item, changed by one conditional write at a time. Heights are blocks. */
export interface Channel {
  /** Hash of the terms, hex. */
  readonly id: string;
  readonly state: ChannelState;
  readonly terms: Terms;
  /** Of the dataset, so that no payment needs a second read. */
  readonly shape: DatasetShape;
  /** A', 33 bytes: derived from the terms, kept because the derivation costs more than a payment's check. */
  readonly channelKey: Uint8Array;
  /** Whether credit can follow from here: it starts at chunk 0, or continues a channel that does. */
  readonly contiguous: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** B's refund signatures, 64 bytes each, by outpoint. */
  readonly refunds: readonly Cosigned[];
  /** The outpoint that A named before it was deep enough. */
  readonly claimed?: Outpoint;
  /** Set once, when the channel opens. */
  readonly funding?: FundingRecord;
  /** The funding left the best chain, and has not come back. */
  readonly voided: boolean;
  /** Chunks paid for, and A's signature of that commitment. */
  readonly paid: number;
  readonly commitment?: Uint8Array;
  /** Chunks that were paid for before the last payment. */
  readonly paidBefore: number;
  /** Chunks up to which a link was given out before, or together with, their payment. */
  readonly delivered: number;
  /** Links given out for the one chunk that is delivered and not paid. */
  readonly unpaidLinks: number;
  /** Every settlement that was signed for it, the last one last. */
  readonly settlements: readonly SettlementRecord[];
  /** Who spends the funding, as last seen. */
  readonly spend?: SpendRecord;
}

export interface Cosigned {
  readonly outpoint: Outpoint;
  readonly signature: Uint8Array;
}

export interface FundingRecord {
  readonly outpoint: Outpoint;
  readonly height: number;
  readonly blockHash: string;
}

/** That a channel is settled by a transaction; the transaction itself is kept once, for all of its channels. */
export interface SettlementRecord {
  readonly txid: string;
  /** The tip when it was signed. */
  readonly signedAtHeight: number;
}

/** A settlement as it was signed, stored before it was sent and kept for good. */
export interface StoredSettlement extends SettlementRecord {
  /** Serialised with witness, hex. */
  readonly raw: string;
  /** Satoshis. */
  readonly fee: bigint;
  /** vB. */
  readonly virtualSize: number;
  /** Ids of the channels that it settles. */
  readonly members: readonly string[];
}

export interface SpendRecord {
  readonly txid: string;
  /** Absent while it is not confirmed. */
  readonly height?: number;
}

/** What must hold of the stored channel for a change to be made; all of what is given. */
export interface Expectation {
  readonly states: readonly ChannelState[];
  readonly paid?: number;
  readonly paidBelow?: number;
  readonly paidAtLeast?: number;
  readonly delivered?: number;
  readonly unpaidLinksBelow?: number;
  /** Nobody named an outpoint yet. */
  readonly unclaimed?: true;
  /** How many entries the lists have: what is appended was decided on just these. */
  readonly refunds?: number;
  readonly settlements?: number;
}

/** What a change sets; what is not given stays. */
export interface ChannelChange {
  readonly state?: ChannelState;
  readonly claimed?: Outpoint;
  readonly funding?: FundingRecord;
  readonly voided?: boolean;
  readonly paid?: number;
  readonly commitment?: Uint8Array;
  readonly delivered?: number;
  readonly unpaidLinks?: number;
  readonly oneMoreUnpaidLink?: true;
  readonly addRefund?: Cosigned;
  readonly addSettlement?: SettlementRecord;
  readonly spend?: SpendRecord;
  /** The height from which the schedule shall look at the channel. */
  readonly dueAt?: number;
  /** Forget the channel at this time, unix seconds; the schedule need not look at it again. */
  readonly archiveAt?: number;
}

/** Where channels are kept. Every method is one request, and durable when it returns. */
export interface ChannelStore {
  /** Strongly consistent. */
  get(id: string): Promise<Channel | undefined>;
  /** Binds a buyer key to a channel for ever. @returns false where it is bound to another one */
  claimBuyerKey(buyerKey: Uint8Array, id: string): Promise<boolean>;
  /**
   * Writes a new PROPOSED channel, unless there is one of its id that is more than a proposal from `expiredBefore`
   * (milliseconds) or earlier that nobody co-signed or funded.
   * @param forgetAt unix seconds at which the item may go if nobody co-signs
   * @returns false where there is one
   */
  propose(channel: Channel, expiredBefore: number, forgetAt: number): Promise<boolean>;
  /** One conditional write. @returns the channel after it, or undefined where the expectation does not hold */
  change(id: string, expectation: Expectation, change: ChannelChange): Promise<Channel | undefined>;
  /** Counts a link for a paid chunk. @returns false where `limit` were given out on that day (days since the epoch) */
  countPaidLink(id: string, chunk: number, day: number, limit: number): Promise<boolean>;
  /** Stores a settlement by its txid; storing it again changes nothing that matters. */
  putSettlement(settlement: StoredSettlement): Promise<void>;
  /** Strongly consistent. */
  getSettlement(txid: string): Promise<StoredSettlement | undefined>;
  /**
   * Leaves word that the schedule ran.
   * @param at milliseconds since the epoch
   * @returns the time of the run before, if there was one
   */
  noteSweep(at: number, height: number): Promise<number | undefined>;
  /** Ids of the channels due at a height or below, the most urgent first, eventually consistent. */
  due(height: number, limit: number): Promise<readonly string[]>;
}
