/** How often an unconfirmed settlement is replaced, by the blocks left to the refund height (LDK's three frequencies). */
const RARELY = { whileMoreThan: 15, every: 15 };
const OFTEN = { whileMoreThan: 3, every: 3 };

/** Blocks between two replacements when `blocksLeft` remain to the refund height. */
export function bumpInterval(blocksLeft: number): number {
  if (blocksLeft > RARELY.whileMoreThan) return RARELY.every;
  return blocksLeft > OFTEN.whileMoreThan ? OFTEN.every : 1;
}

/**
 * Whether a settlement signed at one height may be replaced at another. What counts is the time left now, not when it was
 * signed: a settlement signed 16 blocks before L must not wait until the last one.
 */
export function mayBump(signedAtHeight: number, tip: number, refundHeight: number): boolean {
  return tip - signedAtHeight >= bumpInterval(refundHeight - tip);
}

/** The first height at which a settlement signed now may be replaced. */
export function nextBumpHeight(signedAtHeight: number, refundHeight: number): number {
  const rarely = signedAtHeight + RARELY.every;
  if (refundHeight - rarely > RARELY.whileMoreThan) return rarely;
  const often = Math.max(signedAtHeight + OFTEN.every, refundHeight - RARELY.whileMoreThan);
  if (refundHeight - often > OFTEN.whileMoreThan) return often;
  return Math.max(signedAtHeight + 1, refundHeight - OFTEN.whileMoreThan);
}
