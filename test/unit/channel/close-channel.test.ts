import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { payment } from '../../support/channel-buyer.ts';
import { channelShop, lastSettlement, open, openAndPaid, stored } from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { dueAt } from '../../support/raw-item.ts';
import { recorded } from '../../support/recorded-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

describe('rule 22: the change of state first, then the signature', () => {
  test('rule 22: a cancel', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await open(shop, 'alice');
    order.length = 0;
    await closeChannel(shop, channel);
    expect(order).toEqual(['stored CANCELLED', 'signed']);
  });

  test('rule 22: a settlement', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await openAndPaid(shop, 'alice', 1);
    order.length = 0;
    await closeChannel(shop, channel);
    expect(order).toEqual(['stored CLOSING', 'stored CLOSING', 'signed', 'stored CLOSING']);
  });

  test('rule 22: a write that fails signs nothing', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await open(shop, 'alice');
    order.length = 0;
    const broken = {
      ...shop,
      channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
    };
    await expect(closeChannel(broken, channel)).rejects.toThrow('the line is cut');
    expect(order).toEqual([]);
  });

  test('rule 22: a payment that came between read and write is the one that is settled', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const rival = () => acceptCommitment(shop, channel, payment('alice', channel, 4));
    const closed = await closeChannel(contested(shop, rival), channel);
    expect([closed.channel.state, closed.channel.paid]).toEqual(['CLOSING', 4]);
    expect(shop.chain.broadcasts).toEqual([(await lastSettlement(shop, closed.channel)).raw]);
  });

  test('rule 22: a chain that does not answer leaves it CLOSING and due, and the buyer is answered', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    shop.chain.failing = true;
    const closed = await closeChannel(shop, channel);
    expect([closed.channel.state, closed.cancels]).toEqual(['CLOSING', []]);
    expect(await dueAt(shop, channel)).toBe(0);
    expect(shop.lines.slice(-2)).toEqual([
      {
        event: 'channel-closing',
        fields: { channelId: channel.id, paid: 3, reason: 'the buyer closed it' },
      },
      {
        event: 'settlement-failed',
        fields: {
          alarm: true,
          channelId: channel.id,
          reason: expect.stringMatching('the chain source does not answer'),
        },
      },
    ]);
  });

  test('rule 22: closing again changes nothing and signs nothing', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await openAndPaid(shop, 'alice', 3);
    await closeChannel(shop, channel);
    order.length = 0;
    for (const state of ['CLOSING', 'SETTLED', 'EXPIRED'] as const) {
      const before = { ...(await stored(shop, channel)), state };
      expect(await closeChannel(shop, before)).toEqual({ channel: before, cancels: [] });
    }
    expect(order).toEqual([]);
  });

  test('rule 22: fifty closes at once sign one settlement', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await Promise.all(Array.from({ length: 50 }, () => closeChannel(shop, channel)));
    const now = await stored(shop, channel);
    expect([now.state, now.settlements.length]).toEqual(['CLOSING', 1]);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });
});
