import { bitcoinText, groupedText, sizeText } from '../../../shared/pages/amounts.ts';
import { contentSecurityPolicy } from '../../../shared/pages/security-headers.ts';
import { PUBLIC_CHAIN_URLS, parseSite } from '../../../shared/pages/site.ts';
import { SITE } from '../../support/storefront-pages.ts';

test('a page runs the site’s own scripts and speaks to the shop, its data and the chain, and to nobody else', () => {
  expect(contentSecurityPolicy(SITE).split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self' https://api.example/ https://data.example/ https://one.example/api/ https://two.example/api/",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
});

test('settings are read back as they were written, and others are refused', () => {
  expect(parseSite(JSON.stringify(SITE))).toEqual(SITE);
  // A slash at the end would be there twice in every address.
  for (const [name, value] of [
    ['url', 'https://a.example/'],
    ['shopUrl', "https://a.example; script-src 'unsafe-inline'"],
    ['network', 'litecoin'],
    ['chainUrls', ['javascript:alert(1)']],
  ] as const) {
    expect(() => parseSite(JSON.stringify({ ...SITE, [name]: value }))).toThrow(
      new RegExp(`^the storefront's settings: ${name}`),
    );
  }
  expect(() => parseSite('{')).toThrow("the storefront's settings: the whole");
});

test('the public servers of a network that is money are two parties’', () => {
  expect(new Set(PUBLIC_CHAIN_URLS.mainnet.map((url) => new URL(url).host)).size).toBe(2);
  for (const urls of Object.values(PUBLIC_CHAIN_URLS)) {
    expect(() => parseSite(JSON.stringify({ ...SITE, chainUrls: urls }))).not.toThrow();
  }
});

test('amounts', () => {
  expect([0, 512, 1536, 8 * 2 ** 20, 3 * 2 ** 40].map(sizeText)).toEqual([
    '0 B',
    '512 B',
    '1.5 KiB',
    '8 MiB',
    '3 TiB',
  ]);
  expect([0n, 999n, 1_000n, 1_234_567n].map(groupedText)).toEqual([
    '0',
    '999',
    '1\u202f000',
    '1\u202f234\u202f567',
  ]);
  expect([1n, 80_000n, 100_000_000n, 250_000_000n].map(bitcoinText)).toEqual([
    '0.00000001',
    '0.0008',
    '1',
    '2.5',
  ]);
});
