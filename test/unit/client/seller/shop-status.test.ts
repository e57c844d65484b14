import { Transaction } from 'bitcoinjs-lib';
import { listChannels } from '../../../../client/seller/list-channels.ts';
import { shopStatus } from '../../../../client/seller/shop-status.ts';
import { closeChannel } from '../../../../shared/channel/close-channel.ts';
import { sweep } from '../../../../shared/channel/sweep.ts';
import { PROPOSAL_LIFETIME_MS } from '../../../../shared/limits.ts';
import type { Channel } from '../../../../shared/store/channel-record.ts';
import { dynamoRecords } from '../../../../shared/store/shop-records.ts';
import {
  type ChannelShop,
  channelShop,
  DATASET,
  lastSettlement,
  open,
  openAndPaid,
  propose,
  START,
} from '../../../support/channel-shop.ts';
import { PRICES } from '../../../support/payout.ts';
import { tableServer } from '../../../support/table-server.ts';

const tables = tableServer();

const portsOf = ({ table, datasets, clock, policy }: ChannelShop) => ({
  datasets,
  records: dynamoRecords(tables().client, table),
  clock,
  policy,
  prices: PRICES,
});
const statusOf = (shop: ChannelShop) => shopStatus(portsOf(shop));
const listOf = async (shop: ChannelShop, request = {}) =>
  listChannels(portsOf(shop), { limit: 1_000, ...request });

const NOTHING = { chunks: 0, settled: 0n, unsettled: 0n, lost: 0n };
const NO_CHANNELS = {
  PROPOSED: 0,
  OPEN: 0,
  SUSPENDED: 0,
  CLOSING: 0,
  SETTLED: 0,
  CANCELLED: 0,
  REFUSED: 0,
  EXPIRED: 0,
};

function fundingOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding.outpoint;
}

/** Closed, its settlement in a block and final. @returns the settlement's fee */
async function settle(shop: ChannelShop, channel: Channel): Promise<bigint> {
  const closing = (await closeChannel(shop, channel)).channel;
  const { raw, txid, fee } = await lastSettlement(shop, closing);
  shop.chain.spendBy(fundingOf(channel), raw, txid);
  shop.chain.mine(6);
  await sweep(shop);
  return fee;
}

