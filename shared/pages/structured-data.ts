import type { Manifest } from '../dataset/manifest.ts';
import type { Dataset } from '../store/dataset-record.ts';
import { bitcoinText, countText, sizeText } from './amounts.ts';
import { wholePrice } from './catalogue-page.ts';
import { datasetPath, type Site } from './site.ts';

/** Google's dataset search wants no shorter descriptions (developers.google.com/search/docs/appearance/structured-data/dataset). */
const SHORTEST_DESCRIPTION = 50;
const LONGEST_DESCRIPTION = 5_000;

/** A dataset as search engines read it: a schema.org Dataset with its offer. */
export function structuredData(site: Site, dataset: Dataset, { files }: Pick<Manifest, 'files'>): object {
  const { manifest, name, licence, totalSize } = dataset;
  const url = `${site.url}${datasetPath(manifest)}`;
  return {
    '@context': 'https://schema.org/',
    '@type': 'Dataset',
    name,
    description: describedBy(dataset, files.length),
    url,
    identifier: `sha256:${manifest}`,
    ...(licence !== '' && { license: licenceOf(licence) }),
    isAccessibleForFree: false,
    size: sizeText(totalSize),
    includedInDataCatalog: { '@type': 'DataCatalog', name: new URL(site.url).host, url: `${site.url}/` },
    offers: {
      '@type': 'Offer',
      url,
      price: bitcoinText(wholePrice(dataset)),
      // A ticker symbol, as schema.org's priceCurrency asks for where there is no ISO code.
      priceCurrency: 'BTC',
      availability: 'https://schema.org/InStock',
    },
  };
}

/** In one line, for search results. */
export function describedBy({ name, description, totalSize }: Dataset, fileCount: number): string {
  const facts = `${name}: ${countText(fileCount, 'file')}, ${sizeText(totalSize)}, sold by the chunk for bitcoin.`;
  if (description.length >= SHORTEST_DESCRIPTION) return description.slice(0, LONGEST_DESCRIPTION);
  return description === '' ? facts : `${description} ${facts}`;
}

function licenceOf(licence: string): unknown {
  return /^https:\/\/\S+$/.test(licence) ? licence : { '@type': 'CreativeWork', name: licence };
}
