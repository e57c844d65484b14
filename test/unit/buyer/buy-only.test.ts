import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PurchaseEvent } from '../../../client/buyer/buyer-context.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases } from '../../../client/buyer/purchase-journal.ts';
import { manifestBytes } from '../../../shared/dataset/manifest.ts';
import { type BuyerWorld, buyerWorld, describeData, patternBytes } from '../../support/buyer-world.ts';

const MIB = 1024 * 1024;
const FILES = [
  { path: 'a/one', size: 3 * MIB },
  { path: 'a/two', size: 4 * MIB },
  { path: 'b', size: 9 * MIB },
  { path: 'empty', size: 0 },
  { path: 'z/last', size: 10 * MIB },
];
/** Six chunks, the last one of 1 MiB; `a` is in 0 and 1, `b` in 1 to 3, `z` in 3 to 5. */
const data = patternBytes(26 * MIB);
const manifest = describeData(data, FILES, 5 * MIB);
const dataset = { data, manifest, manifestBytes: manifestBytes(manifest) };

let world: BuyerWorld;
beforeEach(async () => {
  world = await buyerWorld(dataset);
  await world.deposit(100_000n);
});
afterEach(() => world.end());

function run(only?: readonly string[], onEvent: (event: PurchaseEvent) => void = () => undefined) {
  const { shop, output, buyer, chain } = world;
  const request = {
    shopUrl: shop.url,
    dataset: 'numbers',
    output,
    wait: { deposit: false },
    ...(only && { only }),
  };
  return buy(buyer, request, (event) => {
    onEvent(event);
    if (event.kind === 'funding-sent' || event.kind === 'channel-closed') setImmediate(() => chain.mine());
  });
}

async function filesThere(): Promise<string[]> {
  const entries = await readdir(world.output, { recursive: true, withFileTypes: true });
  const paths = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return paths
    .map((path) => path.slice(world.output.length + 1))
    .filter((path) => !path.startsWith('.spillway/'))
    .sort();
}

async function expectRight(): Promise<void> {
  let start = 0;
  for (const { path, size } of FILES) {
    const bytes = await readFile(join(world.output, path)).catch(() => undefined);
    if (bytes) expect([path, bytes.equals(data.subarray(start, start + size))]).toEqual([path, true]);
    start += size;
  }
}

const channels = () =>
  [...world.shop.channels.values()].map(({ terms, paid }) => [terms.first, terms.count, paid, terms.credit]);

test('a folder is bought by its chunks alone; its neighbours leave nothing behind', async () => {
  const events: PurchaseEvent[] = [];
  const result = await run(['a'], (event) => events.push(event));
  expect(result).toMatchObject({ files: ['a/one', 'a/two'], bytes: 7 * MIB, chunks: 2, paid: 10_000n });
  expect(channels()).toEqual([[0, 2, 2, 1]]);
  expect(await filesThere()).toEqual(['a/one', 'a/two']);
  expect((await readdir(world.output)).sort()).toEqual(['.spillway', 'a']);
  await expectRight();
  expect(events[0]).toMatchObject({
    kind: 'planned',
    price: 10_000n,
    bytes: 10 * MIB,
    part: { files: 2, chunks: 2, chunksOfDataset: 6, channels: 1 },
  });
  expect(events.findLast(({ kind }) => kind === 'bytes')).toMatchObject({ done: 10 * MIB, total: 10 * MIB });
  const sums = await readFile(join(world.output, result.notes.checksums ?? ''), 'utf8');
  expect(
    sums
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66)),
  ).toEqual(['a/one', 'a/two']);
});

test('what lies later is bought without credit, and the rest later for what is not paid yet', async () => {
  await run(['z/last', 'empty']);
  expect(channels()).toEqual([[3, 3, 3, 0]]);
  expect(await filesThere()).toEqual(['empty', 'z/last']);
  await run(['a']);
  expect(await filesThere()).toEqual(['a/one', 'a/two', 'empty', 'z/last']);
  const served = world.shop.served;
  const result = await run();
  expect(await filesThere()).toEqual(['a/one', 'a/two', 'b', 'empty', 'z/last']);
  await expectRight();
  expect(result).toMatchObject({ paid: 26_000n, bytes: 26 * MIB });
  expect(channels().map(([first, , paid]) => [first, paid])).toEqual([
    [3, 3],
    [0, 2],
    [2, 1],
  ]);
  // Chunks 1 and 3 come again for their halves of b, for nothing.
  expect(world.shop.served - served).toBeLessThanOrEqual(15 * MIB);
  expect(await run()).toMatchObject({ paid: 26_000n });
});