describe('the status', () => {
  test('of a shop that has not sold: its dataset, and that no schedule runs', async () => {
    const shop = await channelShop(tables());
    expect(await statusOf(shop)).toEqual({
      datasets: [
        {
          manifest: DATASET.manifest,
          name: 'weather',
          forSale: true,
          pricePerChunk: 5_000n,
          chunks: 12,
          sold: NOTHING,
        },
      ],
      prices: PRICES,
      channels: NO_CHANNELS,
      sold: NOTHING,
      fees: 0n,
      days: [],
      delivery: { paid: 0, unpaid: 0, neverPaid: 0 },
      settlements: [],
      warnings: ['The schedule never ran: no funding is confirmed and nothing is settled.'],
    });
  });

  test('counts what is settled, what is not, and what it cost, to the satoshi', async () => {
    const shop = await channelShop(tables());
    const other = await shop.publish(20);
    // Twelve chunks, of which the last is half a chunk: all 57,500 satoshis.
    const fee = await settle(shop, await openAndPaid(shop, 'alice', 12));
    const closing = await openAndPaid(shop, 'bob', 3);
    await closeChannel(shop, closing);
    await openAndPaid(shop, 'carol', 2, { manifest: other });
    await open(shop, 'dave', { manifest: other });
    await propose(shop, 'erin');
    await shop.datasets.takeOffSale(other);
    await sweep(shop);

    const { datasets, ...status } = await statusOf(shop);
    expect(status).toMatchObject({
      channels: { ...NO_CHANNELS, PROPOSED: 1, OPEN: 2, CLOSING: 1, SETTLED: 1 },
      sold: { chunks: 17, settled: 57_500n, unsettled: 25_000n, lost: 0n },
      fees: fee,
      lastSweep: { at: new Date(START).toISOString(), ageSeconds: 0, height: shop.chain.height() },
      warnings: [],
    });
    expect(fee).toBeGreaterThan(0n);
    expect(datasets.find(({ manifest }) => manifest === DATASET.manifest)?.sold).toEqual({
      ...NOTHING,
      chunks: 15,
      settled: 57_500n,
      unsettled: 15_000n,
    });
    expect(datasets.find(({ manifest }) => manifest === other)).toMatchObject({
      forSale: false,
      sold: { ...NOTHING, chunks: 2, unsettled: 10_000n },
    });
  });

  test('a settlement costs once for all its channels, and one that was replaced nothing', async () => {
    const shop = await channelShop(tables());
    const settlementOf = (txid: string, fee: bigint) =>
      shop.channels.putSettlement({ txid, raw: '00', fee, virtualSize: 295, signedAtHeight: 1, members: [] });
    const [replaced, mined] = ['aa'.repeat(32), 'bb'.repeat(32)];
    await settlementOf(replaced, 300n);
    await settlementOf(mined, 500n);
    for (const buyer of ['alice', 'bob']) {
      const { id } = await openAndPaid(shop, buyer, 12);
      const addSettlement = { txid: replaced, signedAtHeight: 1 };
      const spend = { txid: mined, height: 1_010 };
      await shop.channels.change(id, { states: ['OPEN'] }, { state: 'SETTLED', addSettlement, spend });
    }
    expect(await statusOf(shop)).toMatchObject({ sold: { settled: 115_000n }, fees: 500n });
  });

  test('the nearest deadline is that of money in no block, of whatever state', async () => {
    const shop = await channelShop(tables());
    const height = shop.chain.height();
    await open(shop, 'unpaid', { refundHeight: height + 400 });
    const nearest = await openAndPaid(shop, 'near', 1, { refundHeight: height + 500 });
    await openAndPaid(shop, 'far', 1, { refundHeight: height + 600 });
    await sweep(shop);
    const blocks = height + 500 - shop.chain.height();
    expect((await statusOf(shop)).deadline).toEqual({
      channelId: nearest.id,
      refundHeight: height + 500,
      blocks,
    });
    await settle(shop, nearest);
    expect((await statusOf(shop)).deadline?.refundHeight).toBe(height + 600);
  });

  test('it warns from 99 blocks before the buyer may take its payment back, as long as that is in no block', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const { refundHeight } = channel.terms;
    const warningsAt = async (height: number) => {
      shop.chain.setHeight(height);
      await sweep(shop);
      return (await statusOf(shop)).warnings;
    };
    expect(await warningsAt(refundHeight - 100)).toEqual([]);
    expect(await warningsAt(refundHeight - 99)).toEqual([
      '15000 sat on 1 channels are in no block, fewer than 100 blocks before the buyers may take them back.',
    ]);
    const closing = (await shop.channels.get(channel.id)) ?? channel;
    const { raw } = await lastSettlement(shop, closing);
    shop.chain.spendBy(fundingOf(channel), raw, Transaction.fromHex(raw).getId());
    expect(await warningsAt(refundHeight - 97)).toEqual([]);
  });

  test('it warns once the schedule is late by more than ten minutes', async () => {
    const shop = await channelShop(tables());
    await sweep(shop);
    shop.clock.advance(600_000);
    expect((await statusOf(shop)).warnings).toEqual([]);
    shop.clock.advance(1_000);
    expect(await statusOf(shop)).toMatchObject({
      lastSweep: { ageSeconds: 601 },
      warnings: ['The schedule last ran 10 minutes ago: until it runs again nothing is settled.'],
    });
  });

  test('what a buyer took back is lost, and said', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await shop.channels.change(
      channel.id,
      { states: ['OPEN'] },
      { state: 'EXPIRED', spend: { txid: 'ee'.repeat(32), height: 2_100 } },
    );
    await sweep(shop);
    expect(await statusOf(shop)).toMatchObject({
      sold: { chunks: 3, settled: 0n, unsettled: 0n, lost: 15_000n },
      fees: 0n,
      warnings: ['15000 sat were taken back by buyers before they were settled.'],
    });
  });

  test('a price that a changed policy rules out is told as long as it is for sale', async () => {
    const shop = await channelShop(tables());
    await sweep(shop);
    const dear = { ...portsOf(shop), prices: { least: 5_001n, most: 100_000_000n } };
    expect((await shopStatus(dear)).warnings).toEqual([
      'weather: at 5000 satoshis for a full chunk nobody could buy: by its policy this shop opens channels at 5001 to 100000000.',
    ]);
    await shop.datasets.takeOffSale(DATASET.manifest);
    expect((await shopStatus(dear)).warnings).toEqual([]);
  });

  test('a proposal that was forgotten is no channel', async () => {
    const shop = await channelShop(tables());
    await propose(shop, 'alice');
    shop.clock.advance(PROPOSAL_LIFETIME_MS);
    expect((await statusOf(shop)).channels).toEqual(NO_CHANNELS);
    expect(await listOf(shop)).toEqual({ channels: [], more: 0 });
  });
});

