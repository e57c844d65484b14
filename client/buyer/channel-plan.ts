import { type DatasetShape, dustGridHolds, price } from '../../shared/protocol/price.ts';
import { DUST_LIMIT } from '../../shared/protocol/script.ts';
import { BuyerError } from './errors.ts';

/** What a channel is planned from. Money is satoshis. */
export interface ChannelWish {
  readonly shape: DatasetShape;
  readonly pricePerChunk: bigint;
  /** The chunks to buy: from `first` up to but without `end`. */
  readonly first: number;
  readonly end: number;
  /** P2WPKH. */
  readonly changeScript: Uint8Array;
  readonly minimumCapacity: bigint;
  /** The lower of the shop's and the buyer's limits. */
  readonly maximumCapacity: bigint;
  /** What the shop takes for a channel's first chunk at least. */
  readonly minimumFirstPrice: bigint;
}

export interface ChannelPlan {
  readonly first: number;
  readonly count: number;
  readonly capacity: bigint;
}

/**
 * The channel that buys as many of the remaining chunks as its capacity may hold.
 * @throws BuyerError limit-exceeded where not even one chunk fits, shop-refused where the price is under the shop's minimum
 */
export function planChannel(wish: ChannelWish): ChannelPlan {
  const { shape, pricePerChunk, first, end, maximumCapacity, minimumFirstPrice } = wish;
  const remaining = end - first;
  if (price({ first, count: remaining, pricePerChunk }, shape, 1) < minimumFirstPrice) {
    throw new BuyerError(
      'shop-refused',
      `Chunk ${first} costs less than the ${minimumFirstPrice} sat the shop takes at least.`,
      {
        next: 'Ask the seller: the price is too low for its own minimum.',
      },
    );
  }
  let count = mostChunks(wish, remaining);
  if (count === 0) {
    throw new BuyerError(
      'limit-exceeded',
      `A channel for one chunk holds more than ${maximumCapacity} sat.`,
      {
        next: 'Raise --max-capacity, or ask the seller for smaller chunks.',
      },
    );
  }
  // A last, shorter chunk must not be left for a channel of its own if the shop would refuse that as too cheap.
  const tail = price({ first: first + count, count: 1, pricePerChunk }, shape, 1);
  if (count === remaining - 1 && count > 1 && tail < minimumFirstPrice) count -= 1;
  return { first, count, capacity: capacityFor(wish, count) };
}

/** Binary search: capacity grows with the count. */
function mostChunks(wish: ChannelWish, remaining: number): number {
  let low = 0;
  let high = remaining;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (capacityFor(wish, middle) <= wish.maximumCapacity) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The price of all chunks and nothing more where every commitment can be relayed then; else so much more that the last
 * change is just no dust.
 */
export function capacityFor(wish: ChannelWish, count: number): bigint {
  const { shape, pricePerChunk, first, changeScript, minimumCapacity } = wish;
  const terms = { first, count, pricePerChunk };
  const exact = price(terms, shape, count);
  const holds = (capacity: bigint) =>
    capacity >= minimumCapacity && dustGridHolds({ ...terms, capacity, changeScript }, shape);
  if (holds(exact)) return exact;
  const withChange = exact + DUST_LIMIT.P2WPKH;
  return withChange >= minimumCapacity ? withChange : minimumCapacity;
}
