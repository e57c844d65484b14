import { feeAt, feeWithin, greater, lesser, rateOf, sum } from './fee-rate.ts';
import type { SettlementPolicy } from './settlement-policy.ts';

/** What one channel of a settlement has in it. */
export interface Stake {
  /** B's share, satoshis. */
  readonly share: bigint;
  /** L: from this height on A may take the funding back. */
  readonly refundHeight: number;
}

/** What the network asks for now, satoshis per 1,000 vB. */
export interface Market {
  /** To confirm within 6 blocks; inside the emergency zone a caller may ask for the next block. */
  readonly estimate: bigint;
  /** The mempool's minimum, relay floor included. */
  readonly floor: bigint;
}

/** A settlement of one channel or of a batch, whose fee is asked for. */
export interface FeeQuestion extends Market {
  readonly tip: number;
  readonly stakes: readonly Stake[];
  /** vB, as the protocol counts a settlement. */
  readonly virtualSize: number;
  /** The payout's dust limit, satoshis. */
  readonly dust: bigint;
}

export type FeeAnswer =
  | {
      readonly kind: 'fee';
      /** Satoshis. */
      readonly fee: bigint;
      /** Satoshis per 1,000 vB, rounded down. */
      readonly rate: bigint;
      /** The most that may be paid at this height, satoshis. */
      readonly budget: bigint;
    }
  /** Even the floor costs more than may be paid at this height. */
  | { readonly kind: 'uneconomic'; readonly least: bigint; readonly budget: bigint };

/**
 * The fee of a settlement at a height: from the estimate at T_close, linear, to half of B's share where the emergency zone
 * begins, and on to everything but dust at the zone's reorg margin, each bounded by the cap (the end of the line is, as in
 * LND's sweeper, not the line). Never below the floor or, as far as the budget goes, the estimate; with everything else equal
 * it never falls as time runs out.
 */
export function deadlineFee(question: FeeQuestion, policy: SettlementPolicy): FeeAnswer {
  const { virtualSize, estimate, floor } = question;
  const budget = feeBudget(question, policy);
  const least = feeAt(floor, virtualSize);
  if (least > budget) return { kind: 'uneconomic', least, budget };
  const estimated = lesser(feeAt(estimate, virtualSize), budget);
  const fee = greater(greater(curveFee(question, policy, budget), estimated), least);
  return { kind: 'fee', fee, rate: rateOf(fee, virtualSize), budget };
}

/**
 * The most that may be paid at a height, satoshis: half of each share, all of it for a channel in its own emergency zone, so
 * that nobody's deadline spends the others' money; never the last dust, never above the cap. Below 0 where dust is not covered.
 */
export function feeBudget(question: FeeQuestion, policy: SettlementPolicy): bigint {
  const { stakes, tip } = question;
  const budgets = stakes.map(({ share, refundHeight }) =>
    refundHeight - tip <= policy.emergencyZone ? share : share / 2n,
  );
  return bounded(sum(budgets), question, policy);
}

/** The height at which a settlement's most urgent channel enters the emergency zone. */
export function zoneStart(stakes: readonly Stake[], policy: SettlementPolicy): number {
  return firstRefundHeight(stakes) - policy.emergencyZone;
}

/** @throws RangeError for a settlement of nothing */
export function firstRefundHeight(stakes: readonly Stake[]): number {
  if (stakes.length === 0) throw new RangeError('a settlement has at least one channel');
  return stakes.reduce((first, { refundHeight }) => Math.min(first, refundHeight), Number.MAX_SAFE_INTEGER);
}

function curveFee(question: FeeQuestion, policy: SettlementPolicy, budget: bigint): bigint {
  const { tip, stakes, estimate, virtualSize } = question;
  const half = bounded(sum(stakes.map(({ share }) => share / 2n)), question, policy);
  const zone = zoneStart(stakes, policy);
  if (tip > zone) return between(half, budget, tip - zone, policy.emergencyZone - policy.reorgMargin);
  const length = policy.close - policy.emergencyZone;
  return between(lesser(feeAt(estimate, virtualSize), half), half, tip - (zone - length), length);
}

/** The point of a line from `start` to `end` after `elapsed` of `length` blocks, rounded down; a line without length is at its end. */
function between(start: bigint, end: bigint, elapsed: number, length: number): bigint {
  if (elapsed >= length) return end;
  if (elapsed <= 0) return start;
  return start + ((end - start) * BigInt(elapsed)) / BigInt(length);
}

function bounded(amount: bigint, question: FeeQuestion, policy: SettlementPolicy): bigint {
  const { stakes, dust, virtualSize } = question;
  const allButDust = sum(stakes.map(({ share }) => share)) - dust;
  return lesser(lesser(amount, allButDust), feeWithin(policy.maximumFeeRate, virtualSize));
}
