import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PurchaseEvent } from '../../../client/buyer/buyer-context.ts';
import { BuyerError } from '../../../client/buyer/errors.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';
import { scriptOf } from '../../support/fake-shop.ts';

const dataset = smallDataset();
/** Two full chunks and a fifth of one. */
const PRICE = 11_000n;

let world: BuyerWorld;
afterEach(() => world?.end());

/** Buys, with a block mined whenever the buyer waits for one. */
function run(
  request: { maxPrice?: bigint; maxCapacity?: bigint; ahead?: number; settlement?: boolean } = {},
  events: PurchaseEvent[] = [],
) {
  const { shop, output, buyer, chain } = world;
  const { settlement, ...limits } = request;
  return buy(
    buyer,
    {
      shopUrl: shop.url,
      dataset: 'numbers',
      output,
      limits,
      wait: { deposit: false, settlement: settlement === true },
    },
    (event) => {
      events.push(event);
      if (event.kind === 'funding-sent' || event.kind === 'channel-closed') setImmediate(() => chain.mine());
    },
  );
}

async function boughtBytes(): Promise<Buffer> {
  const parts = await Promise.all(
    dataset.manifest.files.map(({ path }) => readFile(join(world.output, path))),
  );
  return Buffer.concat(parts);
}

/** Confirmed or waiting fundings of all channels the shop knows. */
function fundings(): number {
  return [...world.shop.channels.values()].reduce(
    (sum, channel) => sum + world.chain.paymentsTo(scriptOf(channel)).length,
    0,
  );
}

