import { ShopActivity } from '../../../../client/seller/shop-activity.ts';
import type { Channel } from '../../../../shared/store/channel-record.ts';
import { dynamoRecords } from '../../../../shared/store/shop-records.ts';
import { type ChannelShop, channelShop, open, openAndPaid } from '../../../support/channel-shop.ts';
import { tableServer } from '../../../support/table-server.ts';

const tables = tableServer();
const DAY = 86_400_000;

let shop: ChannelShop;
beforeEach(async () => {
  shop = await channelShop(tables());
});

async function activity(): Promise<ShopActivity> {
  const sum = new ShopActivity();
  for await (const record of dynamoRecords(tables().client, shop.table).all()) sum.add(record);
  return sum;
}

const dayOf = () => new Date(shop.clock.now()).toISOString().slice(0, 10);
const change = (channel: Channel, what: object) =>
  shop.channels.change(channel.id, { states: [channel.state] }, what);

test('what was paid counts on the day of the proposal; a channel that paid nothing on none', async () => {
  const first = dayOf();
  await openAndPaid(shop, 'alice', 2);
  await openAndPaid(shop, 'bob', 12);
  await open(shop, 'carol');
  shop.clock.advance(2 * DAY);
  await openAndPaid(shop, 'dave', 1);
  // Twelve chunks, of which the last is half a chunk: 57,500 satoshis.
  expect((await activity()).days).toEqual([
    { day: first, channels: 2, chunks: 14, paid: 67_500n },
    { day: dayOf(), channels: 1, chunks: 1, paid: 5_000n },
  ]);
});

test('what was given on credit is told apart from what was paid, and from what never will be', async () => {
  const { chunkSize } = (await openAndPaid(shop, 'alice', 2)).shape;
  const onCredit = await openAndPaid(shop, 'bob', 1);
  await change(onCredit, { delivered: 2 });
  const thief = await open(shop, 'carol');
  await change(thief, { delivered: 1 });
  await change({ ...thief }, { state: 'EXPIRED' });
  expect((await activity()).delivery).toEqual({
    paid: 3 * chunkSize,
    // The next chunk of alice's came with the answer to her last payment.
    unpaid: 2 * chunkSize,
    neverPaid: chunkSize,
  });
});

test('settlements are told with how far they came, the last signed first', async () => {
  const sign = (txid: string, signedAtHeight: number, members: string[] = []) =>
    shop.channels.putSettlement({ txid, raw: '00', fee: 300n, virtualSize: 168, signedAtHeight, members });
  const [replaced, final, mined, waiting] = ['aa', 'bb', 'cc', 'dd'].map((byte) => byte.repeat(32));
  await sign(replaced ?? '', 1);
  for (const [txid, height, state] of [
    [final, 2, 'SETTLED'],
    [mined, 3, 'CLOSING'],
    [waiting, undefined, 'CLOSING'],
  ] as const) {
    const channel = await openAndPaid(shop, `${txid}`, 1);
    await sign(`${txid}`, 10 + (height ?? 9), [channel.id, channel.id]);
    await change(channel, { state, spend: { txid, ...(height !== undefined && { height }) } });
  }
  const unsent = 'ee'.repeat(32);
  await sign(unsent, 20);
  const erin = await openAndPaid(shop, 'erin', 1);
  await change(erin, { state: 'CLOSING', addSettlement: { txid: unsent, signedAtHeight: 20 } });
  expect((await activity()).settlements).toEqual([
    { txid: unsent, state: 'signed', channels: 0, fee: 300n, virtualSize: 168, signedAtHeight: 20 },
    { txid: waiting, state: 'in-mempool', channels: 2, fee: 300n, virtualSize: 168, signedAtHeight: 19 },
    { txid: mined, state: 'in-block', channels: 2, fee: 300n, virtualSize: 168, signedAtHeight: 13 },
    { txid: final, state: 'final', channels: 2, fee: 300n, virtualSize: 168, signedAtHeight: 12 },
    { txid: replaced, state: 'replaced', channels: 0, fee: 300n, virtualSize: 168, signedAtHeight: 1 },
  ]);
});
