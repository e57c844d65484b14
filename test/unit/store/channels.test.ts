import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { channelFromItem, channelKey, channelToItem, dueShard } from '../../../shared/store/channel-item.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { dynamoChannels } from '../../../shared/store/dynamo-channels.ts';
import { DUE_SHARDS } from '../../../shared/store/table.ts';
import { CHANGE_SCRIPT, CHUNK, SELLER_KEY } from '../../support/channel-shop.ts';
import { dueAt, forgetAt, rawItem } from '../../support/raw-item.ts';
import { availableTables, type RunningTables } from '../../support/tables.ts';

const idOf = (index: number) =>
  index
    .toString(16)
    .padStart(64, '0')
    .replace(/^../, (index % 256).toString(16).padStart(2, '0'));

const channelOf = (index: number, overrides: Partial<Channel> = {}): Channel => ({
  id: idOf(index),
  state: 'PROPOSED',
  terms: {
    network: 'regtest',
    buyerKey: SELLER_KEY,
    sellerKey: SELLER_KEY,
    manifest: 'ab'.repeat(32),
    first: 3,
    count: 9,
    pricePerChunk: 2_100_000_000_000_000n,
    credit: 1,
    capacity: 60_000n,
    refundHeight: 499_999_999,
    changeScript: CHANGE_SCRIPT,
    nonce: new Uint8Array(16).fill(index),
  },
  shape: { totalSize: 11 * CHUNK + 1, chunkSize: CHUNK },
  channelKey: SELLER_KEY,
  contiguous: true,
  createdAt: 1_700_000_000_000,
  refunds: [],
  voided: false,
  paid: 0,
  paidBefore: 0,
  delivered: 0,
  unpaidLinks: 0,
  settlements: [],
  ...overrides,
});

const FORGET = 1_700_003_600;
const outpoint = { txid: '12'.repeat(32), vout: 12_000 };

