import * as v from 'valibot';
import { chainFrom } from '../../shared/chain/chain-sources.ts';
import { PURCHASE_DATA, type PurchaseData, purchaseDataSchema } from '../../shared/pages/purchase-data.ts';
import { type Buyer, browserPlatform, PATIENT, patientChain, systemClock } from '../buyer/browser/index.ts';

/** Milliseconds between two looks at the chain: public servers count requests; on regtest blocks come by a command. */
const POLL_INTERVAL = 10_000;
const REGTEST_POLL_INTERVAL = 500;

export function readPurchaseData(): PurchaseData {
  const block = document.querySelector(`script[type="${PURCHASE_DATA}"]`);
  return v.parse(purchaseDataSchema, JSON.parse(block?.textContent ?? ''));
}

/** What is missing in this browser, or undefined. */
export function missingAbility(): string | undefined {
  const { storage, locks } = navigator;
  // Pages that did not come over TLS have none of them, but for those of the machine itself.
  if (!window.isSecureContext) return 'this page did not come over a secure connection';
  if (!locks || !storage || !('getDirectory' in storage)) {
    return 'this browser is too old to keep large files and keys safely';
  }
  return undefined;
}

/** Who buys in this page. */
export async function openBuyer(data: PurchaseData, signal: AbortSignal): Promise<Buyer> {
  // Esplora servers allow answers to be kept for seconds; a purchase wants what is now.
  const fetch: typeof globalThis.fetch = (input, init) =>
    globalThis.fetch(input, { cache: 'no-store', ...init });
  const sources = data.chainUrls.map((url) => `esplora+${url}`);
  const platform = await browserPlatform(new URL(data.worker, location.href));
  return {
    ...platform,
    chain: patientChain(
      chainFrom(sources, (event, fields) => console.warn(event, fields), fetch),
      signal,
    ),
    clock: systemClock,
    pollInterval: data.network === 'regtest' ? REGTEST_POLL_INTERVAL : POLL_INTERVAL,
    retry: PATIENT,
    fetch,
    signal,
  };
}
