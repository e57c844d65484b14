import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { ShopAnswer } from '../../shared/http/api.ts';
import type { Buyer, BuyLimits } from './buyer-context.ts';
import { planChannel } from './channel-plan.ts';
import { MAX_BOUND_BLOCKS } from './checks.ts';
import { FUNDING_TARGET_BLOCKS } from './deposit.ts';
import { fundingFee } from './funding.ts';
import type { Run } from './selection.ts';

/** What the channels of a purchase bind and cost besides the price, at the fee rate of now. Money is satoshis. */
export interface ChannelCosts {
  /** Opened one after the other: no more than one is bound at a time. */
  readonly channels: number;
  /** In the largest of them. */
  readonly capacity: bigint;
  /** Of all fundings, each with one input and change. */
  readonly fundingFees: bigint;
  /** Of one refund, only where the shop does not settle. */
  readonly refundFee: bigint;
  /** From this height on what is bound can be taken back, were the channel opened now. */
  readonly refundHeight: number;
  /** From the tip of now to there. */
  readonly blocks: number;
}

export interface CostsWish {
  readonly manifest: Manifest;
  /** What is still to be bought. */
  readonly runs: readonly Run[];
  readonly pricePerChunk: bigint;
  readonly policy: ShopAnswer['policy'];
  readonly limits: BuyLimits;
}

/** A refund or a settlement without change, as `shared/protocol/transactions.ts` makes it, vB. */
const REFUND_VBYTES = 139n;

/** Of any P2WPKH change script: only its kind matters to a capacity. */
const CHANGE_SCRIPT = Uint8Array.from({ length: 22 }, (_, index) => (index === 1 ? 20 : 0));

/**
 * Plans the channels as they would be opened now; undefined where none is needed.
 * @throws BuyerError limit-exceeded, shop-refused where a channel cannot be planned
 */
export async function channelCosts(
  { chain }: Pick<Buyer, 'chain'>,
  wish: CostsWish,
): Promise<ChannelCosts | undefined> {
  const capacities = wish.runs.flatMap((run) => capacitiesOf(wish, run));
  if (capacities.length === 0) return undefined;
  const [rate, { height }] = [await chain.feeRate(FUNDING_TARGET_BLOCKS), await chain.tip()];
  const blocks = Math.min(wish.policy.defaultLifetime, MAX_BOUND_BLOCKS);
  return {
    channels: capacities.length,
    capacity: capacities.reduce((most, capacity) => (capacity > most ? capacity : most)),
    fundingFees: BigInt(capacities.length) * fundingFee(1, true, rate),
    refundFee: (REFUND_VBYTES * rate + 999n) / 1_000n,
    refundHeight: height + blocks,
    blocks,
  };
}

function capacitiesOf({ manifest, pricePerChunk, policy, limits }: CostsWish, run: Run): bigint[] {
  const { maxCapacity } = limits;
  const isLower = maxCapacity !== undefined && maxCapacity < policy.maximumCapacity;
  const capacities: bigint[] = [];
  for (let first = run.first; first < run.end; ) {
    const { count, capacity } = planChannel({
      shape: manifest,
      pricePerChunk,
      first,
      end: run.end,
      changeScript: CHANGE_SCRIPT,
      minimumCapacity: policy.minimumCapacity,
      maximumCapacity: isLower ? maxCapacity : policy.maximumCapacity,
      minimumFirstPrice: policy.minimumFirstPrice,
    });
    capacities.push(capacity);
    first += count;
  }
  return capacities;
}
