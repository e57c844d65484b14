import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PurchaseEvent } from '../../../client/buyer/buyer-context.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import type { PurchaseRecord } from '../../../client/buyer/purchase-records.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

/** Six chunks of one segment each. */
const dataset = smallDataset(6);
const PRICE = 26_000n;
const NO_CREDIT = { creditMinimumChunks: 8 };

let world: BuyerWorld;
let restore: () => void = () => undefined;
afterEach(async () => {
  restore();
  await world?.end();
});

async function start(credit: 0 | 1, further: { commitmentLimit?: number } = {}): Promise<void> {
  world = await buyerWorld(dataset, { policy: { ...(credit === 0 && NO_CREDIT), ...further } });
  await world.deposit(60_000n);
}

function run(ahead: number, onEvent: (event: PurchaseEvent) => void = () => undefined) {
  const { shop, output, buyer, chain } = world;
  const request = {
    shopUrl: shop.url,
    dataset: 'numbers',
    output,
    limits: { ahead },
    wait: { deposit: false },
  };
  return buy(buyer, request, (event) => {
    onEvent(event);
    if (event.kind === 'funding-sent' || event.kind === 'confirmations') setImmediate(() => chain.mine());
  });
}

async function journal(): Promise<PurchaseRecord[]> {
  const folder = join(world.home, 'purchases');
  const name = (await readdir(folder)).find((each) => each.endsWith('.jsonl')) ?? '';
  const text = await readFile(join(folder, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PurchaseRecord);
}

/** For every commitment, how far it went beyond the chunks that the journal knew here without a gap before it. */
function beyondVerified(records: readonly PurchaseRecord[]): number[] {
  const here = new Set<number>();
  return records.flatMap((record) => {
    if (record.record === 'chunk-verified') here.add(record.chunk);
    if (record.record !== 'commitment-signed') return [];
    let prefix = 0;
    while (here.has(prefix)) prefix += 1;
    return [record.k - prefix];
  });
}

async function expectBought(): Promise<void> {
  const parts = dataset.manifest.files.map(({ path }) => readFile(join(world.output, path)));
  expect(Buffer.concat(await Promise.all(parts)).equals(dataset.data)).toBe(true);
  expect([...world.shop.channels.values()].map(({ paid }) => paid)).toEqual([6]);
}

/** What waits for a number goes on once it has been seen. */
function sightings() {
  const seen = new Map<number, Sighting>();
  const at = (number: number) => {
    const entry = seen.get(number) ?? sighting();
    seen.set(number, entry);
    return entry;
  };
  return { see: (number: number) => at(number).see(), seen: (number: number) => at(number).when };
}

interface Sighting {
  readonly when: Promise<void>;
  readonly see: () => void;
}

function sighting(): Sighting {
  let see: () => void = () => undefined;
  const when = new Promise<void>((resolve) => {
    see = resolve;
  });
  return { when, see: () => see() };
}

test.each([
  [1, 1],
  [0, 2],
  [1, 3],
] as const)(
  'credit %i, ahead %i: the next chunk is asked for before a payment is answered',
  async (credit, ahead) => {
    await start(credit);
    const [asked, answered] = [sightings(), sightings()];
    let steady = 0;
    // Chunk n ends once the payment is answered that was sent when n was the next to end: the line is as fast as that.
    world.shop.lies.beforeChunk = async (chunk) => {
      asked.see(chunk);
      if (chunk > 0) await answered.seen(Math.min(6, chunk + ahead));
    };
    world.shop.lies.beforePaymentsAnswer = async (k) => {
      const next = k - ahead;
      // Not at the start, when nothing has come yet.
      if (next > 0) await asked.seen(next);
      if (next > 0) steady += 1;
      answered.see(k);
    };
    expect(await run(ahead)).toMatchObject({ paid: PRICE });
    expect(steady).toBeGreaterThan(1);
    await expectBought();
  },
);

test.each([
  [1, 0],
  [0, 1],
  [1, 1],
  [0, 3],
  [1, 3],
] as const)('credit %i, ahead %i: nothing is signed beyond what is here and that', async (credit, ahead) => {
  await start(credit);
  // As far as the window lets them, later chunks end first.
  const ended = sightings();
  const window = credit + ahead;
  world.shop.lies.afterChunk = ended.see;
  world.shop.lies.beforeChunk = async (chunk) => {
    if ((chunk + 1) % window !== 0 && chunk < 5) await ended.seen(chunk + 1);
  };
  expect(await run(ahead)).toMatchObject({ paid: PRICE });
  const order = (await journal()).flatMap((each) => (each.record === 'chunk-verified' ? [each.chunk] : []));
  expect(order.some((chunk, at) => chunk < (order[at - 1] ?? 0))).toBe(window > 1);
  expect(Math.max(...beyondVerified(await journal()))).toBe(ahead);
  await expectBought();
});

test('one payment adds no more than the shop takes at once', async () => {
  await start(1, { commitmentLimit: 2 });
  expect(await run(5)).toMatchObject({ paid: PRICE });
  const signed = (await journal()).flatMap((record) =>
    record.record === 'commitment-signed' ? [record.k] : [],
  );
  expect(signed.slice(0, 2)).toEqual([2, 4]);
  await expectBought();
});

/** From the n-th line on nothing is written to any journal: what a killed process leaves behind. */
async function dieAtLine(n: number): Promise<void> {
  const probe = await open(join(world.home, 'probe'), 'w');
  const prototype: Pick<FileHandle, 'appendFile'> = Object.getPrototypeOf(probe);
  await probe.close();
  const original = prototype.appendFile;
  let line = 0;
  prototype.appendFile = async function (this: FileHandle, data, ...rest) {
    line += 1;
    if (line >= n) throw new Error('killed');
    return original.call(this, data, ...rest);
  };
  restore = () => {
    prototype.appendFile = original;
  };
}

test.each([0, 1] as const)(
  'credit %i: killed again and again while several chunks come, it keeps to that',
  async (credit) => {
    await start(credit);
    let kills = 0;
    for (let line = 1; ; line++) {
      await dieAtLine(line);
      const died = await run(2).then(
        () => false,
        () => true,
      );
      restore();
      if (!died) break;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(5);
    const beyond = beyondVerified(await journal());
    expect(Math.max(...beyond)).toBeLessThanOrEqual(2);
    await expectBought();
  },
);

test('a wrong chunk costs no more than was paid ahead', async () => {
  await start(0);
  world.shop.lies.corrupt = (chunk) => chunk === 2;
  await expect(run(2)).rejects.toMatchObject({ code: 'bad-data', evidence: { chunk: 2 } });
  const [channel] = world.shop.channels.values();
  expect(channel?.paid).toBeLessThanOrEqual(4);
  expect(Math.max(...beyondVerified(await journal()))).toBe(2);
  // An honest shop again: what is here and paid is not fetched or paid twice.
  world.shop.lies.corrupt = () => false;
  expect(await run(2)).toMatchObject({ paid: PRICE });
  await expectBought();
});

test('nothing can be bought without credit and without paying ahead', async () => {
  await start(0);
  await expect(run(0)).rejects.toMatchObject({ code: 'limit-exceeded' });
  expect(world.chain.broadcasts).toEqual([]);
});

test('a channel whose time runs out gives what is paid, and a new one goes on', async () => {
  await start(1);
  let aged = false;
  const result = await run(2, (event) => {
    if (event.kind === 'channel-closed') setImmediate(() => world.chain.mine());
    if (event.kind !== 'chunk-paid' || aged) return;
    aged = true;
    world.chain.mine(41);
  });
  expect(result).toMatchObject({ paid: PRICE });
  const channels = [...world.shop.channels.values()].map(({ terms, paid }) => [terms.first, paid]);
  expect(channels.reduce((sum, [, paid = 0]) => sum + paid, 0)).toBe(6);
  expect(channels.length).toBeGreaterThan(1);
  const parts = dataset.manifest.files.map(({ path }) => readFile(join(world.output, path)));
  expect(Buffer.concat(await Promise.all(parts)).equals(dataset.data)).toBe(true);
});