describe.each(availableTables())('channels on $name', ({ start }) => {
  let tables: RunningTables;
  beforeAll(async () => {
    tables = await start();
  }, 30_000);
  afterAll(() => tables.stop());

  const empty = async () => {
    const table = await tables.createTable();
    return { tables, table, channels: dynamoChannels(tables.client, table) };
  };
  const withOne = async () => {
    const store = await empty();
    const channel = channelOf(1);
    expect(await store.channels.propose(channel, 0, FORGET)).toBe(true);
    return { ...store, channel };
  };

  test('what was proposed is what is got', async () => {
    const { channels, channel, ...store } = await withOne();
    expect(await channels.get(channel.id)).toEqual(channel);
    expect(await channels.get(idOf(2))).toBeUndefined();
    expect(await forgetAt(store, channel)).toBe(FORGET);
    expect(await dueAt(store, channel)).toBeUndefined();
  });

  test('every change comes back, alone and together', async () => {
    const { channels, channel } = await withOne();
    const refund = { outpoint, signature: new Uint8Array(64).fill(1) };
    const settlement = { txid: '34'.repeat(32), signedAtHeight: 1_001 };
    const funding = { outpoint, height: 1_000, blockHash: '56'.repeat(32) };
    const changed = await channels.change(
      channel.id,
      { states: ['PROPOSED'] },
      {
        state: 'OPEN',
        claimed: outpoint,
        funding,
        voided: true,
        paid: 2,
        commitment: new Uint8Array(64).fill(2),
        delivered: 3,
        unpaidLinks: 1,
        addRefund: refund,
        addSettlement: settlement,
        spend: { txid: '78'.repeat(32), height: 1_002 },
        dueAt: 7,
      },
    );
    const expected: Channel = {
      ...channel,
      state: 'OPEN',
      claimed: outpoint,
      funding,
      voided: true,
      paid: 2,
      commitment: new Uint8Array(64).fill(2),
      delivered: 3,
      unpaidLinks: 1,
      refunds: [refund],
      settlements: [settlement],
      spend: { txid: '78'.repeat(32), height: 1_002 },
    };
    expect(changed).toEqual(expected);
    expect(await channels.get(channel.id)).toEqual(expected);
    // Lists grow at their end, and a spend that is not confirmed has no height.
    const later = await channels.change(
      channel.id,
      { states: ['OPEN'] },
      {
        addRefund: { ...refund, outpoint: { ...outpoint, vout: 1 } },
        addSettlement: { ...settlement, signedAtHeight: 990 },
        spend: { txid: '78'.repeat(32) },
        oneMoreUnpaidLink: true,
      },
    );
    expect(later).toEqual({
      ...expected,
      refunds: [refund, { ...refund, outpoint: { ...outpoint, vout: 1 } }],
      settlements: [settlement, { ...settlement, signedAtHeight: 990 }],
      spend: { txid: '78'.repeat(32) },
      unpaidLinks: 2,
    });
  });

  test('an expectation that does not hold changes nothing', async () => {
    const { channels, channel } = await withOne();
    await channels.change(
      channel.id,
      { states: ['PROPOSED'] },
      { state: 'OPEN', claimed: outpoint, paid: 5, delivered: 6, unpaidLinks: 3 },
    );
    const before = await channels.get(channel.id);
    const states = ['OPEN'] as const;
    const failing = [
      { states: ['PROPOSED', 'CLOSING'] as const },
      { states, paid: 4 },
      { states, paidBelow: 5 },
      { states, paidAtLeast: 6 },
      { states, delivered: 5 },
      { states, unpaidLinksBelow: 3 },
      { states, unclaimed: true as const },
      { states, refunds: 1 },
      { states, settlements: 1 },
    ];
    for (const expectation of failing) {
      expect(await channels.change(channel.id, expectation, { paid: 9, dueAt: 1 })).toBeUndefined();
    }
    expect(await channels.get(channel.id)).toEqual(before);
    const holding = {
      states: ['PROPOSED', 'OPEN'] as const,
      paid: 5,
      paidBelow: 6,
      paidAtLeast: 5,
      delivered: 6,
      unpaidLinksBelow: 4,
      refunds: 0,
      settlements: 0,
    };
    expect((await channels.change(channel.id, holding, { paid: 9 }))?.paid).toBe(9);
    expect(await channels.change(idOf(77), { states }, { paid: 1 })).toBeUndefined();
    expect(await channels.get(idOf(77))).toBeUndefined();
  });

  test('a proposal takes the place of a forgotten one alone', async () => {
    const { channels, channel } = await withOne();
    const { createdAt } = channel;
    const later = { ...channel, createdAt: createdAt + 9 };
    expect(await channels.propose(later, createdAt - 1, FORGET)).toBe(false);
    expect(await channels.propose(later, createdAt, FORGET)).toBe(true);
    expect(await channels.get(channel.id)).toEqual(later);
    for (const change of [{ claimed: outpoint }, { state: 'REFUSED' as const }]) {
      const other = channelOf(change.state ? 3 : 2);
      await channels.propose(other, 0, FORGET);
      const kept = await channels.change(other.id, { states: ['PROPOSED'] }, change);
      expect(await channels.propose(other, createdAt + 1, FORGET)).toBe(false);
      expect(await channels.get(other.id)).toEqual(kept);
    }
  });

  test('whoever relies on the record takes its TTL away; archiving sets it and ends the dues', async () => {
    const { channels, channel, ...store } = await withOne();
    const states = ['PROPOSED'] as const;
    await channels.change(channel.id, { states }, { voided: false });
    expect(await forgetAt(store, channel)).toBe(FORGET);
    await channels.change(channel.id, { states }, { dueAt: 0 });
    expect([await forgetAt(store, channel), await dueAt(store, channel)]).toEqual([undefined, 0]);
    await channels.change(channel.id, { states }, { archiveAt: FORGET + 1 });
    expect([await forgetAt(store, channel), await dueAt(store, channel)]).toEqual([FORGET + 1, undefined]);
    expect(await channels.due(1_000_000, 10)).toEqual([]);
    const signature = new Uint8Array(64);
    await channels.change(channel.id, { states }, { addRefund: { outpoint, signature } });
    expect(await forgetAt(store, channel)).toBeUndefined();
  });

  test('a buyer key is bound once, to the one who came first', async () => {
    const { channels } = await empty();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => channels.claimBuyerKey(SELLER_KEY, idOf(index))),
    );
    const winner = claims.indexOf(true);
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await channels.claimBuyerKey(SELLER_KEY, idOf(winner))).toBe(true);
    expect(await channels.claimBuyerKey(SELLER_KEY, idOf(winner + 1))).toBe(false);
    expect(await channels.claimBuyerKey(CHANGE_SCRIPT, idOf(winner + 1))).toBe(true);
  });

  test('links are counted by channel, chunk and day, exactly', async () => {
    const { channels, channel } = await withOne();
    const counted = await Promise.all(
      Array.from({ length: 30 }, () => channels.countPaidLink(channel.id, 0, 19_675, 20)),
    );
    expect(counted.filter(Boolean)).toHaveLength(20);
    expect(await channels.countPaidLink(channel.id, 1, 19_675, 20)).toBe(true);
    expect(await channels.countPaidLink(channel.id, 0, 19_676, 20)).toBe(true);
    expect(await channels.countPaidLink(idOf(2), 0, 19_675, 20)).toBe(true);
    expect(await channels.get(channel.id)).toEqual(channel);
  });

  test('what is due comes from all shards, the most urgent first, no more than wanted', async () => {
    const { channels } = await empty();
    const heights = [9, 3, 7, 1, 8, 2, 6, 4, 5, 0, 10, 11];
    for (const [index, dueHeight] of heights.entries()) {
      const channel = channelOf(index);
      await channels.propose(channel, 0, FORGET);
      await channels.change(channel.id, { states: ['PROPOSED'] }, { dueAt: dueHeight });
    }
    await channels.propose(channelOf(99), 0, FORGET);
    const byHeight = (height: number) => idOf(heights.indexOf(height));
    expect(await channels.due(4, 100)).toEqual([0, 1, 2, 3, 4].map(byHeight));
    expect(await channels.due(100, 3)).toEqual([0, 1, 2].map(byHeight));
    expect(await channels.due(-1, 100)).toEqual([]);
    expect(new Set(heights.map((_, index) => dueShard(idOf(index)))).size).toBe(DUE_SHARDS);
  });

  test('an item that is not a channel is refused where it is read', async () => {
    const { channels, channel, table } = await withOne();
    const good = await rawItem({ tables, table }, channel);
    const bad: Record<string, AttributeValue>[] = [
      { paid: { S: '1' } },
      { paid: { N: '-1' } },
      { paid: { N: '1.5' } },
      { state: { S: 'PAID' } },
      { refunds: { L: [{ M: {} }] } },
      { channelKey: { S: 'text' } },
      { terms: { S: 'no json' } },
      { funding: { M: { outpoint: { M: { txid: { S: 'ab' }, vout: { N: '0' } } } } } },
    ];
    for (const change of bad) {
      await tables.client.send(new PutItemCommand({ TableName: table, Item: { ...good, ...change } }));
      await expect(channels.get(channel.id)).rejects.toThrow();
    }
    const { settlements: _, ...without } = good;
    await tables.client.send(new PutItemCommand({ TableName: table, Item: without }));
    await expect(channels.get(channel.id)).rejects.toThrow();
  });

  test('a failure that is no failed condition is thrown', async () => {
    const channels = dynamoChannels(tables.client, 'no-such-table');
    const channel = channelOf(1);
    await expect(channels.get(channel.id)).rejects.toThrow();
    await expect(channels.propose(channel, 0, FORGET)).rejects.toThrow();
    await expect(channels.change(channel.id, { states: ['OPEN'] }, { paid: 1 })).rejects.toThrow();
    await expect(channels.claimBuyerKey(SELLER_KEY, channel.id)).rejects.toThrow();
    await expect(channels.countPaidLink(channel.id, 0, 1, 1)).rejects.toThrow();
  });
});

test('an item holds the terms as they were sent, and nothing that TTL could take for its own', () => {
  const channel = channelOf(1);
  const item = channelToItem(channel);
  expect(channelFromItem(item)).toEqual(channel);
  expect(item).toMatchObject(channelKey(channel.id));
  expect(item).not.toHaveProperty('expiresAt');
  expect(item).not.toHaveProperty('dueHeight');
});