describe('a purchase', () => {
  test('on credit brings the files, pays their price and is settled', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    const events: PurchaseEvent[] = [];
    const result = await run({ settlement: true }, events);
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    expect(await readdir(world.output)).toEqual(['.spillway', 'a', 'b', 'empty.txt']);
    expect(result).toMatchObject({ paid: PRICE, chunks: 3, bytes: dataset.data.length, name: 'numbers' });
    const { checksums = '', description } = result.notes;
    const check = ['--check', '--strict', checksums];
    expect(execFileSync('sha256sum', check, { cwd: world.output }).toString()).toContain('b/second.bin: OK');
    const croissant = JSON.parse(await readFile(join(world.output, description), 'utf8'));
    expect(croissant.url).toBe(`${world.shop.url}/datasets/${world.shop.manifestId}`);
    const [{ contentUrl }] = croissant.distribution;
    expect((await stat(join(world.output, dirname(description), contentUrl))).size).toBe(3 * 2 ** 20);
    const [channel] = world.shop.channels.values();
    expect(channel).toMatchObject({ paid: 3, state: 'CLOSING', terms: { credit: 1, first: 0, count: 3 } });
    expect(result.channels[0]?.end).toMatchObject({ by: 'settlement', returned: 0n });
    expect(channel?.terms.capacity).toBe(PRICE);
    expect(events.filter(({ kind }) => kind === 'chunk-paid')).toHaveLength(3);
    expect(world.shop.served).toBe(dataset.data.length);
    // One round trip a chunk: only the first link is asked for by itself.
    expect(world.shop.calls.filter((call) => call.includes('/chunks/'))).toHaveLength(1);
  });

  test('without credit pays one chunk ahead', async () => {
    world = await buyerWorld(dataset, { policy: { creditMinimumChunks: 8 } });
    await world.deposit(50_000n);
    const result = await run();
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    expect(result.paid).toBe(PRICE);
    expect([...world.shop.channels.values()][0]?.terms.credit).toBe(0);
  });

  test('run again once complete pays and fetches nothing', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    await run();
    const { served } = world.shop;
    const again = await run({ settlement: true });
    expect(again.paid).toBe(PRICE);
    expect(world.shop.served).toBe(served);
    expect(fundings()).toBe(1);
  });

  test('fetches what was paid again for nothing when files are lost', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    await run();
    await rm(join(world.output, 'a/first.bin'));
    await run();
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    expect(fundings()).toBe(1);
  });

  test('waits for a deposit and says where to pay it', async () => {
    world = await buyerWorld(dataset);
    const { buyer, shop, output, chain } = world;
    const deposits: PurchaseEvent[] = [];
    await buy(buyer, { shopUrl: shop.url, dataset: shop.manifestId, output }, (event) => {
      if (event.kind === 'deposit-needed') {
        deposits.push(event);
        expect(event.uri).toBe(
          `bitcoin:${event.address}?amount=0.${event.satoshis.toString().padStart(8, '0').replace(/0+$/, '')}`,
        );
        setImmediate(() => chain.pay(world.wallet.keys.external(0).script, event.satoshis));
      }
      if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
    });
    expect(deposits).toHaveLength(1);
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
  });

  test('without money ends with the address, the amount, and nothing proposed', async () => {
    world = await buyerWorld(dataset);
    await expect(run()).rejects.toMatchObject({ code: 'funds-needed', evidence: { address: /^bcrt1q/ } });
    expect(world.shop.channels.size).toBe(0);
  });

  test('dearer than a channel may hold goes through several, each continuing the last', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    const result = await run({ maxCapacity: 6_000n });
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    expect(result.paid).toBe(PRICE);
    const terms = [...world.shop.channels.values()].map((channel) => channel.terms);
    expect(terms.map(({ first, count, credit }) => [first, count, credit])).toEqual([
      [0, 1, 1],
      [1, 2, 1],
    ]);
  });

  test('refuses a price over the limit before anything is bound', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    await expect(run({ maxPrice: PRICE - 1n })).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(world.chain.broadcasts).toHaveLength(0);
    await expect(run({ maxPrice: PRICE })).resolves.toMatchObject({ paid: PRICE });
  });

  test('refuses to write over a file that is there', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    await mkdir(world.output, { recursive: true });
    await writeFile(join(world.output, 'empty.txt'), 'mine');
    await expect(run()).rejects.toMatchObject({ code: 'usage', message: 'empty.txt is there already.' });
    expect(await readFile(join(world.output, 'empty.txt'), 'utf8')).toBe('mine');
    expect(world.chain.broadcasts).toEqual([]);
  });

  test('refuses an output that is a file', async () => {
    world = await buyerWorld(dataset);
    await writeFile(world.output, 'mine');
    await expect(run()).rejects.toMatchObject({
      code: 'usage',
      message: `${world.output} is there already and is no folder.`,
    });
    expect(world.chain.broadcasts).toEqual([]);
  });

  test('goes on in a new channel when the life of the first runs out', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    const { shop, chain, buyer, output } = world;
    let aged = false;
    await buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output }, (event) => {
      if (event.kind === 'funding-sent' || event.kind === 'channel-closed') setImmediate(() => chain.mine());
      if (event.kind === 'chunk-paid' && !aged) {
        aged = true;
        chain.mine(41);
      }
    });
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    const channels = [...shop.channels.values()];
    expect(channels.map(({ terms, paid }) => [terms.first, paid])).toEqual([
      [0, 2],
      [2, 1],
    ]);
    expect(channels[1]?.continues?.slice(0, 64)).toBe(channels[0]?.id);
  });

  test('stops at a signal and goes on with the same command', async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
    const stop = new AbortController();
    const { shop, chain, output } = world;
    const buyer = { ...world.buyer, signal: stop.signal };
    const interrupted = buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output }, (event) => {
      if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
      if (event.kind === 'chunk-paid') stop.abort();
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'interrupted' });
    await run();
    expect((await boughtBytes()).equals(dataset.data)).toBe(true);
    expect(fundings()).toBe(1);
  });

  test('is a usage error where the shop has no such dataset', async () => {
    world = await buyerWorld(dataset);
    const { buyer, shop, output } = world;
    const wrong = buy(buyer, { shopUrl: shop.url, dataset: 'letters', output });
    await expect(wrong).rejects.toEqual(new BuyerError('usage', 'The shop has no dataset named letters.'));
  });
});
