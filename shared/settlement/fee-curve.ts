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
  const fee = greater(greater(curveFee(question, policy), estimated), least);
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

/**
 * Each channel moves along its own line, and a batch by their mean, weighted by what each has in it: with one refund height it
 * is the line of all shares together, and among channels with time a late one raises the fee by what is its own.
 */
function curveFee(question: FeeQuestion, policy: SettlementPolicy): bigint {
  const { tip, stakes, estimate, virtualSize } = question;
  const halves = stakes.map(({ share }) => share / 2n);
  const others = stakes.map(({ share }) => share - share / 2n);
  const half = bounded(sum(halves), question, policy);
  const all = bounded(sum(halves) + sum(others), question, policy);
  const start = lesser(feeAt(estimate, virtualSize), half);
  const untilZone = stakes.map(({ refundHeight }) => tip - (refundHeight - policy.close));
  const inZone = stakes.map(({ refundHeight }) => tip - (refundHeight - policy.emergencyZone));
  return (
    start +
    risen(half - start, halves, untilZone, policy.close - policy.emergencyZone) +
    risen(all - half, others, inZone, policy.emergencyZone - policy.reorgMargin)
  );
}

/**
 * How much of `height` a line has risen when its parts have come `elapsed` of `length` blocks far, each counted by its weight;
 * rounded down. A line without length is a step after its first block.
 */
function risen(
  height: bigint,
  weights: readonly bigint[],
  elapsed: readonly number[],
  length: number,
): bigint {
  const blocks = Math.max(length, 1);
  const done = weights.map((weight, index) => {
    const passed = Math.min(Math.max(elapsed[index] ?? 0, 0), blocks);
    return weight * BigInt(passed);
  });
  const total = sum(weights) * BigInt(blocks);
  return total > 0n ? (height * sum(done)) / total : height;
}

function bounded(amount: bigint, question: FeeQuestion, policy: SettlementPolicy): bigint {
  const { stakes, dust, virtualSize } = question;
  const allButDust = sum(stakes.map(({ share }) => share)) - dust;
  return lesser(lesser(amount, allButDust), feeWithin(policy.maximumFeeRate, virtualSize));
}
