import type { ChannelState } from '../http/api.ts';
import type { FeeQuestion } from './fee-curve.ts';
import type { Conflict } from './replacement.ts';

/** A settlement that was signed and stored. Satoshis, vB, and the tip when it was signed. */
export interface Variant {
  readonly txid: string;
  readonly fee: bigint;
  readonly virtualSize: number;
  readonly signedAtHeight: number;
}

/** B's settlements are of version 3; everything that A can broadcast is of version 2. */
export type Spender = 'seller' | 'buyer';

/** A transaction in the mempool that spends a funding of ours. */
export interface UnconfirmedSpend extends Conflict {
  readonly by: Spender;
}

/** All that is known of a channel, or of the channels of one batch, when it is decided what to do next. */
export interface SettlementView extends FeeQuestion {
  readonly state: ChannelState;
  /** Whether the best chain holds the funding; of a batch, every one. */
  readonly fundingConfirmed: boolean;
  readonly variants: readonly Variant[];
  /** Whose transaction in the best chain spends the funding. */
  readonly confirmedSpend?: { readonly txid: string; readonly by: Spender; readonly height: number };
  /** What the record says of the spend, which a reorg may have made untrue. */
  readonly recordedSpend?: { readonly txid: string; readonly height?: number };
  /** Everything in the mempool that spends a funding of ours, each once. */
  readonly unconfirmedSpends: readonly UnconfirmedSpend[];
  /** The node's incremental relay fee, satoshis per 1,000 vB. */
  readonly incremental: bigint;
}

/** Everything the settler can do; each is safe to do twice. */
export type SettlementAction =
  | { readonly kind: 'wait'; readonly reason: WaitReason }
  | { readonly kind: 'broadcast-again'; readonly variant: Variant }
  /** Sign, store, broadcast; fees are satoshis. */
  | { readonly kind: 'sign-new'; readonly fee: bigint }
  | { readonly kind: 'bump'; readonly fee: bigint; readonly conflicts: readonly Conflict[] }
  | { readonly kind: 'outbid-refund'; readonly fee: bigint; readonly conflicts: readonly Conflict[] }
  /** @property least satoshis that it would cost now */
  | { readonly kind: 'uneconomic'; readonly reason: UneconomicReason; readonly least: bigint }
  /** Final: at depth `SETTLED_DEPTH`. */
  | { readonly kind: 'record-settled'; readonly txid: string; readonly height: number }
  | { readonly kind: 'record-expired'; readonly txid: string; readonly height: number }
  /** Seen but not final; without a height a reorg took it away. */
  | { readonly kind: 'record-spend'; readonly txid: string; readonly height?: number }
  /** Rebroadcast the funding, if it is known, and look again. */
  | { readonly kind: 'wait-for-funding' };

export type WaitReason =
  | 'not-closing'
  /** A was never asked to pay: from L on it takes its money back. */
  | 'nothing-sold'
  | 'not-deep-enough'
  /** It is in the mempool and pays what it should, or what it may until the next bump. */
  | 'in-mempool'
  /** What has to be replaced costs more than may be paid, or is too much for one transaction. In the emergency zone: an alarm. */
  | 'cannot-replace';

export type UneconomicReason =
  /** Even all but dust does not pay the floor. */
  | 'share-below-cost'
  /** The floor is above half of the share: wait for lower fees, a batch, or the emergency zone. */
  | 'floor-above-budget'
  /** The buyer's refund pays more than the share is worth. */
  | 'refund-pays-more';
