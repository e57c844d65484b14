import * as v from 'valibot';
import { NETWORK_NAMES } from '../protocol/network.ts';

/** What the script that buys reads in a dataset's page. */
export const PURCHASE_DATA = 'application/spillway+json';

export const purchaseDataSchema = v.strictObject({
  shopUrl: v.string(),
  network: v.picklist(NETWORK_NAMES),
  chainUrls: v.array(v.string()),
  manifest: v.string(),
  name: v.string(),
  isForSale: v.boolean(),
  /** Where the worker lies that moves and checks the data. */
  worker: v.string(),
});
export type PurchaseData = v.InferOutput<typeof purchaseDataSchema>;
