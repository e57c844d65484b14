import type { Manifest } from '../dataset/manifest.ts';
import { chunkCount } from '../protocol/price.ts';
import type { Dataset } from '../store/dataset-record.ts';
import { countText, groupedText, satoshisText, sizeText } from './amounts.ts';
import { wholePrice } from './catalogue-page.ts';
import { type Assets, page } from './frame.ts';
import { dataBlock, html, type Markup } from './markup.ts';
import { PURCHASE_DATA, type PurchaseData } from './purchase-data.ts';
import { datasetPath, type Site, samplesPath } from './site.ts';
import { describedBy, structuredData } from './structured-data.ts';

/** A dataset may have half a million files; a page shows as many as a person scrolls through. */
const SHOWN_FILES = 500;
/** As much of a description as a search result shows. */
const SUMMARY_CHARACTERS = 160;

/** A file that anybody may have, to judge the rest by. */
export interface Sample {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** A dataset's page. Off sale it stays for those who bought: they may go on and take money back. */
export function datasetPage(
  site: Site,
  assets: Assets,
  dataset: Dataset,
  manifest: Manifest,
  samples: readonly Sample[],
): string {
  const { name, description, forSaleUntil } = dataset;
  const isForSale = forSaleUntil === undefined;
  const { shopUrl, network, chainUrls } = site;
  const purchase: PurchaseData = {
    ...{ shopUrl, network, chainUrls, isForSale, name },
    manifest: dataset.manifest,
    worker: assets.worker,
  };
  return page(site, assets, {
    title: name,
    summary: describedBy(dataset, manifest.files.length).slice(0, SUMMARY_CHARACTERS),
    path: datasetPath(dataset.manifest),
    isIndexed: isForSale,
    head: html`${isForSale ? dataBlock('application/ld+json', structuredData(site, dataset, manifest)) : undefined}
${dataBlock(PURCHASE_DATA, purchase)}
<script type="module" src="${assets.purchase}"></script>`,
    main: html`<p class="back"><a href="/">All datasets</a></p>
<h1>${name}</h1>
${isForSale ? undefined : html`<p class="notice">It is not for sale any more. If you bought of it, you can still go on here, or take your money back.</p>`}
${description === '' ? undefined : html`<p class="description">${description}</p>`}
${facts(dataset, manifest)}
${sampleList(dataset, samples)}
<section id="purchase" aria-labelledby="buy-heading">
<h2 id="buy-heading">Buy</h2>
<noscript><p>Buying in the browser needs JavaScript. The command line below does not.</p></noscript>
</section>
${commandLine(site, dataset)}
${fileList(manifest)}`,
  });
}

function facts(dataset: Dataset, { files }: Manifest): Markup {
  const { manifest, licence, totalSize, chunkSize, pricePerChunk } = dataset;
  const chunks = chunkCount(dataset);
  return html`<dl class="facts wide">
<div><dt>Size</dt><dd>${sizeText(totalSize)} in ${countText(files.length, 'file')}</dd></div>
<div><dt>Price</dt><dd><strong>${satoshisText(wholePrice(dataset))}</strong></dd></div>
<div><dt>Paid in</dt><dd>${countText(chunks, 'part')} of up to ${sizeText(chunkSize)}, ${satoshisText(pricePerChunk)} for a full one</dd></div>
<div><dt>Licence</dt><dd>${licence === '' ? 'not stated' : licence}</dd></div>
<div><dt>Dataset id</dt><dd><code>${manifest}</code></dd></div>
</dl>`;
}

function sampleList({ manifest }: Dataset, samples: readonly Sample[]): Markup | undefined {
  if (samples.length === 0) return undefined;
  const items = samples.map(
    ({ name, size }) =>
      html`<li><a href="${samplesPath(manifest)}${name}" download>${name}</a> (${sizeText(size)})</li>`,
  );
  return html`<section aria-labelledby="samples-heading">
<h2 id="samples-heading">Look first</h2>
<p>What the seller gives away of it. No part of what is sold; nothing says that the rest is like it.</p>
<ul>${items}</ul>
</section>`;
}

function commandLine({ shopUrl, chainUrls }: Site, { manifest }: Dataset): Markup {
  const chain =
    chainUrls.length === 0 ? '' : ` --chain '${chainUrls.map((url) => `esplora+${url}`).join(' ')}'`;
  return html`<section aria-labelledby="command-heading">
<h2 id="command-heading">Or by the command line</h2>
<p>For large datasets, for servers, and for those who do not want to trust a web page with a key:</p>
<pre tabindex="0" aria-label="Command">npx spillway buy ${shopUrl} ${manifest}${chain}</pre>
</section>`;
}

function fileList({ files }: Manifest): Markup {
  const shown = files.slice(0, SHOWN_FILES);
  const rows = shown.map(
    ({ path, size }) => html`
<tr><td>${path}</td><td class="number">${sizeText(size)}</td></tr>`,
  );
  const rest = files.length - shown.length;
  return html`<section aria-labelledby="files-heading">
<h2 id="files-heading">${groupedText(files.length)} ${files.length === 1 ? 'file' : 'files'}</h2>
<table>
<thead><tr><th scope="col">Path</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${rows}</tbody>
</table>
${rest > 0 ? html`<p>and ${groupedText(rest)} more.</p>` : undefined}
</section>`;
}
