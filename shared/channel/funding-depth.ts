import type { Policy } from '../config.ts';

const DEEPEST = 6;
const CAREFUL = 3;

/**
 * Confirmations a funding needs: one for the smallest, six from `sixConfirmationsFrom` on, in proportion between, and three
 * at least above `threeConfirmationsAbove`. What a reorg can take from the seller grows with the capacity.
 */
export function confirmationsRequired(capacity: bigint, policy: Policy): number {
  const inProportion = 1 + Number((capacity * BigInt(DEEPEST - 1)) / (policy.sixConfirmationsFrom || 1n));
  const least = capacity > policy.threeConfirmationsAbove ? CAREFUL : 1;
  return Math.min(DEEPEST, Math.max(least, inProportion));
}
