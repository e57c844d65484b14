import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import type { StoredSettlement } from '../../../shared/store/channel-record.ts';
import { dynamoRecords } from '../../../shared/store/shop-records.ts';
import {
  type ChannelShop,
  channelShop,
  lastSettlement,
  open,
  openAndPaid,
  propose,
  START,
  stored,
} from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const recordsOf = ({ table }: ChannelShop) => dynamoRecords(tables().client, table);

/** As large as that of a full batch. */
const settlement = (number: number): StoredSettlement => ({
  txid: number.toString(16).padStart(64, '0'),
  raw: 'ab'.repeat(10_000),
  fee: 1_000n + BigInt(number),
  virtualSize: 9_900,
  signedAtHeight: 1_000,
  members: [],
});

test('every channel and settlement is read, once, over more pages than one, and nothing else', async () => {
  const shop = await channelShop(tables());
  const channels = [await open(shop, 'alice'), await propose(shop, 'bob'), await propose(shop, 'carol')];
  const settlements = Array.from({ length: 70 }, (_, number) => settlement(number));
  for (const each of settlements) await shop.channels.putSettlement(each);
  await shop.channels.countPaidLink(channels[0]?.id ?? '', 0, 1, 20);
  await shop.channels.noteSweep(START, 1_000);

  const send = jest.spyOn(tables().client, 'send');
  const found = { channels: new Map<string, unknown>(), settlements: new Map<string, unknown>(), all: 0 };
  for await (const record of recordsOf(shop).all()) {
    found.all++;
    if (record.kind === 'channel') found.channels.set(record.channel.id, record.channel);
    else found.settlements.set(record.settlement.txid, record.settlement);
  }
  // A page holds one megabyte.
  expect(send).toHaveBeenCalledTimes(2);
  send.mockRestore();
  expect(found.all).toBe(73);
  for (const channel of channels) {
    expect(found.channels.get(channel.id)).toEqual(await stored(shop, channel));
  }
  expect([...found.settlements.values()]).toHaveLength(70);
  for (const each of settlements) expect(found.settlements.get(each.txid)).toEqual(each);
});

test('the last sweep is read, and that there was none', async () => {
  const shop = await channelShop(tables());
  expect(await recordsOf(shop).lastSweep()).toBeUndefined();
  await shop.channels.noteSweep(START, 1_000);
  await shop.channels.noteSweep(START + 60_000, 1_001);
  expect(await recordsOf(shop).lastSweep()).toEqual({ at: START + 60_000, height: 1_001 });
});

test('an item that is damaged is named, not passed over', async () => {
  const shop = await channelShop(tables());
  const Item = { pk: { S: 'CHANNEL#00' }, sk: { S: 'CHANNEL' }, paid: { N: '1' } };
  await tables().client.send(new PutItemCommand({ TableName: shop.table, Item }));
  const read = async () => {
    for await (const _ of recordsOf(shop).all());
  };
  await expect(read()).rejects.toThrow(/^the item CHANNEL#00 of the table is damaged: /);
});

test('reading it costs less than 0.4 read units a sale, as docs/deploy.md says', async () => {
  const shop = await channelShop(tables());
  const sales = 10;
  for (let sale = 0; sale < sales; sale++) {
    const channel = await openAndPaid(shop, `buyer ${sale}`, 12);
    const closing = (await closeChannel(shop, channel)).channel;
    const { raw, txid } = await lastSettlement(shop, closing);
    if (channel.funding) shop.chain.spendBy(channel.funding.outpoint, raw, txid);
    // Fetched once more afterwards: a counter that stays for two days.
    await issueChunk(shop, closing, 3);
  }
  shop.chain.mine(6);
  await sweep(shop);
  const { ConsumedCapacity } = await tables().client.send(
    new ScanCommand({ TableName: shop.table, ReturnConsumedCapacity: 'TOTAL' }),
  );
  expect(ConsumedCapacity?.CapacityUnits).toBeGreaterThan(0.2 * sales);
  expect(ConsumedCapacity?.CapacityUnits).toBeLessThan(0.4 * sales);
});
