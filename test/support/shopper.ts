import { readFile } from 'node:fs/promises';
import type { Download, Page } from 'playwright-core';
import { eventually } from './eventually.ts';
import type { LocalShopProcess } from './local-shop.ts';

/** A person who buys in a page. */
export interface Shopper {
  readonly page: Page;
  /** The panel of this heading is there. */
  sees(heading: string): Promise<void>;
  press(name: string): Promise<void>;
  /** Saves the recovery file and chooses it again. @returns its path */
  backUp(): Promise<string>;
  /** Pays what the page asks for and mines the block. */
  deposit(): Promise<void>;
  /** Presses something that has the browser save a file. */
  download(name: string): Promise<{ readonly name: string; readonly path: string; bytes(): Promise<Buffer> }>;
}

export function shopper(page: Page, shop: LocalShopProcess): Shopper {
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const download = async (name: string) => {
    const [saved] = await Promise.all([page.waitForEvent('download'), press(name)]);
    return savedFile(saved);
  };
  return {
    page,
    press,
    download,
    sees: (heading) => page.getByRole('heading', { name: heading, exact: true }).waitFor(),
    async backUp() {
      const { path } = await download('1. Save the file');
      await page.getByLabel('2. Choose the file').setInputFiles(path);
      return path;
    },
    async deposit() {
      const address = (await page.locator('.deposit code').textContent()) ?? '';
      const amount = (await page.locator('.deposit svg').getAttribute('aria-label')) ?? '';
      const satoshis = /pay (\d+) satoshis/.exec(amount)?.[1] ?? '';
      await shop.faucet.fund(address, BigInt(satoshis));
      await shop.faucet.mine(1);
    },
  };
}

async function savedFile(saved: Download) {
  const path = await saved.path();
  return { name: saved.suggestedFilename(), path, bytes: () => readFile(path) };
}

/** The next block takes what waits; told of a transaction, the node may not have it yet. */
export async function mineWhatComes({ rpc, faucet }: LocalShopProcess): Promise<void> {
  await eventually('a transaction in the mempool', async () => {
    const waiting = (await rpc('getrawmempool')) as string[];
    return waiting.length > 0 ? true : undefined;
  });
  await faucet.mine(1);
}
