import type { Policy } from '../config.ts';

/** Blocks from the tip to the refund height. */
export interface Lifetimes {
  readonly minimum: number;
  readonly default: number;
  readonly maximum: number;
}

/**
 * The lifetimes that terms may have at a height. After a restore they are longer for a while: a channel that was opened and
 * cancelled since the backup is forgotten, and its buyer still holds the cancel. Its terms could be opened again and sold
 * on, to be voided (rule 22a). No terms from before the restore reach further than `restoredHeight + maximumLifetime`, so
 * only terms beyond that are taken.
 */
export function lifetimesAt(tip: number, policy: Policy): Lifetimes {
  const { minimumLifetime, defaultLifetime, maximumLifetime, restoredHeight } = policy;
  const beyond = restoredHeight > 0 ? restoredHeight + maximumLifetime + 1 - tip : 0;
  return {
    minimum: Math.max(minimumLifetime, beyond),
    default: Math.max(defaultLifetime, beyond),
    maximum: maximumLifetime,
  };
}
