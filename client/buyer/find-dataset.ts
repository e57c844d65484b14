import { MAX_MANIFEST_BYTES } from '../../shared/limits.ts';
import { exchangeBounded } from './bounded-body.ts';
import type { Buyer } from './buyer-context.ts';
import { BuyerError } from './errors.ts';
import { retry } from './retry.ts';
import type { ShopClient } from './shop-client.ts';

/**
 * @param wanted an id or a name
 * @throws BuyerError usage where the shop has none of that name, or several
 */
export async function findDataset(
  shop: ShopClient,
  wanted: string,
): Promise<{ readonly manifestId: string; readonly name: string }> {
  if (/^[0-9a-f]{64}$/.test(wanted)) return { manifestId: wanted, name: wanted };
  const { datasets } = await shop.datasets();
  const [match, second] = datasets.filter(({ name }) => name === wanted);
  if (match && !second) return { manifestId: match.manifest, name: match.name };
  throw new BuyerError(
    'usage',
    match
      ? `The shop has more than one dataset named ${wanted}.`
      : `The shop has no dataset named ${wanted}.`,
    {
      next: `Name it by its id. The shop sells: ${datasets.map(({ name }) => name).join(', ') || 'nothing'}.`,
    },
  );
}

/** A manifest's bytes, unchecked. @throws BuyerError shop-unreachable, shop-dishonest */
export function fetchManifest(
  { fetch, retry: options, signal }: Pick<Buyer, 'fetch' | 'retry' | 'signal'>,
  url: string,
): Promise<Uint8Array> {
  const once = async () => {
    const { status, bytes } = await exchangeBounded({
      fetch,
      who: 'The object store',
      url,
      timeout: 120_000,
      signal,
      limit: MAX_MANIFEST_BYTES,
    });
    if (status >= 200 && status < 300) return bytes;
    throw new BuyerError('shop-unreachable', `The manifest is not served: status ${status}.`);
  };
  return retry(once, options, signal);
}
