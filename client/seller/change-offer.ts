import type { Dataset, SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import { findDataset } from './find-dataset.ts';
import { type PriceBounds, priceProblem } from './price-bounds.ts';
import { SellerError } from './seller-error.ts';

/** A change of a dataset's offer, or that there was none to make. Times are ISO 8601, money is satoshis. */
export interface Offer {
  readonly outcome: 'off-sale' | 'off-sale-already' | 'price-changed' | 'price-unchanged';
  readonly manifest: string;
  readonly name: string;
  readonly pricePerChunk: bigint;
  /** The price before, and until when it opens channels. */
  readonly previousPrice?: { readonly pricePerChunk: bigint; readonly until: string };
  /** Until when a dataset that is off sale opens channels. */
  readonly forSaleUntil?: string;
}

/**
 * Takes a dataset off sale. Its objects stay, and so does what was sold of it: open channels go on to their end.
 * @param wanted its name, or the beginning of its id
 * @throws SellerError usage where that is not one dataset
 */
export async function unpublish(datasets: SellerDatasetStore, wanted: string): Promise<Offer> {
  const { manifest } = findDataset(await datasets.list(), wanted);
  const change = (await datasets.takeOffSale(manifest)) ?? gone(manifest);
  return offerOf(change.before.forSaleUntil === undefined ? 'off-sale' : 'off-sale-already', change.now);
}

/**
 * Changes what a full chunk of a dataset costs; the old price opens channels for an hour more.
 * @param wanted its name, or the beginning of its id
 * @throws SellerError usage where that is not one dataset, it is off sale, or the shop could not sell at that price
 */
export async function changePrice(
  datasets: SellerDatasetStore,
  wanted: string,
  pricePerChunk: bigint,
  prices: PriceBounds,
): Promise<Offer> {
  const problem = priceProblem(pricePerChunk, prices);
  if (problem) throw new SellerError('usage', problem, 'Choose another price, or change the policy first.');
  const { manifest } = findDataset(await datasets.list(), wanted);
  const { before, now } = (await datasets.setPrice(manifest, pricePerChunk)) ?? gone(manifest);
  if (now.forSaleUntil !== undefined) {
    const next = 'Publish the same files again at the new price: nothing is uploaded twice.';
    throw new SellerError('usage', `${now.name} is off sale, so it has no price.`, next);
  }
  return offerOf(before === now ? 'price-unchanged' : 'price-changed', now);
}

function offerOf(outcome: Offer['outcome'], dataset: Dataset): Offer {
  const { manifest, name, pricePerChunk, previousPrice, forSaleUntil } = dataset;
  return {
    outcome,
    manifest,
    name,
    pricePerChunk,
    ...(previousPrice && {
      previousPrice: { pricePerChunk: previousPrice.pricePerChunk, until: isoTime(previousPrice.until) },
    }),
    ...(forSaleUntil !== undefined && { forSaleUntil: isoTime(forSaleUntil) }),
  };
}

function gone(manifest: string): never {
  throw new Error(`dataset ${manifest} is gone`);
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
