import { html, type Markup } from './markup.ts';
import type { Site } from './site.ts';

/** The site's built files, by their paths. */
export interface Assets {
  readonly style: string;
  /** The script that buys in the browser, and the worker that moves and checks the data for it. */
  readonly purchase: string;
  readonly worker: string;
}

export interface PageContent {
  readonly title: string;
  /** For search results. */
  readonly summary: string;
  /** Of this page on the site. */
  readonly path: string;
  readonly isIndexed: boolean;
  readonly head?: Markup;
  readonly main: Markup;
}

const NOT_MONEY = {
  regtest: 'This shop is on regtest: its coins are made on this machine and are worth nothing.',
  signet: 'This shop is on signet, a test network: its coins are worth nothing.',
  testnet4: 'This shop is on testnet4, a test network: its coins are worth nothing.',
  mainnet: undefined,
} as const;

/** A whole page of the site. */
export function page(site: Site, assets: Assets, content: PageContent): string {
  const { title, summary, path, isIndexed, head, main } = content;
  const notice = NOT_MONEY[site.network];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<meta name="description" content="${summary}">
<meta name="color-scheme" content="light dark">
${isIndexed ? html`<link rel="canonical" href="${site.url}${path}">` : html`<meta name="robots" content="noindex">`}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.style}">
${head}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="top"><a href="/">${new URL(site.url).host}</a><span>datasets by the gigabyte, for bitcoin</span></p>
${notice === undefined ? undefined : html`<p class="notice">${notice}</p>`}
</header>
<main id="main">
${main}
</main>
<footer><p>Sold with Spillway. Each part is paid for after it was checked; what you do not spend comes back to you.</p></footer>
</body>
</html>
`.text;
}
