import { Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { nodeHome } from '../../../client/buyer/node/node-home.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { listPurchases } from '../../../client/buyer/purchase-journal.ts';
import { bumpRate } from '../../../client/buyer/refund-bump.ts';
import { watchRefunds } from '../../../client/buyer/refund-watch.ts';
import { feeAt } from '../../../shared/settlement/fee-rate.ts';
import { leastReplacementFee } from '../../../shared/settlement/replacement.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';

const dataset = smallDataset();
let world: BuyerWorld;
beforeEach(async () => {
  world = await buyerWorld(dataset);
  await world.deposit(50_000n);
});
afterEach(() => world.end());

/** A buyer whose shop sent bad data: its money waits for the refund height. */
async function bound(): Promise<number> {
  const { shop, output, buyer, chain } = world;
  shop.lies.corrupt = () => true;
  const request = { shopUrl: shop.url, dataset: shop.manifestId, output, wait: { deposit: false } };
  await expect(
    buy(buyer, request, (event) => {
      if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
    }),
  ).rejects.toMatchObject({ code: 'bad-data' });
  chain.broadcasts.length = 0;
  return [...shop.channels.values()][0]?.terms.refundHeight ?? 0;
}

/** Answers each question for the tip with what the script does at that look; the watch looks at least once a round. */
function atEachLook(script: (look: number) => void): void {
  const { tip } = world.chain;
  let look = 0;
  world.chain.tip = async () => {
    script(look++);
    return tip();
  };
}

function feesPaid(capacity: bigint): bigint[] {
  return world.chain.broadcasts.map((raw) => capacity - BigInt(Transaction.fromHex(raw).outs[0]?.value ?? 0));
}

async function capacityOf(): Promise<bigint> {
  const [purchase] = await listPurchases(nodeHome(world.home));
  return purchase?.state.channels[0]?.terms.capacity ?? 0n;
}

describe('watching', () => {
  test('nothing is sent before the refund height; at it the fee is what it is then', async () => {
    const refundHeight = await bound();
    const { chain } = world;
    chain.rate = 7_000n;
    atEachLook(() => {
      expect(chain.broadcasts.length === 0 || chain.height() >= refundHeight).toBe(true);
      chain.mine();
    });
    const [report] = await watchRefunds(world.buyer);
    expect(report?.status).toMatchObject({ kind: 'ended', by: 'refund' });
    expect(chain.broadcasts).toHaveLength(1);
    const [fee = 0n] = feesPaid(await capacityOf());
    const virtualSize = Transaction.fromHex(chain.broadcasts[0] ?? '').virtualSize();
    expect(fee).toBeGreaterThanOrEqual(feeAt(7_000n, virtualSize));
    expect(fee).toBeLessThanOrEqual(feeAt(7_000n, virtualSize + 2));
  });

  test('an estimate that rises is followed, each replacement in the journal before it is sent', async () => {
    const refundHeight = await bound();
    const { chain } = world;
    chain.mine(refundHeight - chain.height());
    const { broadcast } = chain;
    chain.broadcast = async (raw) => {
      const [purchase] = await listPurchases(nodeHome(world.home));
      expect(purchase?.state.channels[0]?.returnSent?.raw).toBe(raw);
      return broadcast(raw);
    };
    atEachLook((look) => {
      if (look === 4) chain.rate = 9_000n;
      if (look === 10) chain.mine();
    });
    const events: string[] = [];
    const [report] = await watchRefunds(world.buyer, {}, ({ kind }) => events.push(kind));
    expect(report?.status).toMatchObject({ kind: 'ended', by: 'refund' });
    const [first = 0n, second = 0n, ...others] = feesPaid(await capacityOf());
    expect(second).toBeGreaterThan(first * 4n);
    expect(others).toEqual([]);
    expect(events).toEqual(['returned']);
  });

  test('six blocks without it and more is paid, whatever the estimate says', async () => {
    const refundHeight = await bound();
    const { chain } = world;
    chain.mine(refundHeight - chain.height());
    let emptyBlocks = 0;
    const { tip } = chain;
    // Blocks come and none takes it, until the third one that was sent.
    chain.tip = async () => {
      const at = await tip();
      if (chain.broadcasts.length === 3) chain.mine();
      else emptyBlocks += 1;
      return { ...at, height: at.height + emptyBlocks };
    };
    const [report] = await watchRefunds(world.buyer);
    expect(report?.status).toMatchObject({ kind: 'ended', by: 'refund' });
    const [first = 0n, second = 0n, third = 0n] = feesPaid(await capacityOf());
    expect(chain.broadcasts).toHaveLength(3);
    expect(second * 4n).toBeGreaterThanOrEqual(first * 5n);
    expect(third * 4n).toBeGreaterThanOrEqual(second * 5n);
  });

  test('a settlement ends it, and is not fought while it waits', async () => {
    const { shop, output, buyer, chain } = world;
    await buy(
      buyer,
      { shopUrl: shop.url, dataset: shop.manifestId, output, wait: { deposit: false } },
      (event) => {
        if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
      },
    );
    chain.broadcasts.length = 0;
    atEachLook((look) => {
      chain.rate = 50_000n;
      if (look === 5) chain.mine(300);
    });
    const [report] = await watchRefunds(buyer);
    expect(report?.status).toMatchObject({ kind: 'ended', by: 'settlement' });
    expect(chain.broadcasts).toEqual([]);
  });

  test('ends at once where no money is bound, and when it is interrupted', async () => {
    expect(await watchRefunds(world.buyer)).toEqual([]);
    await bound();
    const stop = new AbortController();
    const watching = watchRefunds({ ...world.buyer, signal: stop.signal });
    stop.abort();
    await expect(watching).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('what a replacement pays', () => {
  const entry = {
    fee: 280n,
    virtualSize: 140,
    descendantFees: 280n,
    descendantVirtualSize: 140,
    descendantCount: 1,
  };
  const relay = { incremental: 1_000n, floor: 1_000n };
  const waiting = { entry, relay, estimate: 2_000n, blocksWaited: 0, capacity: 100_000n };

  test.each([
    ['the estimate is paid already', {}, undefined],
    ['the estimate rose', { estimate: 9_000n }, 9_000n],
    ['the estimate rose by less than a replacement costs', { estimate: 2_100n }, 3_008n],
    ['the mempool would drop it', { relay: { ...relay, floor: 8_000n } }, 8_000n],
    ['five blocks passed', { blocksWaited: 5 }, undefined],
    ['six blocks passed', { blocksWaited: 6 }, 3_008n],
    ['it would cost more than half', { estimate: 9_000n, capacity: 2_500n }, undefined],
    ['nobody pays as much', { estimate: 1_000_001n, capacity: 10_000_000n }, undefined],
  ])('%s', (_, change, rate) => {
    expect(bumpRate({ ...waiting, ...change })).toBe(rate);
  });

  test('is never below what BIP125 asks, nor above half of what comes back', () => {
    const amount = (max: number) => fc.bigInt({ min: 0n, max: BigInt(max) });
    fc.assert(
      fc.property(
        fc.record({
          fee: amount(20_000),
          size: fc.integer({ min: 100, max: 150 }),
          estimate: amount(200_000),
          incremental: amount(5_000),
          blocksWaited: fc.nat({ max: 20 }),
          capacity: amount(1_000_000),
        }),
        ({ fee, size, estimate, incremental, blocksWaited, capacity }) => {
          const own = { ...entry, fee, descendantFees: fee, virtualSize: size, descendantVirtualSize: size };
          const rate = bumpRate({
            entry: own,
            estimate,
            relay: { incremental, floor: 1_000n },
            blocksWaited,
            capacity,
          });
          if (rate === undefined) return;
          const conflicts = [{ txid: '', fee, virtualSize: size, descendants: [] }];
          expect(feeAt(rate, size)).toBeGreaterThanOrEqual(
            leastReplacementFee({ conflicts, virtualSize: size + 1, incremental }),
          );
          expect(feeAt(rate, size + 1)).toBeLessThanOrEqual(capacity / 2n);
        },
      ),
    );
  });
});
