import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { deadlines } from '../../../shared/channel/channel-facts.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { payment } from '../../support/channel-buyer.ts';
import { CHUNK, channelShop, open, openAndPaid, stored } from '../../support/channel-shop.ts';
import { dueAt } from '../../support/raw-item.ts';
import { refusalWithoutChange } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

describe('what goes with a payment', () => {
  test('on credit the next chunk; with the last payment none, and the schedule settles at once', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 11);
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight - 144);
    const { channel: complete, next } = await acceptCommitment(shop, channel, payment('alice', channel, 12));
    expect(next).toBeNull();
    expect([complete.paid, complete.delivered, complete.unpaidLinks]).toEqual([12, 12, 0]);
    expect(await dueAt(shop, channel)).toBe(0);
  });

  test('without credit the last chunk that it pays for', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice', { credit: 0 });
    const { channel: accepted, next } = await acceptCommitment(shop, channel, payment('alice', channel, 2));
    expect(next?.chunk).toBe(1);
    expect([accepted.paid, accepted.delivered, accepted.unpaidLinks]).toEqual([2, 2, 0]);
  });

  test('the object is chunk first + n, with its own size', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice', { first: 10, count: 2, credit: 0, capacity: 10_000n });
    const { next } = await acceptCommitment(shop, channel, payment('alice', channel, 2));
    expect(next).toMatchObject({ chunk: 1, size: CHUNK / 2 });
    expect(next?.url).toContain('/chunks/11?versionId=version-11&');
  });

  test('rule 21: from T_stopChunks on a payment is taken and brings no unpaid chunk', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { stopChunks } = deadlines(channel, shop.policy);
    expect(stopChunks).toBe(channel.terms.refundHeight - 156);
    shop.chain.setHeight(stopChunks - 1);
    shop.clock.advance(60_001);
    const before = await acceptCommitment(shop, channel, payment('alice', channel, 1));
    expect(before.next?.chunk).toBe(1);
    shop.chain.setHeight(stopChunks);
    shop.clock.advance(60_001);
    const after = await acceptCommitment(shop, before.channel, payment('alice', channel, 2));
    expect(after.next).toBeNull();
    expect(after.channel).toMatchObject({ paid: 2, delivered: 2, unpaidLinks: 0 });
    // Nor does its replay.
    const replay = await acceptCommitment(shop, after.channel, payment('alice', channel, 2));
    expect([replay.channel.delivered, replay.next]).toEqual([2, null]);
  });

  test('rule 21: a chunk that the payment itself pays for comes also then', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice', { credit: 0 });
    shop.chain.setHeight(deadlines(channel, shop.policy).stopPayments - 1);
    shop.clock.advance(60_001);
    expect((await acceptCommitment(shop, channel, payment('alice', channel, 1))).next?.chunk).toBe(0);
  });

  test('a credit chunk asked for before its payment stays counted, and the next one starts anew', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await issueChunk(shop, channel, 0);
    await issueChunk(shop, channel, 0);
    expect((await stored(shop, channel)).unpaidLinks).toBe(2);
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 1));
    expect(paid.unpaidLinks).toBe(1);
  });

  test('rule 22b: a channel from before a restore takes no new payment, and answers the old one', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const restored = { ...shop, policy: { ...shop.policy, restoredAt: channel.createdAt + 1 } };
    expect(
      await refusalWithoutChange(shop, channel, () =>
        acceptCommitment(restored, channel, payment('alice', channel, 4)),
      ),
    ).toBe('channel-not-open: the shop was restored from a backup and settles the channel');
    const again = await acceptCommitment(restored, channel, payment('alice', channel, 3));
    expect([again.channel.paid, again.next]).toEqual([3, null]);
    const notYet = { ...shop, policy: { ...shop.policy, restoredAt: channel.createdAt } };
    expect((await acceptCommitment(notYet, channel, payment('alice', channel, 4))).channel.paid).toBe(4);
  });
});