test('two ends of a dataset go through two channels, or one where a channel is dearer than what lies between', async () => {
  await run(['a/one', 'z/last']);
  expect(channels().map(([first, count]) => [first, count])).toEqual([
    [0, 1],
    [3, 3],
  ]);
  await world.end();
  world = await buyerWorld(dataset);
  await world.deposit(200_000n);
  Object.assign(world.chain, { feeRate: async () => 31_056n });
  await run(['a/one', 'z/last']);
  expect(channels().map(([first, count]) => [first, count])).toEqual([[0, 6]]);
  expect(await filesThere()).toEqual(['a/one', 'z/last']);
});

/** Stopped once a chunk is paid. */
async function interrupt(paidChunk: number, only?: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const { shop, output, buyer, chain } = world;
  const request = { shopUrl: shop.url, dataset: 'numbers', output, ...(only && { only }) };
  const stopped = buy({ ...buyer, signal: stop.signal }, request, (event) => {
    if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
    if (event.kind === 'chunk-paid' && event.chunk === paidChunk) stop.abort();
  });
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
}

const unfinished = async () =>
  (await filesThere()).flatMap((path) => /^\.spillway-partial-\w+\/(.*)/.exec(path)?.[1] ?? []);
const purchaseNow = async () => (await listPurchases(world.buyer.home))[0]?.state;

test.each([
  ['the whole dataset', [], undefined],
  ['some files first, and then for the whole dataset', ['empty'], undefined],
  ['other files', [], ['a', 'b']],
])('what came for %s stays when something else is asked for next', async (_, first, second) => {
  if (first.length > 0) await run(first);
  await interrupt(1, second);
  await run(['z/last']);
  expect(await unfinished()).toEqual(expect.arrayContaining(['a/one', 'a/two', 'b']));
  await run(second);
  expect(await filesThere()).toEqual(expect.arrayContaining(['a/one', 'a/two', 'b', 'z/last']));
  await expectRight();
});

test('what is paid and gone is fetched again where it is asked for, and only there', async () => {
  await run(['z/last']);
  await rm(join(world.output, 'z/last'));
  const { served } = world.shop;
  await run(['a']);
  expect(world.shop.served - served).toBe(10 * MIB);
  expect(await filesThere()).toEqual(['a/one', 'a/two']);
  expect(await run(['z'])).toMatchObject({ paid: 21_000n });
  await expectRight();
});

test('what was paid ahead of its arrival is fetched once it is asked for, and not before', async () => {
  await world.end();
  world = await buyerWorld(dataset, { policy: { creditMinimumChunks: 8 } });
  await world.deposit(100_000n);
  await interrupt(3);
  const { verified, channels: bought } = (await purchaseNow()) ?? {};
  expect([bought?.[0]?.paid, verified?.has(3)]).toEqual([4, false]);
  await run(['a']);
  expect((await purchaseNow())?.verified.has(3)).toBe(false);
  expect(await run(['z'])).toMatchObject({ paid: 26_000n });
  await expectRight();
});

test('asked for twice it is noted once; complete is what was bought as a whole', async () => {
  await run(['a']);
  await run(['a']);
  expect(await purchaseNow()).toMatchObject({ asked: [['a']], complete: false });
  await run();
  expect(await purchaseNow()).toMatchObject({ asked: [['a'], []], complete: true });
});

test('a file of the rest that is there already comes in the way of nothing', async () => {
  await mkdir(join(world.output, 'z'), { recursive: true });
  await writeFile(join(world.output, 'z/last'), 'mine');
  await run(['a']);
  await run(['empty']);
  expect(await readFile(join(world.output, 'z/last'), 'utf8')).toBe('mine');
});

test('interrupted, the same command goes on; a channel for more buys no more than what is asked for now', async () => {
  await interrupt(0);
  const result = await run(['a']);
  expect(result.files).toEqual(['a/one', 'a/two']);
  expect(channels()).toEqual([[0, 6, 2, 1]]);
  await expectRight();
  expect(await run()).toMatchObject({ paid: 26_000n });
  expect(await filesThere()).toEqual(['a/one', 'a/two', 'b', 'empty', 'z/last']);
  await expectRight();
});

test('only empty files cost nothing', async () => {
  expect(await run(['empty'])).toMatchObject({ paid: 0n, files: ['empty'] });
  expect(world.chain.broadcasts).toEqual([]);
  expect(await filesThere()).toEqual(['empty']);
});

test('a path that is not there, and a file of the rest that is there already, are refused before anything is bound', async () => {
  await expect(run(['c'])).rejects.toMatchObject({
    code: 'usage',
    message: 'The dataset has no file or folder "c".',
  });
  await expect(access(join(world.output, 'c'))).rejects.toThrow();
  expect(world.chain.broadcasts).toEqual([]);
  await run(['a']);
  const sent = world.chain.broadcasts.length;
  await mkdir(join(world.output, 'z'));
  await writeFile(join(world.output, 'z/last'), 'mine');
  await expect(run()).rejects.toMatchObject({ code: 'usage', message: 'z/last is there already.' });
  expect(world.chain.broadcasts).toHaveLength(sent);
});
