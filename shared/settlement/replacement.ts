import { feeAt, greater, sum } from './fee-rate.ts';

/** A transaction in the mempool, as its fee is counted. */
export interface MempoolFee {
  readonly txid: string;
  /** Satoshis. */
  readonly fee: bigint;
  readonly virtualSize: number;
}

/** A transaction in the mempool that spends what we spend. */
export interface Conflict extends MempoolFee {
  /** Everything that leaves the mempool with it: of a version 3 transaction at most one child (BIP431). */
  readonly descendants: readonly MempoolFee[];
}

/** Satoshis per 1,000 vB that a replacement adds at the least, whatever lower increment a node is set to: other nodes relay too. */
export const LEAST_INCREMENT = 1_000n;

/** Nodes evict no more than this for one replacement (BIP125, rule 5). */
export const MAX_EVICTIONS = 100;

export type Replacement =
  | { readonly kind: 'fee'; readonly fee: bigint }
  /** @property least satoshis that would do */
  | { readonly kind: 'cannot-afford'; readonly least: bigint }
  | { readonly kind: 'too-many'; readonly evicted: number };

export interface ReplacementQuestion {
  readonly conflicts: readonly Conflict[];
  /** Of the replacement, vB. */
  readonly virtualSize: number;
  /** The node's incremental relay fee, satoshis per 1,000 vB. */
  readonly incremental: bigint;
}

/**
 * The fee with which a replacement is accepted (BIP125), `wanted` if that is enough. A child that the buyer hung on its
 * change output is one of the descendants, so paying this out-bids it.
 * @param wanted satoshis
 * @param budget the most that may be paid, satoshis
 */
export function replacement(question: ReplacementQuestion, wanted: bigint, budget: bigint): Replacement {
  const evicted = evictedBy(question.conflicts).length;
  if (evicted > MAX_EVICTIONS) return { kind: 'too-many', evicted };
  const least = leastReplacementFee(question);
  if (least > budget) return { kind: 'cannot-afford', least };
  return { kind: 'fee', fee: greater(least, wanted) };
}

/**
 * Satoshis: all that the evicted ones pay and the relay of the replacement itself (BIP125, rules 3 and 4), at a rate above each
 * direct conflict's own. 0 where there is nothing to replace.
 */
export function leastReplacementFee({ conflicts, virtualSize, incremental }: ReplacementQuestion): bigint {
  if (conflicts.length === 0) return 0n;
  const replaced = sum(evictedBy(conflicts).map(({ fee }) => fee));
  const ofSums = replaced + feeAt(greater(incremental, LEAST_INCREMENT), virtualSize);
  return conflicts.map((conflict) => feeAboveRateOf(conflict, virtualSize)).reduce(greater, ofSums);
}

/** The rate at which miners see a transaction: a child may pay for it. As a fraction, satoshis and vB. */
export function effectiveRate(conflict: Conflict): { readonly fee: bigint; readonly virtualSize: number } {
  const fee = conflict.fee + sum(conflict.descendants.map((descendant) => descendant.fee));
  const virtualSize = conflict.descendants.reduce(
    (size, descendant) => size + descendant.virtualSize,
    conflict.virtualSize,
  );
  const lifts = fee * BigInt(conflict.virtualSize) > conflict.fee * BigInt(virtualSize);
  return lifts ? { fee, virtualSize } : { fee: conflict.fee, virtualSize: conflict.virtualSize };
}

/** Direct conflicts and their descendants, each once: one may descend from several. */
function evictedBy(conflicts: readonly Conflict[]): readonly MempoolFee[] {
  const all = conflicts.flatMap((conflict) => [conflict, ...conflict.descendants]);
  return [...new Map(all.map((evicted) => [evicted.txid, evicted])).values()];
}

function feeAboveRateOf(conflict: MempoolFee, virtualSize: number): bigint {
  return (conflict.fee * BigInt(virtualSize)) / BigInt(conflict.virtualSize) + 1n;
}
