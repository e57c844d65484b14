/** The package's entry in a browser. */

import { browserPlatform } from '../buyer/browser/browser-platform.ts';
import { type SavedDataset, savedDataset } from '../buyer/browser/saved-dataset.ts';
import { runOn } from './platform.ts';
import type { Dataset } from './shop.ts';

runOn({
  fetch: (input, init) => fetch(input, init),
  open: (home) => browserPlatform(new URL('./segment-worker.js', import.meta.url), home),
});

export type { SavedDataset } from '../buyer/browser/saved-dataset.ts';
export * from './public.ts';

/** The files of a dataset that was bought in this browser. */
export function savedFiles(dataset: Dataset): SavedDataset {
  return savedDataset(dataset.id, dataset);
}
