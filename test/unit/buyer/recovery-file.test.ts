import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodePlatform } from '../../../client/buyer/node/node-platform.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases } from '../../../client/buyer/purchase-journal.ts';
import { recoveryFile, restoreRecoveryFile } from '../../../client/buyer/recovery-file.ts';
import { refund } from '../../../client/buyer/refund.ts';
import { openWallet } from '../../../client/buyer/wallet.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

const dataset = smallDataset();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

let world: BuyerWorld;
beforeEach(async () => {
  world = await buyerWorld(dataset);
  await world.deposit(50_000n);
});
afterEach(() => world.end());

/** Buys until the first payment, and leaves with nothing but the file that was saved before the funding. */
async function buyAndLose(): Promise<Uint8Array> {
  const { shop, buyer, output, chain } = world;
  const stop = new AbortController();
  let saved: Uint8Array | undefined;
  const request = {
    shopUrl: shop.url,
    dataset: 'numbers',
    output,
    wait: { deposit: false },
    async beforeFunding() {
      expect(chain.broadcasts).toEqual([]);
      saved = await recoveryFile(buyer.home);
    },
  };
  const run = buy({ ...buyer, signal: stop.signal }, request, ({ kind }) => {
    if (kind === 'funding-sent') setImmediate(() => chain.mine());
    if (kind === 'chunk-paid') stop.abort();
  });
  await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  if (!saved) throw new Error('nothing was saved');
  await rm(output, { recursive: true });
  return saved;
}

function elsewhere() {
  const platform = nodePlatform(join(world.home, '..', 'other'), { environment: {} });
  return { ...world.buyer, ...platform };
}

test('what was saved before the funding brings the money back, without the shop', async () => {
  const file = await buyAndLose();
  const buyer = elsewhere();
  const restored = await restoreRecoveryFile(buyer.home, file);
  expect(restored).toEqual((await listPurchases(buyer.home)).map(({ id }) => id));
  await world.shop.stop();
  for (let block = 0; block < 61; block++) world.chain.mine();
  const [report] = await refund(buyer);
  const { status, capacity } = report ?? {};
  if (status?.kind !== 'sent') throw new Error(`the refund is ${status?.kind}`);
  expect([capacity, status.returned + status.fee]).toEqual([11_000n, 11_000n]);
});

test('the purchase goes on from it, although the shop knows of more payments', async () => {
  const file = await buyAndLose();
  const buyer = elsewhere();
  await restoreRecoveryFile(buyer.home, file);
  const { shop, output } = world;
  const result = await buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output }, ({ kind }) => {
    if (kind === 'channel-closed') setImmediate(() => world.chain.mine());
  });
  expect(result).toMatchObject({ paid: 11_000n, channels: [{ chunksPaid: 3 }] });
  expect(world.shop.channels.size).toBe(1);
});

test('what a home knows better stays, and what differs is not written over', async () => {
  const file = await buyAndLose();
  const { home } = world.buyer;
  const before = await recoveryFile(home);
  expect(await restoreRecoveryFile(home, file)).toEqual([]);
  expect(text(await recoveryFile(home))).toBe(text(before));
  const other = elsewhere().home;
  await openWallet(other, 'regtest');
  const own = await recoveryFile(other);
  await expect(restoreRecoveryFile(other, file)).rejects.toMatchObject({
    code: 'usage',
    message: 'The recovery file and what is here differ in wallet-regtest.json.',
  });
  expect(text(await recoveryFile(other))).toBe(text(own));
});

test.each([
  {},
  { format: 'spillway-recovery/1', kept: { '../wallet-regtest.json': '' } },
  { format: 'spillway-recovery/1', kept: { 'purchases/x.jsonl': '' } },
])('%j is refused', async (value) => {
  await expect(restoreRecoveryFile(world.buyer.home, bytes(value))).rejects.toMatchObject({
    code: 'usage',
    message: 'This is no recovery file.',
  });
});
