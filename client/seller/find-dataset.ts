import type { Dataset } from '../../shared/store/dataset-record.ts';
import { SellerError } from './seller-error.ts';

/** Fewer characters of an id would name several before long. */
const ID_PREFIX = /^[0-9a-f]{6,64}$/;
/** Of an id, where people read it. */
export const SHOWN_ID = 12;
/** Datasets that a message lists. */
const MOST_LISTED = 20;

/**
 * Finds the one dataset that a name or the beginning of an id means, on sale or off.
 * @throws SellerError usage where there is none, or more than one
 */
export function findDataset(all: readonly Dataset[], wanted: string): Dataset {
  const byId = (id: string) => ID_PREFIX.test(wanted) && id.startsWith(wanted);
  const found = all.filter(({ name, manifest }) => name === wanted || byId(manifest));
  const [dataset, second] = found;
  if (!dataset) {
    throw new SellerError('usage', `The shop has no dataset ${wanted}.`, `It has: ${listed(all)}.`);
  }
  if (second) {
    const next = `Name one by its id: ${listed(found)}.`;
    throw new SellerError('usage', `The shop has more than one dataset ${wanted}.`, next);
  }
  return dataset;
}

function listed(datasets: readonly Dataset[]): string {
  const shown = datasets
    .slice(0, MOST_LISTED)
    .map(({ name, manifest }) => `${name} (${manifest.slice(0, SHOWN_ID)})`);
  const more = datasets.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'none';
}
