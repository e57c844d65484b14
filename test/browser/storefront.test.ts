import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { contentSecurityPolicy, PAGE_HEADERS } from '../../shared/pages/security-headers.ts';
import { parseSite, type Site } from '../../shared/pages/site.ts';
import {
  accessibilityProblems,
  describeInBrowser,
  startBrowser,
  widthBeyondWindow,
} from '../support/browser.ts';
import { type BuiltCommand, buildCommand, lastJson } from '../support/built-command.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { mineWhatComes, type Shopper, shopper } from '../support/shopper.ts';

/** The storefront of a local shop: as a crawler sees it, and as a buyer does in a browser. */

/** Milliseconds that a machine under load may take: nothing waits for time, only for what is to be seen. */
const TIMEOUT = 60_000;
jest.setTimeout(2 * TIMEOUT);

const HOSTILE = '<b>Air</b> & "weather"</script><script>window.isOwned = true</script>';
const FILES = { 'a/air.bin': patterned(9 * MIB, 3), 'b.bin': patterned(2 * MIB, 4) };

let command: BuiltCommand;
let root: string;
let shop: LocalShopProcess;
let site: Site;
let manifest: string;
let other: string;

beforeAll(async () => {
  command = buildCommand();
  root = await mkdtemp(join(tmpdir(), 'spillway-storefront-'));
  const chain = { name: 'embedded', environment: {} } as const;
  const policy = { creditMinimumChunks: 3 };
  shop = await startLocalShop(command, { folder: join(root, 'shop'), chain, policy, sweepEvery: 0.5 });
  site = parseSite(shop.environment.SPILLWAY_STOREFRONT ?? '');
  const source = join(root, 'air');
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(join(source, path, '..'), { recursive: true });
    await writeFile(join(source, path), content);
  }
  const offer = ['--price', '5000', '--chunk-size', '5MiB', '--description', HOSTILE];
  const sample = join(root, 'first-day.csv');
  await writeFile(sample, 'station,celsius\n');
  manifest = (await shop.publish(source, '--name', 'air', ...offer, '--sample', sample)).manifest;
  other = (await shop.publish(join(source, 'a/air.bin'), '--name', 'other', '--price', '5000')).manifest;
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

describe('without a script', () => {
  test('what is published is listed, with a page of its own', async () => {
    expect(await textOf('/')).toContain(`<a href="/datasets/${manifest}">air</a>`);
    const page = await textOf(`/datasets/${manifest}`);
    expect(page).toContain('"@type":"Dataset"');
    expect(page).toContain('11\u202f000 sat');
    expect(await textOf('/sitemap.xml')).toContain(`${site.url}/datasets/${manifest}`);
    expect(await textOf('/robots.txt')).toContain('Allow: /');
  });

  test('what the seller gives away is linked, and stays when the page is written again', async () => {
    const sample = await get(`/samples/${manifest}/first-day.csv`);
    expect(sample.headers.get('content-type')).toBe('application/octet-stream');
    expect(await sample.text()).toBe('station,celsius\n');
    await sell('storefront');
    for (const [dataset, isThere] of [
      [manifest, true],
      [other, false],
    ] as const) {
      expect((await textOf(`/datasets/${dataset}`)).includes('first-day.csv')).toBe(isThere);
    }
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
    const paths = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const { status, headers } = await get(path);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
      expect(headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
    }
  });

  test('a price that changes, and a dataset that goes off sale and comes back, are seen there', async () => {
    await sell('price', 'other', '6000');
    expect(await textOf(`/datasets/${other}`)).toContain('6\u202f000 sat');
    await sell('unpublish', 'other');
    expect(await textOf('/')).not.toContain(other);
    expect(await textOf(`/datasets/${other}`)).toContain('It is not for sale any more.');
    expect(await sell('storefront')).toEqual({ url: site.url, datasets: 2 });
  });
});

describeInBrowser('in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  beforeEach(async () => {
    context = await browser.newContext({ acceptDownloads: true });
  });
  afterEach(() => context.close());
  afterAll(() => browser.close());

  const open = async (path: string, at = context): Promise<Page> => {
    const page = await at.newPage();
    page.setDefaultTimeout(TIMEOUT);
    await page.goto(`${site.url}${path}`);
    return page;
  };
  const visit = async (at = context): Promise<Shopper> =>
    shopper(await open(`/datasets/${manifest}`, at), shop);

  /** In both colour schemes, and on a narrow screen. */
  async function expectFit(page: Page): Promise<void> {
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await accessibilityProblems(page)).toEqual([]);
    // Nothing else can be wrong with the same page in other colours.
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityProblems(page, ['color-contrast'])).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await widthBeyondWindow(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  /** From the page to a channel whose transaction is sent. @returns the recovery file */
  async function fund(buyer: Shopper): Promise<string> {
    await buyer.press('Buy');
    await buyer.press('Go on');
    await buyer.backUp();
    await buyer.page.locator('.deposit').waitFor();
    await buyer.deposit();
    await buyer.sees('Save the recovery file once more');
    const file = await buyer.backUp();
    await buyer.sees('Waiting for the chain');
    return file;
  }

  test('a seller’s texts stay texts', async () => {
    for (const path of ['/', `/datasets/${manifest}`]) {
      const page = await open(path);
      expect(await page.evaluate(() => 'isOwned' in globalThis)).toBe(false);
      expect(await page.locator('.description').first().textContent()).toBe(HOSTILE);
      if (path === '/') await expectFit(page);
    }
  });

  test('the whole purchase: nothing is paid for before the recovery file is there', async () => {
    const buyer = await visit();
    const { page } = buyer;
    await buyer.press('Buy');
    await buyer.sees('Before you pay');
    expect(await page.locator('#purchase').textContent()).toContain('Worst case');
    await expectFit(page);
    await buyer.press('Go on');
    await buyer.sees('Save the recovery file');
    await expectFit(page);
    const wrong = { name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{}') };
    await page.getByLabel('2. Choose the file').setInputFiles(wrong);
    await page.getByText('That is another file').waitFor();
    expect(await page.locator('.deposit').count()).toBe(0);
    await buyer.backUp();
    await page.locator('.deposit').waitFor();
    await expectFit(page);
    await buyer.deposit();
    await buyer.sees('Save the recovery file once more');
    expect(await shop.rpc('getrawmempool')).toEqual([]);
    await buyer.backUp();
    await mineWhatComes(shop);
    await buyer.sees('It is yours');
    await expectFit(page);
    const saved = await buyer.download('Save a/air.bin');
    expect(saved.name).toBe('air.bin');
    expect((await saved.bytes()).equals(FILES['a/air.bin'])).toBe(true);
    expect((await (await buyer.download('Save b.bin')).bytes()).equals(FILES['b.bin'])).toBe(true);
    await chooseFolder(page);
    await buyer.press('Save into a folder');
    await page.getByText('All of it is saved: 2 files.').waitFor();
    expect(await sizesInFolder(page)).toEqual([9 * MIB, 2 * MIB]);
    expect(JSON.parse((await (await buyer.download('Save the receipt')).bytes()).toString())).toMatchObject({
      shop: site.shopUrl,
      channels: [{}],
    });
  });

  test('closing the page costs nothing: it goes on where it was, in one page at a time', async () => {
    const first = await visit();
    await fund(first);
    const second = await visit();
    await second.sees('You began to buy this');
    await second.press('Go on');
    await second.page.getByText('Another page of this browser is at work on it.', { exact: true }).waitFor();
    await first.page.close();
    await second.press('Go on');
    await second.sees('Waiting for the chain');
    await second.press('Pause');
    await second.sees('Paused');
    await second.press('Go on');
    await second.sees('Waiting for the chain');
    await mineWhatComes(shop);
    await second.sees('It is yours');
    const again = await visit();
    await again.sees('It is yours');
  });

  test('with the recovery file another browser takes the money back', async () => {
    const first = await visit();
    const file = await fund(first);
    await first.page.close();
    await mineWhatComes(shop);
    const elsewhere = await browser.newContext();
    const buyer = await visit(elsewhere);
    const { page } = buyer;
    await page.getByText('I have a recovery file').click();
    await page.getByLabel('with the file that was saved').setInputFiles(file);
    await buyer.sees('You began to buy this');
    await buyer.press('Take the money back');
    await buyer.sees('Your money');
    await mineWhatComes(shop);
    const address = shop.environment.SPILLWAY_PAYOUT_ADDRESS ?? '';
    await eventually('the money is in the wallet', async () => {
      await buyer.press('Look again');
      await buyer.sees('Your money');
      return (await page.getByLabel('Send all of it').count()) > 0 ? true : undefined;
    });
    await expectFit(page);
    await page.getByLabel('Send all of it').fill(address);
    await buyer.press('Send');
    await buyer.press('Send it');
    await buyer.sees('Sent');
    await mineWhatComes(shop);
    await elsewhere.close();
  });

  test('the keyboard is enough', async () => {
    const buyer = await visit();
    const { page } = buyer;
    const tabTo = async (name: string) => {
      for (let presses = 0; presses < 30; presses++) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate(() => document.activeElement?.textContent)) === name) return;
      }
      throw new Error(`no ${name} within 30 tabs`);
    };
    // Asked for early: the browser is told to hand its dialog over, and that takes a moment.
    const chooser = page.waitForEvent('filechooser');
    await buyer.sees('In this browser');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await tabTo('Buy');
    await page.keyboard.press('Enter');
    await buyer.sees('Before you pay');
    await tabTo('Go on');
    await page.keyboard.press('Space');
    await buyer.sees('Save the recovery file');
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      tabTo('1. Save the file').then(() => page.keyboard.press('Enter')),
    ]);
    const path = await saved.path();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(path);
    await page.locator('.deposit').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Pay/);
    await tabTo('Copy the address');
  });
});

/** Stands in for the browser's own dialog, which no program may answer: a folder of the page's file system is chosen. */
function chooseFolder(page: Page): Promise<void> {
  return page.evaluate(() => {
    const showDirectoryPicker = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('chosen', { create: true });
    Object.assign(window, { showDirectoryPicker });
  });
}

function sizesInFolder(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const chosen = await (await navigator.storage.getDirectory()).getDirectoryHandle('chosen');
    const folder = await chosen.getDirectoryHandle('a');
    const handles = [await folder.getFileHandle('air.bin'), await chosen.getFileHandle('b.bin')];
    return Promise.all(handles.map(async (handle) => (await handle.getFile()).size));
  });
}
