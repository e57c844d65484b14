import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { BenchShop } from './bench-shop.ts';
import { startChild } from './children.ts';

/** A purchase of the whole dataset by the built command. */
export interface Buying {
  readonly spillway: string;
  readonly shop: BenchShop;
  readonly manifest: string;
  readonly home: string;
  readonly output: string;
  /** Beside what it must have. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** For `node`. */
export function buyArguments({ spillway, shop, manifest, home, output, options }: Buying): string[] {
  const where = ['--shop-folder', shop.folder, '--home', home, '--output', output];
  return [
    spillway,
    'buy',
    shop.url,
    manifest,
    ...where,
    '--poll-interval',
    '0.05',
    '--yes',
    '--json',
    ...options,
  ];
}

/**
 * Brings a purchase to where its channel is funded and confirmed and nothing is downloaded: the same command then goes on
 * from there. Waiting for blocks is no part of a transfer.
 * @returns how many deposits the buyer's wallet received
 */
export async function openChannel(buying: Buying): Promise<number> {
  const { faucet } = buying.shop;
  const pipes = ['ignore', 'ignore', 'pipe'] as const;
  const buyer = startChild(process.execPath, buyArguments(buying), [...pipes], buying.environment);
  const ended = once(buyer, 'close');
  if (!buyer.stderr) throw new Error('the buyer has no pipe');
  const printed: string[] = [];
  let deposits = 0;
  let funded = false;
  for await (const line of createInterface({ input: buyer.stderr })) {
    printed.push(line);
    const [, satoshis, address] = /pay (\d+) sat to (\w+)/.exec(line) ?? [];
    if (satoshis && address) {
      await faucet.fund(address, BigInt(satoshis));
      deposits += 1;
      await faucet.mine(1);
    }
    if (/funding \w+ sent/.test(line)) {
      funded = true;
      buyer.kill('SIGINT');
    }
  }
  await ended;
  if (!funded) throw new Error(`the buyer opened no channel:\n${printed.join('\n')}`);
  await faucet.mine(6);
  return deposits;
}
