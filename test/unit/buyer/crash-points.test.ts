import promises, { type FileHandle, open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buy } from '../../../client/buyer/purchase.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';
import { scriptOf } from '../../support/fake-shop.ts';

/** Two chunks: enough for credit, a payment, a next link and an end. */
const dataset = smallDataset(2);
const PRICE = 6_000n;
const POLICY = { creditMinimumChunks: 2 };

let world: BuyerWorld;
let restore: () => void = () => undefined;
afterEach(async () => {
  restore();
  await world?.end();
});

function run() {
  const { shop, output, buyer, chain } = world;
  return buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output, wait: { deposit: false } }, (event) => {
    if (event.kind === 'funding-sent' || event.kind === 'confirmations') setImmediate(() => chain.mine());
  });
}

type Death = 'before' | 'within' | 'after' | 'power cut after';

/**
 * From the n-th journal line on nothing more is written, by any journal: what a killed process leaves behind. After a power
 * cut each journal is as long as it was at its last sync.
 */
async function dieAtLine(n: number, death: Death): Promise<void> {
  const probe = await open(join(world.home, 'probe'), 'w');
  const prototype: Pick<FileHandle, 'appendFile' | 'datasync'> = Object.getPrototypeOf(probe);
  await probe.close();
  const { appendFile, datasync } = prototype;
  const unsynced = new Map<FileHandle, number>();
  let line = 0;
  prototype.appendFile = async function (this: FileHandle, data, ...rest) {
    line += 1;
    if (line > n || (line === n && death === 'before')) throw new Error('killed');
    if (!unsynced.has(this)) unsynced.set(this, (await this.stat()).size);
    const text = String(data);
    const isCut = line === n && death === 'within';
    await appendFile.call(this, isCut ? text.slice(0, text.length >> 1) : text, ...rest);
    if (line < n) return;
    if (death === 'power cut after') for (const [file, length] of unsynced) await file.truncate(length);
    throw new Error('killed');
  };
  prototype.datasync = async function (this: FileHandle) {
    if (line >= n) throw new Error('killed');
    unsynced.delete(this);
    return datasync.call(this);
  };
  restore = () => Object.assign(prototype, { appendFile, datasync });
}

/** Runs until a purchase gets through: how often it was killed on the way. */
async function linesOfWholePurchase(): Promise<number> {
  world = await buyerWorld(dataset, { policy: POLICY });
  await world.deposit(50_000n);
  for (let line = 1; ; line++) {
    await dieAtLine(line, 'before');
    const died = await run().then(
      () => false,
      () => true,
    );
    restore();
    if (!died) return line;
  }
}

test('killed again and again, one journal line further each time, it ends as if nothing had happened', async () => {
  const kills = await linesOfWholePurchase();
  expect(kills).toBeGreaterThan(5);
  await expectBought();
});

/** Lines of an undisturbed purchase, those of the wallet among them. */
const LINES = 24;
// Death after a line is death before the step it guards; death within the next line, after the step: together all there is.
const DEATHS: readonly Death[] = ['within', 'after', 'power cut after'];
const cases = DEATHS.flatMap((death) =>
  Array.from({ length: LINES }, (_, line) => [death, line + 1] as const),
);

test.each(cases)(
  'killed %s journal line %i, the next run completes it and pays once',
  async (death, line) => {
    world = await buyerWorld(dataset, { policy: POLICY });
    await world.deposit(50_000n);
    await dieAtLine(line, death);
    await expect(run()).rejects.toThrow('killed');
    restore();
    expect(await run()).toMatchObject({ paid: PRICE });
    await expectBought();
  },
);

test('there are no more lines than those', async () => {
  world = await buyerWorld(dataset, { policy: POLICY });
  await world.deposit(50_000n);
  await dieAtLine(LINES + 1, 'within');
  expect(await run()).toMatchObject({ paid: PRICE });
});

test('what gets its final name is known to the journal for good: also a chunk that came after its payment', async () => {
  world = await buyerWorld(dataset, { policy: { creditMinimumChunks: 8 } });
  await world.deposit(50_000n);
  const probe = await open(join(world.home, 'probe'), 'w');
  const prototype: Pick<FileHandle, 'appendFile' | 'datasync'> = Object.getPrototypeOf(probe);
  await probe.close();
  const { appendFile, datasync } = prototype;
  const { rename } = promises;
  const unsynced = new Map<FileHandle, string>();
  const named: [name: string, unsynced: string][] = [];
  prototype.appendFile = async function (this: FileHandle, data, ...rest) {
    unsynced.set(this, `${unsynced.get(this) ?? ''}${data}`);
    return appendFile.call(this, data, ...rest);
  };
  prototype.datasync = async function (this: FileHandle) {
    await datasync.call(this);
    unsynced.delete(this);
  };
  promises.rename = async (from, to) => {
    named.push([basename(String(to)), [...unsynced.values()].join('')]);
    return rename(from, to);
  };
  restore = () => {
    Object.assign(prototype, { appendFile, datasync });
    Object.assign(promises, { rename });
  };
  await run();
  const files = dataset.manifest.files.map(({ path }) => basename(path));
  expect(named.filter(([name]) => files.includes(name)).sort()).toEqual(
    files.sort().map((name) => [name, '']),
  );
});

async function expectBought(): Promise<void> {
  const { shop, chain, output } = world;
  const parts = await Promise.all(dataset.manifest.files.map(({ path }) => readFile(join(output, path))));
  expect(Buffer.concat(parts).equals(dataset.data)).toBe(true);
  const funded = [...shop.channels.values()].filter(
    (channel) => chain.paymentsTo(scriptOf(channel)).length > 0,
  );
  expect(funded).toHaveLength(1);
  expect(chain.paymentsTo(scriptOf(funded[0] as never))).toHaveLength(1);
  expect(funded[0]?.paid).toBe(2);
}
