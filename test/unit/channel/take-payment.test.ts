import { acceptCommitment, type Payment } from '../../../shared/channel/accept-commitment.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { type RecentChannels, takePayment } from '../../../shared/channel/take-payment.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { payment } from '../../support/channel-buyer.ts';
import { type ChannelShop, channelShop, open, stored } from '../../support/channel-shop.ts';
import { refusalWithoutChange } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** A process that takes payments of one channel, and how often it read the channel to do so. */
async function paying() {
  const shop = await channelShop(tables());
  const channel = await open(shop, 'alice');
  const recent: RecentChannels = new Map();
  let reads = 0;
  const counting: ChannelShop = {
    ...shop,
    channels: {
      ...shop.channels,
      get: (id) => {
        reads += 1;
        return shop.channels.get(id);
      },
    },
  };
  const find = async (): Promise<Channel> => {
    const found = await counting.channels.get(channel.id);
    if (!found) throw new Error('the channel is there');
    return found;
  };
  const take = (sent: Payment) => takePayment(counting, recent, { id: channel.id, find }, sent);
  return {
    shop,
    channel,
    take,
    pay: (k: number) => take(payment('alice', channel, k)),
    elsewhere: (k: number) => acceptCommitment(shop, channel, payment('alice', channel, k)),
    refusal: (sent: Payment) => refusalWithoutChange(shop, channel, () => take(sent)),
    reads: () => reads,
  };
}

/** What each payment was told to be worth. */
const told = ({ lines }: ChannelShop) =>
  lines
    .filter(({ event }) => event === 'commitment-accepted')
    .map(({ fields }) => [fields.k, fields.chunks, fields.satoshis]);

test('only the first payment that a process takes reads the channel', async () => {
  const { pay, reads, shop, channel } = await paying();
  for (let k = 1; k <= 12; k++) expect((await pay(k)).channel.paid).toBe(k);
  expect(reads()).toBe(1);
  expect((await stored(shop, channel)).commitment).toEqual(payment('alice', channel, 12).signature);
});

test('five thousand channels are remembered, and with one more it begins anew', async () => {
  const { shop, channel } = await paying();
  const find = () => stored(shop, channel);
  const others = (count: number) =>
    Array.from({ length: count }, (_, index): [string, Channel] => [`${index}`, channel]);
  for (const [k, count, after] of [
    [1, 4_999, 5_000],
    [2, 5_000, 1],
  ] as const) {
    const recent: RecentChannels = new Map(others(count));
    await takePayment(shop, recent, { id: channel.id, find }, payment('alice', channel, k));
    expect([recent.size, recent.get(channel.id)?.paid]).toEqual([after, k]);
  }
});

test('rule 17: the write decides: what another process was paid meanwhile is neither lost nor counted twice', async () => {
  const { pay, elsewhere, reads, shop, channel } = await paying();
  await pay(1);
  await elsewhere(3);
  expect((await pay(4)).channel).toMatchObject({ paid: 4, paidBefore: 3 });
  expect(reads()).toBe(1);
  expect(told(shop)).toEqual([
    [1, 1, '5000'],
    [3, 2, '10000'],
    [4, 1, '5000'],
  ]);
  expect(await stored(shop, channel)).toMatchObject({ paid: 4, delivered: 5 });
});

test('rule 18: a channel that was closed elsewhere takes no payment on the strength of memory', async () => {
  const { pay, refusal, shop, channel } = await paying();
  await pay(1);
  await closeChannel(shop, await stored(shop, channel));
  expect(await refusal(payment('alice', channel, 2))).toBe('channel-not-open: the channel is CLOSING');
});

test('rule 17: a refusal is of what the channel is, not of what is remembered', async () => {
  const { pay, elsewhere, refusal, channel } = await paying();
  await pay(1);
  await elsewhere(5);
  expect(await refusal(payment('alice', channel, 3))).toBe('stale-commitment: 5 chunks are paid for already');
  expect(await refusal(payment('alice', channel, 1))).toBe('stale-commitment: 5 chunks are paid for already');
});

test('rule 15: the limit is counted from what is paid now', async () => {
  const { shop, channel, take, elsewhere } = await paying();
  const strict = { ...shop, policy: { ...shop.policy, commitmentLimit: 2 } };
  await take(payment('alice', channel, 1));
  await elsewhere(3);
  const recent: RecentChannels = new Map([[channel.id, { ...channel, paid: 1 }]]);
  const find = () => stored(shop, channel);
  const accepted = await takePayment(strict, recent, { id: channel.id, find }, payment('alice', channel, 5));
  expect(accepted.channel.paid).toBe(5);
});

test('rule 17: a replay is answered from the channel as it is', async () => {
  const { pay, elsewhere, reads } = await paying();
  await pay(1);
  await elsewhere(2);
  expect(await pay(2)).toMatchObject({ channel: { paid: 2 }, next: { chunk: 2 } });
  expect(reads()).toBe(2);
});

test('rule 16: a signature that is not valid is refused, and memory is none the worse', async () => {
  const { pay, refusal, channel } = await paying();
  await pay(1);
  expect(await refusal(payment('mallory', channel, 2))).toBe(
    'bad-commitment-signature: not a strict signature by the channel key of commitment 2',
  );
  expect((await pay(2)).channel.paid).toBe(2);
});

test('a write that fails is neither a payment nor a second try', async () => {
  const { pay, shop, channel } = await paying();
  await pay(1);
  const broken = {
    ...shop,
    channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
  };
  const recent: RecentChannels = new Map([[channel.id, await stored(shop, channel)]]);
  const find = () => Promise.reject(new Error('nobody asked'));
  await expect(
    takePayment(broken, recent, { id: channel.id, find }, payment('alice', channel, 2)),
  ).rejects.toThrow('the line is cut');
  expect((await stored(shop, channel)).paid).toBe(1);
});
