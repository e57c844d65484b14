import { type FileHandle, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuyLimits } from '../../../client/buyer/buyer-context.ts';
import { openJournalFile } from '../../../client/buyer/node/journal-file.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { purchaseRecord } from '../../../client/buyer/purchase-records.ts';
import { MAX_URLS_UNPAID } from '../../../shared/limits.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

const dataset = smallDataset(3);
const PRICE = 11_000n;
const KILLS = MAX_URLS_UNPAID + 3;

let world: BuyerWorld;
let now: number;
let restore: () => void = () => undefined;
beforeEach(async () => {
  world = await buyerWorld(dataset);
  await world.deposit(50_000n);
  now = Date.now();
});
afterEach(async () => {
  restore();
  await world.end();
});

function run(limits: BuyLimits = {}) {
  const { shop, output, chain } = world;
  const buyer = { ...world.buyer, clock: { now: () => now } };
  const request = { shopUrl: shop.url, dataset: 'numbers', output, limits, wait: { deposit: false } };
  return buy(buyer, request, (event) => {
    if (event.kind === 'funding-sent' || event.kind === 'confirmations') setImmediate(() => chain.mine());
  });
}

/** Nothing is written to any journal from this chunk's end on: what a killed process leaves behind. */
async function runKilledAt(chunk: number): Promise<void> {
  const probe = await open(join(world.home, 'probe'), 'w');
  const prototype: Pick<FileHandle, 'appendFile'> = Object.getPrototypeOf(probe);
  await probe.close();
  const original = prototype.appendFile;
  let dead = false;
  prototype.appendFile = async function (this: FileHandle, data, ...rest) {
    dead ||= String(data).includes(`"chunk-verified","chunk":${chunk}`);
    if (dead) throw new Error('killed');
    return original.call(this, data, ...rest);
  };
  restore = () => {
    prototype.appendFile = original;
  };
  await expect(run()).rejects.toThrow('killed');
  restore();
}

async function journalPath(): Promise<string> {
  const folder = join(world.home, 'purchases');
  return join(folder, (await readdir(folder)).find((name) => name.endsWith('.jsonl')) ?? '');
}

const asked = (chunk: number) =>
  world.shop.calls.filter((call) => call.startsWith('POST') && call.endsWith(`/chunks/${chunk}`)).length;

async function expectBought(): Promise<void> {
  const parts = dataset.manifest.files.map(({ path }) => readFile(join(world.output, path)));
  expect(Buffer.concat(await Promise.all(parts)).equals(dataset.data)).toBe(true);
  expect([...world.shop.channels.values()].map(({ paid }) => paid)).toEqual([3]);
}

test.each([
  ['asked for', 0, 1],
  ['a payment brought', 1, 0],
] as const)(
  'a link that was %s is used by every next run, however often they are killed',
  async (_, chunk, times) => {
    for (let kill = 0; kill < KILLS; kill++) await runKilledAt(chunk);
    expect(asked(chunk)).toBe(times);
    expect(await run()).toMatchObject({ paid: PRICE });
    expect(asked(chunk)).toBe(times);
    await expectBought();
  },
);

test('a link is asked for anew when the last one is about to end, and not before', async () => {
  world.shop.lies.link = (link) => ({ ...link, expiresAt: Math.floor(now / 1000) + 100 });
  await runKilledAt(0);
  now += 70_000;
  await runKilledAt(0);
  expect(asked(0)).toBe(1);
  now += 1_000;
  await runKilledAt(0);
  expect(asked(0)).toBe(2);
});

test('a kept link that the store refuses is renewed, and the new one is kept', async () => {
  // Whole segments would be found on the disk.
  world.shop.lies.corrupt = () => true;
  await expect(run()).rejects.toMatchObject({ code: 'bad-data' });
  delete world.shop.lies.corrupt;
  world.shop.lies.expiredLinks = 2;
  // The manifest is stored already: both refusals meet the chunk.
  await runKilledAt(0);
  expect(world.shop.lies.expiredLinks).toBe(0);
  const before = asked(0);
  expect(before).toBeGreaterThan(1);
  await runKilledAt(0);
  expect(asked(0)).toBe(before);
});

test('a kept link to another host is not followed, nor is the shop blamed for it', async () => {
  await runKilledAt(0);
  const path = await journalPath();
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(/"url":"http:\/\/127\.0\.0\.1:\d+\/chunks\/0"/);
  await writeFile(path, text.replace(/"url":"http:\/\/[^/]+/, '"url":"http://127.0.0.1:9'));
  expect(await run()).toMatchObject({ paid: PRICE });
  expect(asked(0)).toBe(2);
});

describe('where the shop gives no more links', () => {
  test('to a chunk that is not paid, it can be paid ahead, as the buyer is told', async () => {
    world.shop.lies.link = (link) => ({ ...link, expiresAt: 0 });
    // What is wrong on the disk is fetched again.
    world.shop.lies.corrupt = () => true;
    await expect(run()).rejects.toMatchObject({ code: 'bad-data' });
    delete world.shop.lies.corrupt;
    for (const channel of world.shop.channels.values()) channel.unpaidLinks = MAX_URLS_UNPAID;
    await expect(run()).rejects.toMatchObject({
      problem: 'too-many-urls',
      money: 'Nothing was paid for this chunk.',
      next: expect.stringContaining('`--ahead 1`'),
    });
    expect(await run({ ahead: 1 })).toMatchObject({ paid: PRICE });
    await expectBought();
  });

  test('to one that is paid, the buyer is told to wait for the next day', async () => {
    world.shop.lies.refuse = { path: /chunks\/0/, problem: 'too-many-urls', times: 1 };
    world.shop.lies.link = (link) => ({ ...link, expiresAt: 0 });
    // Refused while it is not paid: the payment that is under way is waited for, and it is asked for again.
    expect(await run({ ahead: 1 })).toMatchObject({ paid: PRICE });
    await rm(join(world.output, 'a/first.bin'));
    world.shop.lies.refuse = { path: /chunks\/0/, problem: 'too-many-urls', times: 1 };
    await expect(run()).rejects.toMatchObject({
      problem: 'too-many-urls',
      money: 'The chunk is paid for, and stays so.',
      next: expect.stringContaining('tomorrow'),
    });
    expect(await run()).toMatchObject({ paid: PRICE });
    await expectBought();
  });
});

test('a damaged link is reported without a word of it', async () => {
  const path = join(world.home, 'j.jsonl');
  const record = { v: 1, record: 'link-given', channel: 'ab'.repeat(32), chunk: 0, size: 1, expiresAt: 1 };
  for (const url of ['secret', `http://secret/${'a'.repeat(4_096)}`, ['secret']]) {
    await writeFile(path, `${JSON.stringify({ ...record, url })}\n`);
    const error = await openJournalFile(path, purchaseRecord).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'journal-damaged' });
    expect(String(error)).not.toContain('secret');
  }
});