describe('the channels', () => {
  test('those that are not over come first, the nearest refund height before the others', async () => {
    const shop = await channelShop(tables());
    const height = shop.chain.height();
    const settled = await openAndPaid(shop, 'settled', 12, { refundHeight: height + 300 });
    await settle(shop, settled);
    const later = await openAndPaid(shop, 'later', 1, { refundHeight: height + 700 });
    const sooner = await open(shop, 'sooner', { refundHeight: height + 600 });
    await sweep(shop);
    const { channels, more } = await listOf(shop);
    expect([channels.map(({ channelId }) => channelId), more]).toEqual([
      [sooner.id, later.id, settled.id],
      0,
    ]);
    const record = await shop.channels.get(settled.id);
    expect(channels.at(-1)).toEqual({
      channelId: settled.id,
      state: 'SETTLED',
      manifest: DATASET.manifest,
      dataset: 'weather',
      paid: 12,
      count: 12,
      paidSatoshis: 57_500n,
      refundHeight: height + 300,
      blocks: height + 300 - shop.chain.height(),
      fundingTxid: fundingOf(settled).txid,
      settlementTxid: record?.settlements.at(-1)?.txid,
      spend: record?.spend,
    });
    expect(channels[0]).toMatchObject({ state: 'OPEN', paid: 0, paidSatoshis: 0n });
    expect(channels[0]).not.toHaveProperty('spend');
  });

  test('by state, and by dataset', async () => {
    const shop = await channelShop(tables());
    const other = await shop.publish(20);
    const closing = await openAndPaid(shop, 'alice', 1);
    await closeChannel(shop, closing);
    const elsewhere = await open(shop, 'bob', { manifest: other });
    const idsOf = async (request: object) =>
      (await listOf(shop, request)).channels.map(({ channelId }) => channelId);
    expect(await idsOf({ state: 'CLOSING' })).toEqual([closing.id]);
    expect(await idsOf({ dataset: other.slice(0, 10) })).toEqual([elsewhere.id]);
    expect(await idsOf({ dataset: other, state: 'CLOSING' })).toEqual([]);
    await expect(listOf(shop, { dataset: 'none' })).rejects.toMatchObject({
      code: 'usage',
      message: 'The shop has no dataset none.',
    });
  });

  test('no more than the limit, and how many there are besides', async () => {
    const shop = await channelShop(tables());
    const height = shop.chain.height();
    const expected: string[] = [];
    for (const [index, buyer] of ['a', 'b', 'c', 'd', 'e', 'f', 'g'].entries()) {
      // Proposed with falling deadlines, so that the first to be read are not the first to be shown.
      const channel = await propose(shop, buyer, { refundHeight: height + 400 - index });
      expected.unshift(channel.id);
    }
    const { channels, more } = await listOf(shop, { limit: 3 });
    expect(channels.map(({ channelId }) => channelId)).toEqual(expected.slice(0, 3));
    expect(more).toBe(4);
  });
});
