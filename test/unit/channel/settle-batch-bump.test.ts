import { sweep } from '../../../shared/channel/sweep.ts';
import { batchScene, CLOSE, fundingOf, L, ZONE } from '../../support/batch-scene.ts';
import { stored } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** A refund as far as the shop looks at it: not of version 3, and with one input. */
function refundOf({ txid, vout }: { readonly txid: string; readonly vout: number }): string {
  const hash = (txid.match(/../g) ?? []).reverse().join('');
  return `0200000001${hash}0${vout}00000000fdffffff01${'00'.repeat(8)}0000000000`;
}

describe('a batch that no block takes', () => {
  test('is replaced whole, every 15 blocks, each time by more than BIP125 asks', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const channels = await paying('alice bob carol');
    const [alice] = channels;
    if (!alice) throw new Error('three were opened');
    await at(CLOSE);
    shop.chain.rate = 4_000n;
    const first = await settled(alice);
    for (let height = CLOSE + 1; height < CLOSE + 15; height++) await at(height);
    expect((await settled(alice)).txid).toBe(first.txid);
    await at(CLOSE + 15);
    const second = await settled(alice);
    expect(second.txid).not.toBe(first.txid);
    expect(mempool.waiting()).toEqual([second.txid]);
    expect(second.members).toEqual(first.members);
    expect(shop.lines).toContainEqual({
      event: 'settlement-signed',
      fields: {
        channels: expect.arrayContaining([...second.members]),
        step: 'bump',
        fee: second.fee.toString(),
      },
    });
    const paid = mempool.paidBy(second.txid);
    expect(paid.fee).toBeGreaterThanOrEqual(mempool.paidBy(first.txid).fee + BigInt(paid.virtualSize));
    for (const channel of channels) {
      expect((await stored(shop, channel)).settlements.map(({ txid }) => txid)).toEqual([
        first.txid,
        second.txid,
      ]);
    }
  });

  test('is left as it is while the estimate stays, until the curve asks for more', async () => {
    const { shop, paying, at, settled } = await batchScene(tables());
    const [alice] = await paying('alice bob', {}, 1);
    if (!alice) throw new Error('two were opened');
    shop.chain.rate = 12_000n;
    await at(CLOSE);
    const { txid } = await settled(alice);
    // By the curve it would be a few satoshis more: not worth a variant that is kept for good.
    await at(CLOSE + 15);
    expect((await settled(alice)).txid).toBe(txid);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('pays for a child of the buyer’s too, once the curve has risen to it and not before', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice] = await paying('alice bob', {}, 10);
    if (!alice) throw new Error('two were opened');
    await at(CLOSE);
    const first = await settled(alice);
    mempool.addChild(first.txid, { fee: 20_000n, virtualSize: 1_000 });
    shop.chain.rate = 20_000n;
    // The curve has not come to the child’s 20,000: what no node would take is neither signed nor sent.
    for (const height of [CLOSE + 15, CLOSE + 30]) await at(height);
    expect((await stored(shop, alice)).settlements).toHaveLength(1);
    expect(shop.chain.broadcasts).toHaveLength(1);
    await at(CLOSE + 45);
    const second = await settled(alice);
    expect(mempool.waiting()).toEqual([second.txid]);
    const { fee, virtualSize } = mempool.paidBy(second.txid);
    expect(fee).toBeGreaterThanOrEqual(mempool.paidBy(first.txid).fee + 20_000n + BigInt(virtualSize));
  });

  test('is replaced whole though the index knows of one of its channels only', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob');
    if (!alice || !bob) throw new Error('two were opened');
    await at(CLOSE);
    shop.chain.rate = 4_000n;
    await shop.channels.change(bob.id, { states: ['CLOSING'] }, { dueAt: CLOSE + 40 });
    expect(await at(CLOSE + 15)).toMatchObject({ looked: 1 });
    const { txid, members } = await settled(bob);
    expect(members).toHaveLength(2);
    expect((await settled(alice)).txid).toBe(txid);
    expect(mempool.waiting()).toEqual([txid]);
  });

  test('is at the zone’s fee rate when the zone begins, and rises in it to everything but dust', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice] = await paying('alice bob carol');
    if (!alice) throw new Error('three were opened');
    const fees: [height: number, fee: bigint][] = [];
    for (let height = CLOSE; height < L; height += height < ZONE ? 5 : 1) {
      await at(height);
      const { fee } = await settled(alice);
      if (fees.at(-1)?.[1] !== fee) fees.push([height, fee]);
      expect(mempool.waiting()).toHaveLength(1);
    }
    const before = fees.filter(([height]) => height <= ZONE).at(-1)?.[1] ?? 0n;
    expect(before).toBeGreaterThanOrEqual(14_000n);
    expect(before).toBeLessThanOrEqual(15_000n);
    expect(fees.at(-1)?.[1]).toBe(30_000n - 294n);
    const all = fees.map(([, fee]) => fee);
    expect(all).toEqual(all.toSorted((one, other) => Number(one - other)));
    expect(shop.lines.some(({ event }) => event === 'sweep-failed')).toBe(false);
  });
});

