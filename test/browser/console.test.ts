import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { Report } from '../../client/console/page/session.ts';
import {
  accessibilityProblems,
  describeInBrowser,
  startBrowser,
  widthBeyondWindow,
} from '../support/browser.ts';
import { type BuiltCommand, buildCommand, type RunningCommand } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';

/** `spillway console` on a local shop, in a browser. */

const today = new Date().toISOString().slice(0, 10);
const ID = 'ab'.repeat(32);
const NAME = '<b>weather</b> 2025';

/** A shop that has sold, and of which something is wrong. */
const SOLD: Report = {
  shop: { network: 'signet', place: 'Spillway-Table-1X', isLocal: true, payoutAddress: 'tb1q' },
  status: {
    datasets: [
      {
        manifest: ID,
        name: NAME,
        forSale: true,
        pricePerChunk: '5000',
        chunks: 12,
        sold: { chunks: 12, settled: '57500', unsettled: '0', lost: '0' },
      },
    ],
    prices: { least: '1139', most: '100000000' },
    channels: {
      PROPOSED: 0,
      OPEN: 1,
      SUSPENDED: 0,
      CLOSING: 0,
      SETTLED: 1,
      CANCELLED: 0,
      REFUSED: 0,
      EXPIRED: 0,
    },
    sold: { chunks: 14, settled: '57500', unsettled: '10000', lost: '0' },
    fees: '1380',
    days: [{ day: today, channels: 2, chunks: 14, paid: '67500' }],
    delivery: { paid: 14 * MIB, unpaid: MIB, neverPaid: 0 },
    settlements: [
      { txid: ID, state: 'final', channels: 1, fee: '1380', virtualSize: 138, signedAtHeight: 2_000 },
    ],
    lastSweep: { at: new Date().toISOString(), ageSeconds: 601, height: 2_010 },
    deadline: { channelId: 'cd'.repeat(32), refundHeight: 2_900, blocks: 890 },
    warnings: ['The schedule last ran 10 minutes ago: until it runs again nothing is settled.'],
  },
  channels: {
    channels: [
      {
        channelId: 'cd'.repeat(32),
        state: 'OPEN',
        manifest: ID,
        dataset: NAME,
        paid: 2,
        count: 12,
        paidSatoshis: '10000',
        refundHeight: 2_900,
        blocks: 890,
        fundingTxid: ID,
      },
      {
        channelId: 'ef'.repeat(32),
        state: 'SETTLED',
        manifest: ID,
        dataset: NAME,
        paid: 12,
        count: 12,
        paidSatoshis: '57500',
        refundHeight: 2_800,
        blocks: 790,
        fundingTxid: ID,
        settlementTxid: ID,
        spend: { txid: ID, height: 2_001 },
      },
    ],
    more: 3,
  },
  alarms: [
    { at: '2026-11-26T12:00:00.000Z', event: 'sweep-failed', reason: 'Error: no chain source answers' },
  ],
};

