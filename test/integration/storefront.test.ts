import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentSecurityPolicy, PAGE_HEADERS } from '../../shared/pages/security-headers.ts';
import { parseSite, type Site } from '../../shared/pages/site.ts';
import { type BuiltCommand, buildCommand, lastJson } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';

/** The storefront of a local shop as a crawler sees it: no script runs. */

let command: BuiltCommand;
let root: string;
let shop: LocalShopProcess;
let site: Site;
let manifest: string;

beforeAll(async () => {
  command = buildCommand();
  root = await mkdtemp(join(tmpdir(), 'spillway-storefront-'));
  const chain = { name: 'embedded', environment: {} } as const;
  shop = await startLocalShop(command, { folder: join(root, 'shop'), chain });
  site = parseSite(shop.environment.SPILLWAY_STOREFRONT ?? '');
  const source = join(root, 'air.bin');
  await writeFile(source, patterned(6 * MIB, 3));
  const published = await shop.publish(source, '--price', '5000', '--chunk-size', '5MiB');
  manifest = published.manifest;
});
afterAll(async () => {
  await shop.stop();
  await command.end();
  await rm(root, { recursive: true, force: true });
});

const get = (path: string, init?: RequestInit) => fetch(`${site.url}${path}`, init);
const textOf = async (path: string) => (await get(path)).text();
const sell = async (...args: readonly string[]) => {
  const ended = await command.run([...args, '--shop', shop.folder, '--json']);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  return lastJson(ended);
};

test('what is published is listed, with a page of its own', async () => {
  expect(await textOf('/')).toContain(`<a href="/datasets/${manifest}">air.bin</a>`);
  const page = await textOf(`/datasets/${manifest}`);
  expect(page).toContain('"@type":"Dataset"');
  expect(page).toContain('6\u202f000 sat');
  expect(await textOf('/sitemap.xml')).toContain(`${site.url}/datasets/${manifest}`);
  expect(await textOf('/robots.txt')).toContain('Allow: /');
});

test('every answer carries the headers that CloudFront adds', async () => {
  const answers = await Promise.all([get('/'), get(`/datasets/${manifest}`), get('/nothing')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toBe(contentSecurityPolicy(site));
    for (const [name, value] of Object.entries(PAGE_HEADERS)) expect(headers.get(name)).toBe(value);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('public, max-age=60');
  }
  expect((await get('/', { method: 'POST' })).status).toBe(405);
});

test('what a page refers to is there, and kept for good', async () => {
  const page = await textOf(`/datasets/${manifest}`);
  const paths = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) {
    const { status, headers } = await get(path);
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect(headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
  }
});

test('a price that changes, and a dataset that goes off sale and comes back, are seen there', async () => {
  await sell('price', 'air.bin', '6000');
  expect(await textOf('/')).toContain('7\u202f200 sat');
  expect(await textOf(`/datasets/${manifest}`)).toContain('7\u202f200 sat');
  await sell('unpublish', 'air.bin');
  expect(await textOf('/')).toContain('Nothing is for sale at the moment.');
  expect(await textOf(`/datasets/${manifest}`)).toContain('It is not for sale any more.');
  await shop.publish(join(root, 'air.bin'), '--price', '5000', '--chunk-size', '5MiB');
  expect(await textOf('/')).toContain('6\u202f000 sat');
});

test('all pages can be written again', async () => {
  expect(await sell('storefront')).toEqual({ url: site.url, datasets: 1 });
});