describe('a batch whose first members enter the emergency zone', () => {
  test('is split where what they pay for themselves replaces it all; the others settle anew', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [urgent] = await paying('alice', {}, 10);
    const [relaxed] = await paying('bob carol', { refundHeight: L + 100 });
    if (!urgent || !relaxed) throw new Error('three were opened');
    await at(L + 100 - 144);
    const batch = await settled(urgent);
    expect(batch.members).toHaveLength(3);
    // Nobody looked in between, so the batch still pays what it paid then.
    await at(ZONE);
    const alone = await settled(urgent);
    expect(alone.members).toEqual([urgent.id]);
    expect(mempool.waiting()).toEqual([alone.txid]);
    await at(ZONE + 1);
    const rest = await settled(relaxed);
    expect(rest.members).toHaveLength(2);
    expect(rest.txid).not.toBe(batch.txid);
    expect(mempool.waiting().toSorted()).toEqual([alone.txid, rest.txid].toSorted());
    expect(shop.lines.some(({ event }) => event === 'sweep-failed')).toBe(false);
  });
});

describe('after L', () => {
  test('a refund in the mempool is out-bid by its channel alone, the others keep their settlement', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice] = await paying('alice', {}, 4);
    const [bob] = await paying('bob', { refundHeight: L + 100 }, 4);
    if (!alice || !bob) throw new Error('two were opened');
    await at(L + 100 - 144);
    expect((await settled(bob)).members).toHaveLength(2);
    shop.chain.setHeight(L);
    const refund = mempool.force(fundingOf(alice), refundOf(fundingOf(alice)), {
      fee: 2_000n,
      virtualSize: 138,
    });
    await sweep(shop);
    const alone = await settled(alice);
    expect(alone.members).toEqual([alice.id]);
    expect(mempool.waiting()).not.toContain(refund);
    expect(mempool.waiting()).toContain(alone.txid);
    expect(mempool.paidBy(alone.txid).fee).toBeGreaterThanOrEqual(2_000n + BigInt(alone.virtualSize));
    await at(L + 1);
    expect(mempool.waiting()).toHaveLength(2);
    mempool.mine();
    await at(shop.chain.height() + 5);
    expect((await stored(shop, alice)).state).toBe('SETTLED');
    expect((await stored(shop, bob)).state).toBe('SETTLED');
  });

  test('of two that shared a settlement up to L, the one whose refund waits is fought for by itself', async () => {
    const { shop, mempool, paying, at, settled } = await batchScene(tables());
    const [alice, bob] = await paying('alice bob', {}, 4);
    if (!alice || !bob) throw new Error('two were opened');
    await at(CLOSE);
    shop.chain.setHeight(L);
    mempool.force(fundingOf(alice), refundOf(fundingOf(alice)), { fee: 2_000n, virtualSize: 138 });
    await sweep(shop);
    for (const channel of [alice, bob]) expect((await settled(channel)).members).toEqual([channel.id]);
    expect(mempool.waiting()).toHaveLength(2);
  });

  test('a refund that pays more than the share is let go, and told', async () => {
    const { shop, mempool, paying, at } = await batchScene(tables());
    const [alice] = await paying('alice');
    if (!alice) throw new Error('one was opened');
    await at(CLOSE);
    shop.chain.setHeight(L);
    mempool.force(fundingOf(alice), refundOf(fundingOf(alice)), { fee: 10_000n, virtualSize: 138 });
    await sweep(shop);
    expect(shop.lines).toContainEqual({
      event: 'settlement-uneconomic',
      fields: { channels: [alice.id], reason: 'refund-pays-more', least: '12247' },
    });
    mempool.mine();
    await at(shop.chain.height() + 5);
    expect((await stored(shop, alice)).state).toBe('EXPIRED');
  });
});
