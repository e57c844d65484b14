import type { Channel } from '../store/channel-record.ts';

/** Money of the seller's that is in no block: it was paid, and from the refund height on the buyer may take it back. */
export function isUnsettled({ state, paid, spend }: Channel): boolean {
  const isLive = state === 'OPEN' || state === 'SUSPENDED' || state === 'CLOSING';
  return isLive && paid > 0 && spend?.height === undefined;
}

/**
 * Blocks before the refund height within which a payment in no block is told to somebody: 100 of the 144 that the shop begins
 * to settle with.
 * @param close blocks before the refund height, of the shop's policy
 */
export function deadlineAlarm(close: number): number {
  return Math.floor((close * 100) / 144);
}
