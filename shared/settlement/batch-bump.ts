import { nextBumpHeight } from './bump-cadence.ts';
import {
  deadlineFee,
  type FeeAnswer,
  type FeeQuestion,
  firstRefundHeight,
  type Stake,
  zoneStart,
} from './fee-curve.ts';
import { type Conflict, replacement } from './replacement.ts';
import type { SettlementPolicy } from './settlement-policy.ts';

/**
 * Whether a settlement signed at this height cannot be replaced again before its most urgent channel's emergency zone has
 * begun.
 */
export function isLastBeforeZone(tip: number, stakes: readonly Stake[], policy: SettlementPolicy): boolean {
  const zone = zoneStart(stakes, policy);
  return tip < zone && nextBumpHeight(tip, firstRefundHeight(stakes)) > zone;
}

/**
 * What a settlement should pay now. A batch's last bump before the emergency zone pays what the zone begins with: inside it a
 * member that wants to leave must pay for the whole batch, so the batch itself has to be at the zone's rate by then.
 */
export function wantedFee(question: FeeQuestion, policy: SettlementPolicy): FeeAnswer {
  const { tip, stakes } = question;
  if (stakes.length === 1 || !isLastBeforeZone(tip, stakes, policy)) return deadlineFee(question, policy);
  return deadlineFee({ ...question, tip: zoneStart(stakes, policy) }, policy);
}

/** The members that leave an unconfirmed batch first, and what their own settlement pays. */
export interface Split<Member> {
  readonly first: readonly Member[];
  /** Satoshis; enough to replace the whole batch. */
  readonly fee: bigint;
}

export interface SplitQuestion<Member extends Stake> extends Omit<FeeQuestion, 'stakes' | 'virtualSize'> {
  readonly members: readonly Member[];
  /** vB of a settlement of some members. */
  readonly sizeOf: (members: readonly Member[]) => number;
  readonly conflicts: readonly Conflict[];
  /** The node's incremental relay fee, satoshis per 1,000 vB. */
  readonly incremental: bigint;
}

/**
 * Whether the members in their emergency zone should leave a batch whose others have time: only if what they want to pay for
 * themselves replaces everything they conflict with. Otherwise (undefined) the batch is bumped as a batch.
 */
export function splitBatch<Member extends Stake>(
  question: SplitQuestion<Member>,
  policy: SettlementPolicy,
): Split<Member> | undefined {
  const { members, tip } = question;
  const first = members.filter(({ refundHeight }) => refundHeight - tip <= policy.emergencyZone);
  if (first.length === 0 || first.length === members.length) return undefined;
  const virtualSize = question.sizeOf(first);
  const wanted = deadlineFee({ ...question, stakes: first, virtualSize }, policy);
  if (wanted.kind === 'uneconomic') return undefined;
  const paid = replacement({ ...question, virtualSize }, wanted.fee, wanted.fee);
  return paid.kind === 'fee' ? { first, fee: paid.fee } : undefined;
}
