import type { MempoolEntry, ReplacementRate } from '../../shared/chain/chain.ts';
import { MAX_FEE_RATE } from '../../shared/limits.ts';
import { feeAt, greater, rateOf } from '../../shared/settlement/fee-rate.ts';
import { leastReplacementFee } from '../../shared/settlement/replacement.ts';

/** A refund that waits in the mempool, and what the network asks for now. Rates are satoshis per 1,000 vB. */
export interface WaitingRefund {
  readonly entry: MempoolEntry;
  /** To confirm within the blocks that a refund should take. */
  readonly estimate: bigint;
  readonly relay: ReplacementRate;
  /** Blocks since it was sent as it is. */
  readonly blocksWaited: number;
  /** Satoshis that the refund brings back, fee included. */
  readonly capacity: bigint;
}

/** Blocks without it after which the estimate is no longer believed, and a quarter more is paid than before. */
const PATIENCE = 6;

/**
 * At which rate a refund is sent anew in place of the one that waits (BIP125); undefined where that is left as it is: it pays
 * what is asked, or replacing it would cost more than half of what comes back.
 */
export function bumpRate({
  entry,
  estimate,
  relay,
  blocksWaited,
  capacity,
}: WaitingRefund): bigint | undefined {
  const { fee, virtualSize, descendantFees, descendantVirtualSize } = entry;
  const paid = rateOf(fee, virtualSize);
  const more = blocksWaited >= PATIENCE ? (paid * 5n) / 4n + 1n : 0n;
  const wanted = greater(greater(estimate, relay.floor), more);
  if (wanted <= paid) return undefined;
  const child = { fee: descendantFees - fee, virtualSize: descendantVirtualSize - virtualSize };
  const descendants = child.virtualSize > 0 ? [{ txid: 'descendants', ...child }] : [];
  // Signatures differ by a byte, so the new one may be a vB larger.
  const size = virtualSize + 1;
  const conflicts = [{ txid: 'refund', fee, virtualSize, descendants }];
  const least = leastReplacementFee({ conflicts, virtualSize: size, incremental: relay.incremental });
  const rate = greater(wanted, (least * 1_000n + BigInt(virtualSize) - 1n) / BigInt(virtualSize));
  const isTooDear = rate > MAX_FEE_RATE || feeAt(rate, size) > capacity / 2n;
  return isTooDear ? undefined : rate;
}
