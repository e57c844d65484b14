import { Transaction } from 'bitcoinjs-lib';
import type { PurchaseEvent } from '../../../client/buyer/buyer-context.ts';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases, openPurchase, purchaseId } from '../../../client/buyer/purchase-journal.ts';
import { refund } from '../../../client/buyer/refund.ts';
import { buyerStatus } from '../../../client/buyer/status.ts';
import type { BroadcastOutcome } from '../../../shared/chain/chain.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';
import { scriptOf } from '../../support/fake-shop.ts';

const dataset = smallDataset(2);
const PRICE = 6_000n;

let world: BuyerWorld;
beforeEach(async () => {
  world = await buyerWorld(dataset, { policy: { creditMinimumChunks: 2 } });
  await world.deposit(50_000n);
});
afterEach(() => world.end());

function run(listen: (event: PurchaseEvent) => void = () => undefined) {
  const { shop, output, buyer, chain } = world;
  return buy(
    buyer,
    { shopUrl: shop.url, dataset: shop.manifestId, output, wait: { deposit: false } },
    (event) => {
      listen(event);
      if (event.kind === 'confirmations') setImmediate(() => chain.mine());
    },
  );
}

async function channels() {
  const [purchase] = await listPurchases(nodeHome(world.home));
  return purchase?.state.channels ?? [];
}

describe('a funding that no node takes', () => {
  test.each<BroadcastOutcome>([
    { kind: 'fee-too-low', detail: 'min relay fee not met' },
    { kind: 'mempool-full', detail: 'mempool full' },
    { kind: 'missing-inputs', detail: 'bad-txns-inputs-missingorspent' },
  ])('for $kind is replaced by one that conflicts with it, its refund signed first', async (outcome) => {
    world.chain.outcomes.push(outcome);
    world.chain.rate = 2_000n;
    const result = await run((event) => {
      if (event.kind === 'funding-sent') world.chain.rate += 1_000n;
    });
    expect(result.paid).toBe(PRICE);
    const [channel] = await channels();
    expect(channel?.fundings).toHaveLength(2);
    const [first, second] = (channel?.fundings ?? []).map(({ raw }) => Transaction.fromHex(raw ?? ''));
    expect(second?.ins[0]?.hash).toEqual(first?.ins[0]?.hash);
    expect(channel?.fundings.every(({ refundSignature }) => refundSignature !== undefined)).toBe(true);
    expect(channel?.fundings[1]?.fee).toBeGreaterThan(channel?.fundings[0]?.fee ?? 0n);
  });

  test('for good is an error, and the next run tries it again', async () => {
    world.chain.outcomes.push({ kind: 'rejected', detail: 'bad-txns' });
    await expect(run()).rejects.toMatchObject({
      code: 'funding-failed',
      message: 'The node refuses the funding: bad-txns.',
    });
    await expect(run()).resolves.toMatchObject({ paid: PRICE });
    expect(await channels()).toHaveLength(1);
  });
});

test('a channel that grew old before it was funded gives way to a new one', async () => {
  world.shop.lies.refuse = { path: /\/refund$/, problem: 'busy', times: 3 };
  await expect(run()).rejects.toMatchObject({ code: 'shop-unreachable' });
  world.chain.mine(40);
  await expect(run()).resolves.toMatchObject({ paid: PRICE });
  expect((await channels()).map(({ abandoned, paid }) => [abandoned, paid])).toEqual([
    [true, 0],
    [false, 2],
  ]);
  const funded = [...world.shop.channels.values()].filter(
    (one) => world.chain.paymentsTo(scriptOf(one)).length > 0,
  );
  expect(funded).toHaveLength(1);
});

test('the refund height is looked at once more just before the money is bound', async () => {
  const { chain } = world;
  const { tip } = chain;
  const bought = run((event) => {
    if (event.kind !== 'channel-opened') return;
    // Another source, far behind the one that the terms were made by.
    chain.tip = async () => ({ ...(await tip()), height: chain.height() - 2_000 });
  });
  await expect(bought).rejects.toMatchObject({ code: 'limit-exceeded' });
  expect(chain.broadcasts).toEqual([]);
});

test('a price that rose before the funding is looked at again, against the limit', async () => {
  world.shop.lies.refuse = { path: /\/refund$/, problem: 'busy', times: 3 };
  await expect(run()).rejects.toMatchObject({ code: 'shop-unreachable' });
  world.shop.channels.clear();
  world.shop.pricePerChunk = 10_000n;
  const { shop, output, buyer } = world;
  const again = buy(buyer, { shopUrl: shop.url, dataset: 'numbers', output, limits: { maxPrice: PRICE } });
  await expect(again).rejects.toMatchObject({ code: 'limit-exceeded' });
  expect(world.chain.broadcasts).toEqual([]);
});

test('a dataset that is no longer sold is finished all the same', async () => {
  const stop = new AbortController();
  const { shop, output, chain } = world;
  const buyer = { ...world.buyer, signal: stop.signal };
  const interrupted = buy(buyer, { shopUrl: shop.url, dataset: shop.manifestId, output }, (event) => {
    if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
    if (event.kind === 'chunk-paid') stop.abort();
  });
  await expect(interrupted).rejects.toMatchObject({ code: 'interrupted' });
  shop.lies.refuse = { path: /^\/datasets/, problem: 'not-found', times: 9 };
  await expect(run()).resolves.toMatchObject({ paid: PRICE });
});

test('coins that a killed run had taken and does not need are free again', async () => {
  const { shop, home, output, chain, wallet } = world;
  await world.deposit(1_000n);
  const sellerKey = (await (await fetch(`${shop.url}/shop`)).json()).sellerKey;
  const id = purchaseId(sellerKey, shop.manifestId, output);
  await wallet.takeCoins(chain, id, (inputs) => ({ inputs }));
  expect(await wallet.coins(chain)).toEqual([]);
  await run();
  expect(await wallet.coins(chain)).toMatchObject([{ value: 1_000n }, {}]);
  expect(await listPurchases(nodeHome(home))).toHaveLength(1);
});

test('two processes do not buy the same thing at once', async () => {
  const { shop, home, output, buyer } = world;
  const sellerKey = (await (await fetch(`${shop.url}/shop`)).json()).sellerKey;
  const journal = await openPurchase(nodeHome(home), purchaseId(sellerKey, shop.manifestId, output));
  await expect(run()).rejects.toMatchObject({ code: 'locked' });
  await journal.close();
  await run();
  const [purchase] = await listPurchases(nodeHome(home));
  const held = await openPurchase(nodeHome(home), purchase?.id ?? '');
  expect((await refund(buyer))[0]?.status).toEqual({
    kind: 'failed',
    reason: 'another process is buying through it',
  });
  await held.close();
});

test('the status tells money, chunks and channels', async () => {
  await run();
  world.chain.mine();
  const status = await buyerStatus(world.buyer);
  expect(status).toMatchObject({
    height: world.chain.height(),
    wallets: [{ network: 'regtest' }],
    purchases: [
      {
        name: 'numbers',
        complete: true,
        verified: 2,
        chunks: 2,
        paid: PRICE,
        channels: [{ state: 'closed' }],
      },
    ],
  });
  const [channel] = await channels();
  expect(status.wallets[0]?.balance).toBe(50_000n - PRICE - (channel?.fundings[0]?.fee ?? 0n));
});
