import { CHUNK_DEFENCES } from './defences/buyer-chunks.ts';
import { PAYMENT_DEFENCES } from './defences/buyer-payments.ts';
import { TERM_DEFENCES } from './defences/buyer-terms.ts';
import type { Defence } from './defences/defence.ts';
import { SELLER_DEFENCES } from './defences/seller.ts';
import { STRANGER_DEFENCES } from './defences/stranger.ts';

/** In the order of docs/threat-model.md; `npm run defences` takes them away one by one. */
export const DEFENCES: readonly Defence[] = [
  ...CHUNK_DEFENCES,
  ...TERM_DEFENCES,
  ...PAYMENT_DEFENCES,
  ...STRANGER_DEFENCES,
  ...SELLER_DEFENCES,
];
