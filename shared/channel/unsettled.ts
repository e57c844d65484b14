import type { Channel } from '../store/channel-record.ts';

/** Money of the seller's that is in no block: it was paid, and from the refund height on the buyer may take it back. */
export function isUnsettled({ state, paid, spend }: Channel): boolean {
  const isLive = state === 'OPEN' || state === 'SUSPENDED' || state === 'CLOSING';
  return isLive && paid > 0 && spend?.height === undefined;
}

/**
 * Blocks to the refund height under which a payment that is in no block is an alarm: 100 of the 144 that the shop begins
 * with. By then the settlement was sent and raised twice, where ordinarily one in a hundred takes more than 16 blocks; and it
 * is half a day before the emergency zone, the last 24.
 * @param close of the shop's policy
 */
export function deadlineAlarm(close: number): number {
  return Math.floor((close * 100) / 144);
}
