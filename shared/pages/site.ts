import * as v from 'valibot';
import { MAX_URL_CHARACTERS } from '../limits.ts';
import { NETWORK_NAMES, type NetworkName } from '../protocol/network.ts';

/** A shop's storefront: where its pages lie, and whom they speak to. */

const address = v.pipe(
  v.string(),
  v.maxLength(MAX_URL_CHARACTERS),
  v.regex(/^https?:\/\/[^\s/]+(\/\S*[^\s/])?$/),
);

const siteSchema = v.strictObject({
  /** The bucket that holds the pages. */
  bucket: v.pipe(v.string(), v.regex(/^[a-z0-9.-]{3,63}$/)),
  /** Where they are read, without a slash at the end; so are the others. */
  url: address,
  shopUrl: address,
  /** Where the datasets' objects are fetched. */
  dataUrl: address,
  network: v.picklist(NETWORK_NAMES),
  /** Esplora servers by which a buyer in the browser sees the chain; several must agree. */
  chainUrls: v.pipe(v.array(address), v.maxLength(4)),
});
export type Site = v.InferOutput<typeof siteSchema>;

/** @throws Error where the text is not the JSON of a site */
export function parseSite(text: string): Site {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), siteSchema), text);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`the storefront's settings: ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
}

/** Public servers, run by two parties where there are two, so that the seller chooses neither what a buyer's page sees. */
export const PUBLIC_CHAIN_URLS: Readonly<Record<NetworkName, readonly string[]>> = {
  mainnet: ['https://mempool.space/api', 'https://blockstream.info/api'],
  signet: ['https://mempool.space/signet/api', 'https://blockstream.info/signet/api'],
  testnet4: ['https://mempool.space/testnet4/api'],
  regtest: [],
};

/** Where a dataset's page is, on the site. @param manifest its id, hex */
export function datasetPath(manifest: string): string {
  return `/datasets/${manifest}`;
}

/** Where what a seller gives away of a dataset lies, with a slash at the end. */
export function samplesPath(manifest: string): string {
  return `/samples/${manifest}/`;
}

/** Names that need no encoding in an address, and mean nothing in a page. */
export const SAMPLE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
