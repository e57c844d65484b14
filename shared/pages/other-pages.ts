import type { Dataset } from '../store/dataset-record.ts';
import { forSale } from './catalogue-page.ts';
import { type Assets, page } from './frame.ts';
import { escapeText, html } from './markup.ts';
import { datasetPath, type Site } from './site.ts';

export function notFoundPage(site: Site, assets: Assets): string {
  return page(site, assets, {
    title: 'No such page',
    summary: 'There is no such page here.',
    path: '/not-found',
    isIndexed: false,
    main: html`<h1>No such page</h1>
<p>There is nothing at this address. <a href="/">See what is for sale.</a></p>`,
  });
}

/** For search engines (sitemaps.org/protocol.html); the most that one may hold. */
const MOST_ADDRESSES = 50_000;

export function siteMap(site: Site, datasets: readonly Dataset[]): string {
  const paths = ['/', ...forSale(datasets).map(({ manifest }) => datasetPath(manifest))];
  const entries = paths
    .slice(0, MOST_ADDRESSES)
    .map((path) => `<url><loc>${escapeText(`${site.url}${path}`)}</loc></url>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
${entries.join('')}</urlset>
`;
}

export function robotsText(site: Site): string {
  return `User-agent: *\nAllow: /\nSitemap: ${site.url}/sitemap.xml\n`;
}
