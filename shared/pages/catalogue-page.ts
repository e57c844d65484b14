import { chunkCount, price } from '../protocol/price.ts';
import type { Dataset } from '../store/dataset-record.ts';
import { satoshisText, sizeText } from './amounts.ts';
import { type Assets, page } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { datasetPath, type Site } from './site.ts';

/** What is for sale, by name. */
export function cataloguePage(site: Site, assets: Assets, datasets: readonly Dataset[]): string {
  const listed = forSale(datasets);
  return page(site, assets, {
    title: 'Datasets for sale',
    summary: 'Datasets sold by the gigabyte for bitcoin. Each part is checked before it is paid for.',
    path: '/',
    isIndexed: true,
    main: html`<h1>Datasets for sale</h1>
<p class="lead">You pay for each part after it arrived and was checked, and take back what you did not spend.</p>
${listed.length === 0 ? html`<p>Nothing is for sale at the moment.</p>` : html`<ul class="cards">${listed.map(card)}</ul>`}`,
  });
}

export function forSale(datasets: readonly Dataset[]): readonly Dataset[] {
  return datasets
    .filter(({ forSaleUntil }) => forSaleUntil === undefined)
    .sort((one, other) => one.name.localeCompare(other.name, 'en'));
}

/** Satoshis for all of a dataset. */
export function wholePrice(dataset: Dataset): bigint {
  const count = chunkCount(dataset);
  return price({ first: 0, count, pricePerChunk: dataset.pricePerChunk }, dataset, count);
}

function card(dataset: Dataset): Markup {
  const { manifest, name, description, licence, totalSize } = dataset;
  return html`
<li class="card">
<h2><a href="${datasetPath(manifest)}">${name}</a></h2>
${description === '' ? undefined : html`<p class="description">${description}</p>`}
<dl class="facts">
<div><dt>Size</dt><dd>${sizeText(totalSize)}</dd></div>
<div><dt>Price</dt><dd>${satoshisText(wholePrice(dataset))}</dd></div>
<div><dt>Licence</dt><dd>${licence === '' ? 'not stated' : licence}</dd></div>
</dl>
</li>`;
}
