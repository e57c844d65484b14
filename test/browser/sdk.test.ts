import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';
import type { Timer } from '../../local/timer.ts';
import { parseSite } from '../../shared/pages/site.ts';
import { describeInBrowser, startBrowser } from '../support/browser.ts';
import { type BuiltCommand, buildCommand } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { mineWhatWaits } from '../support/mine-what-waits.ts';
import { MIB, patterned } from '../support/object-store.ts';

/** Three chunks, in one file that is whole with the last of them. */
const DATA = patterned(11 * MIB, 5);

/** The program of a page: buys, reads each chunk as it comes, and hands out the file. */
const PROGRAM = `
  import { Purchase, recoveryFile, savedFiles, Shop } from '/sdk.js';
  const hex = async (bytes) =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  globalThis.buy = async (shopUrl, chain) => {
    const dataset = await Shop.at(shopUrl).dataset('weather');
    const purchase = Purchase.of(dataset, { chain, pollInterval: 50, maxPrice: 11_000n });
    const told = { price: String((await purchase.plan()).price), chunks: [] };
    const onEvent = (event) => { if (event.kind === 'deposit-needed') pay(event.address, String(event.satoshis)); };
    const beforeFunding = async () => { told.saved = JSON.parse(new TextDecoder().decode(await recoveryFile({}))).format; };
    for await (const chunk of purchase.chunks({ onEvent, beforeFunding })) {
      const pieces = [];
      for await (const piece of chunk.read()) pieces.push(piece);
      told.chunks.push([chunk.number, await hex(await new Blob(pieces).arrayBuffer())]);
    }
    told.file = await hex(await (await savedFiles(dataset).file(0)).arrayBuffer());
    return told;
  };
`;

describeInBrowser('the SDK in a page', () => {
  let command: BuiltCommand;
  let root: string;
  let shop: LocalShopProcess;
  let pages: LocalServer;
  let mining: Timer;
  let browser: Browser;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sdk-page-'));
    command = buildCommand();
    const chain = { name: 'embedded', environment: {} } as const;
    [shop, browser] = await Promise.all([
      startLocalShop(command, { folder: join(root, 'shop'), chain }),
      startBrowser(),
    ]);
    await writeFile(join(root, 'weather'), DATA);
    await shop.publish(join(root, 'weather'), '--price', '5000', '--chunk-size', '5MiB');
    const scripts = await bundles();
    pages = await listenOnLoopback(
      createServer(({ url = '/' }, response) => {
        response.setHeader('content-type', scripts.has(url) ? 'text/javascript' : 'text/html');
        response.end(scripts.get(url) ?? '<!doctype html><script type="module" src="/page.js"></script>');
      }),
      0,
    );
    mining = mineWhatWaits(() => shop);
  }, 240_000);
  afterAll(async () => {
    await mining?.stop();
    await browser?.close();
    await pages?.stop();
    await shop?.stop();
    await command?.end();
    await rm(root, { recursive: true, force: true });
  });

  test('buys, gives each chunk as soon as it is checked, and hands out the file', async () => {
    const page = await browser.newPage();
    await page.exposeFunction('pay', (address: string, satoshis: string) =>
      shop.faucet.fund(address, BigInt(satoshis)),
    );
    await page.goto(pages.url);
    await page.waitForFunction('globalThis.buy !== undefined');
    const { chainUrls } = parseSite(shop.environment.SPILLWAY_STOREFRONT ?? '');
    const told = await page.evaluate(`buy('${shop.url}', 'esplora+${chainUrls[0]}')`);
    const part = (start: number, end: number) => sha256(DATA.subarray(start * MIB, end * MIB));
    expect(told).toEqual({
      price: '11000',
      saved: 'spillway-recovery/1',
      chunks: [
        [0, part(0, 5)],
        [1, part(5, 10)],
        [2, part(10, 11)],
      ],
      file: sha256(DATA),
    });
  }, 120_000);
});

async function bundles(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: {
      sdk: 'client/sdk/browser.ts',
      'segment-worker': 'client/buyer/browser/segment-worker.ts',
    },
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  const built = outputFiles.map(({ path, text }) => [path, text] as const);
  return new Map([...built, ['/page.js', PROGRAM] as const]);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
