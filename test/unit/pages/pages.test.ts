import type { Manifest } from '../../../shared/dataset/manifest.ts';
import { cataloguePage } from '../../../shared/pages/catalogue-page.ts';
import { datasetPage } from '../../../shared/pages/dataset-page.ts';
import { notFoundPage, robotsText, siteMap } from '../../../shared/pages/other-pages.ts';
import { ASSETS, DATASET, FILES, SITE } from '../../support/storefront-pages.ts';

const manifest = FILES as Manifest;
const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&<!--\u2028`;

/** The pages' scripts, by their attributes, and what is in them. */
function scripts(page: string): { attributes: string; content: string }[] {
  return [...page.matchAll(/<script\b([^>]*)>(.*?)<\/script>/gs)].map(
    ([, attributes = '', content = '']) => ({
      attributes,
      content,
    }),
  );
}

function linkedData(page: string): Record<string, unknown> {
  const found = scripts(page).find(({ attributes }) => attributes.includes('application/ld+json'));
  return JSON.parse(found?.content ?? '');
}

describe('texts of a seller', () => {
  const hostile = { ...DATASET, name: HOSTILE, description: HOSTILE, licence: HOSTILE };
  const files = { files: [{ path: HOSTILE, size: 1 }] } as Manifest;
  const pages = [cataloguePage(SITE, ASSETS, [hostile]), datasetPage(SITE, ASSETS, hostile, files, [])];

  test('never become tags or attributes', () => {
    for (const page of pages) {
      expect(page).not.toContain('<script>');
      expect(page).not.toContain('<img');
      expect(page).not.toContain('<!--');
      expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)');
    }
  });

  test('come out of the metadata as they were', () => {
    const [, page = ''] = pages;
    expect(linkedData(page)).toMatchObject({ name: HOSTILE, license: { name: HOSTILE } });
    for (const { content } of scripts(page)) expect(content).not.toMatch(/[<>&\u2028]/);
  });
});

describe("a dataset's page", () => {
  const page = datasetPage(SITE, ASSETS, DATASET, manifest, []);

  test('says size, price, parts, licence, files, and how to buy by the command', () => {
    expect(page).toContain('21 MiB in 2 files');
    // Two full chunks, and five eighths of one rounded up.
    expect(page).toContain('13\u202f125 sat');
    expect(page).toContain('3 parts of up to 8 MiB, 5\u202f000 sat for a full one');
    expect(page).toContain('CC-BY-4.0');
    expect(page).toContain('a/temperature.parquet');
    expect(page).toContain(`npx spillway buy https://api.example ${DATASET.manifest} --chain`);
  });

  test('offers what is given away, where there is something', () => {
    expect(page).not.toContain('Look first');
    const samples = [{ name: 'first-day.csv', size: 3 * 2 ** 20 }];
    expect(datasetPage(SITE, ASSETS, DATASET, manifest, samples)).toContain(
      `<a href="/samples/${DATASET.manifest}/first-day.csv" download>first-day.csv</a> (3 MiB)`,
    );
  });

  test('carries a schema.org Dataset with its offer', () => {
    const url = `https://d111.cloudfront.example/datasets/${DATASET.manifest}`;
    expect(linkedData(page)).toEqual({
      '@context': 'https://schema.org/',
      '@type': 'Dataset',
      name: 'weather-2025',
      description: DATASET.description,
      url,
      identifier: `sha256:${DATASET.manifest}`,
      license: { '@type': 'CreativeWork', name: 'CC-BY-4.0' },
      isAccessibleForFree: false,
      size: '21 MiB',
      includedInDataCatalog: {
        '@type': 'DataCatalog',
        name: 'd111.cloudfront.example',
        url: 'https://d111.cloudfront.example/',
      },
      offers: {
        '@type': 'Offer',
        url,
        price: '0.00013125',
        priceCurrency: 'BTC',
        availability: 'https://schema.org/InStock',
      },
    });
  });

  test('has a description that search engines take, where the seller gave a short one or none', () => {
    const described = (description: string) =>
      String(linkedData(datasetPage(SITE, ASSETS, { ...DATASET, description }, manifest, [])).description);
    const facts = 'weather-2025: 2 files, 21 MiB, sold by the chunk for bitcoin.';
    expect(described('')).toBe(facts);
    expect(described('Wind.')).toBe(`Wind. ${facts}`);
    expect(described('x'.repeat(10_000))).toHaveLength(5_000);
  });

  test('takes an address as a licence', () => {
    const licence = 'https://creativecommons.org/licenses/by/4.0/';
    expect(linkedData(datasetPage(SITE, ASSETS, { ...DATASET, licence }, manifest, [])).license).toBe(
      licence,
    );
  });

  test('off sale stays for those who bought, and no search engine lists it', () => {
    const off = datasetPage(SITE, ASSETS, { ...DATASET, forSaleUntil: 1 }, manifest, []);
    expect(off).toContain('It is not for sale any more.');
    expect(off).toContain('<meta name="robots" content="noindex">');
    expect(off).not.toContain('ld+json');
    expect(page).not.toContain('noindex');
    expect(page).toContain(`<link rel="canonical" href="${SITE.url}/datasets/${DATASET.manifest}">`);
  });

  test('lists 500 files of half a million', () => {
    const many = { files: Array.from({ length: 1_502 }, (_, index) => ({ path: `f${index}`, size: 1 })) };
    const long = datasetPage(SITE, ASSETS, DATASET, many as Manifest, []);
    expect(long).toContain('<td>f499</td>');
    expect(long).not.toContain('<td>f500</td>');
    expect(long).toContain('and 1\u202f002 more.');
  });
});

test('the catalogue lists what is for sale by name, and links to each', () => {
  const other = { ...DATASET, name: 'air', manifest: 'ef'.repeat(32) };
  const gone = { ...DATASET, name: 'gone', manifest: '12'.repeat(32), forSaleUntil: 1 };
  const page = cataloguePage(SITE, ASSETS, [DATASET, gone, other]);
  const linked = [...page.matchAll(/<h2><a href="([^"]*)">([^<]*)/g)].map(([, path, name]) => [path, name]);
  expect(linked).toEqual([
    [`/datasets/${other.manifest}`, 'air'],
    [`/datasets/${DATASET.manifest}`, 'weather-2025'],
  ]);
  expect(siteMap(SITE, [DATASET, gone, other]).match(/<loc>/g)).toHaveLength(3);
  expect(cataloguePage(SITE, ASSETS, [gone])).toContain('Nothing is for sale at the moment.');
});

test('robots find the map of the site, and no page that is not there', () => {
  expect(robotsText(SITE)).toContain(`Sitemap: ${SITE.url}/sitemap.xml`);
  expect(notFoundPage(SITE, ASSETS)).toContain('noindex');
});

test('coins that are worth nothing are called so', () => {
  expect(cataloguePage({ ...SITE, network: 'signet' }, ASSETS, [])).toContain('its coins are worth nothing');
  expect(cataloguePage(SITE, ASSETS, [])).not.toContain('worth nothing');
});
