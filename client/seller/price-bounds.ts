import { minimumFirstPrice } from '../../shared/channel/open-channel.ts';
import type { SellerConfig } from '../../shared/config.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';

/** Satoshis for a full chunk. Below, the shop opens no channel for it, as its settlement could not be paid; above, none is large enough. */
export interface PriceBounds {
  readonly least: bigint;
  readonly most: bigint;
}

export function priceBounds({ policy, payoutAddress, network }: SellerConfig): PriceBounds {
  const payoutScript = scriptOfAddress(payoutAddress, network);
  return { least: minimumFirstPrice({ policy, payoutScript }), most: policy.maximumCapacity };
}

/** What is wrong with a price, or undefined. */
export function priceProblem(pricePerChunk: bigint, { least, most }: PriceBounds): string | undefined {
  if (pricePerChunk >= least && pricePerChunk <= most) return undefined;
  return `at ${pricePerChunk} satoshis for a full chunk nobody could buy: by its policy this shop opens channels at ${least} to ${most}`;
}