describeInBrowser('the console', () => {
  let command: BuiltCommand;
  let shop: LocalShopProcess;
  let browser: Browser;
  let root: string;
  let page: Page;
  let served: RunningCommand;
  let address: string;

  beforeAll(async () => {
    command = buildCommand();
    root = await mkdtemp(join(tmpdir(), 'spillway-console-'));
    shop = await startLocalShop(command, {
      folder: join(root, 'shop'),
      chain: { name: 'embedded', environment: {} },
    });
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await shop.stop();
    await command.end();
    await rm(root, { recursive: true, force: true });
  });
  beforeEach(async () => {
    served = command.start(['console', '--shop', shop.folder]);
    address = (await served.line(/http:/)).trim();
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
  });
  afterEach(async () => {
    await page.close();
    served.process.kill('SIGTERM');
    expect((await served.ended).code).toBe(0);
  });

  const open = async () => {
    await page.goto(address);
    await page.getByRole('heading', { name: 'Money' }).waitFor();
  };
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  const said = async () => (await page.locator('#said').textContent())?.trim();
  /** With keys alone. */
  const tabTo = async (name: string) => {
    for (let steps = 0; steps < 60; steps++) {
      await page.keyboard.press('Tab');
      if ((await focused()) === name) return;
    }
    throw new Error(`no key leads to ${name}`);
  };

  test('its address opens it once, is gone from the address bar, and a reload stays in', async () => {
    await open();
    expect(new URL(page.url()).hash).toBe('');
    await page.reload();
    await page.getByRole('heading', { name: 'Money' }).waitFor();
    const other = await browser.newPage();
    await other.goto(address);
    await other.getByText('This address was used already').waitFor();
    expect(await other.locator('main').isHidden()).toBe(true);
    await other.close();
  });

  test('by the keyboard alone: published, found for sale, its price changed, taken off sale', async () => {
    const source = join(root, 'ticks.csv');
    await writeFile(source, patterned(6 * MIB, 1));
    await open();
    await page.getByLabel('File or folder on this machine').focus();
    await page.keyboard.type(source);
    await page.keyboard.press('Tab');
    await page.keyboard.type('5000');
    await page.keyboard.press('Enter');
    await page.locator('#publishing').getByText('ticks.csv is for sale: 6 MiB in 2 chunks').waitFor();

    await page.getByRole('rowheader', { name: 'ticks.csv' }).waitFor();
    // The shop's own pages tell of it, as they do after the command.
    const storefront = await page.getByRole('link', { name: 'its storefront' }).getAttribute('href');
    expect(await (await fetch(`${storefront}/`)).text()).toContain('ticks.csv');
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await tabTo('Price of ticks.csv');
    await page.keyboard.press('Enter');
    await page.keyboard.type('1138');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('at 1138 satoshis for a full chunk nobody could buy').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('6000');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: '6,000 sat' }).waitFor();
    expect(await said()).toBe('A full chunk of ticks.csv costs 6,000 sat now.');
    expect(await focused()).toBe('Price of ticks.csv');

    await tabTo('Take ticks.csv off sale');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').isHidden()).toBe(true);
    expect(await focused()).toBe('Take ticks.csv off sale');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: 'no', exact: true }).waitFor();
    expect(await said()).toBe('ticks.csv is off sale.');
  });

  test('what was sold, what is due and what is wrong can be read by everybody, on every screen', async () => {
    await page.route('**/api/report', (route) => route.fulfill({ json: SOLD }));
    await open();
    await page.getByText('The schedule last ran 10 minutes ago').waitFor();
    await page.getByText('sweep-failed: Error: no chain source answers').waitFor();
    // A name is text, whatever is in it.
    expect(await page.getByRole('rowheader', { name: NAME }).count()).toBe(1);
    expect(await page.getByRole('img').getAttribute('aria-label')).toMatch(/^67,500 sat for 14 chunks from /);
    const row = page.getByRole('row', { name: 'cdcdcdcdcdcd' });
    expect(await row.getByRole('cell').allInnerTexts()).toEqual([
      NAME,
      'OPEN',
      '2 of 12',
      '10,000 sat',
      '890',
      ID.slice(0, 12),
      '–',
    ]);
    await page.getByLabel('Show').selectOption('SETTLED');
    expect(await row.count()).toBe(0);
    await page.getByText('3 more channels').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityProblems(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await widthBeyondWindow(page)).toBe(0);
    await page.getByText('As a table').click();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await widthBeyondWindow(page)).toBe(0);
    await page.getByRole('button', { name: `Price of ${NAME}` }).click();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await widthBeyondWindow(page)).toBe(0);
  });

  test('once the command has ended, the page says so', async () => {
    await open();
    served.process.kill('SIGTERM');
    await served.ended;
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByText('The command that serves this page has ended. Start it again.').waitFor();
  });
});
