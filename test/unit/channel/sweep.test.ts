import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { deadlines } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { payment } from '../../support/channel-buyer.ts';
import {
  type ChannelShop,
  channelShop,
  fund,
  lastSettlement,
  open,
  openAndPaid,
  propose,
  stored,
} from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { dueAt, forgetAt } from '../../support/raw-item.ts';
import { refusal } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** An OPEN channel whose funding is one block deep. */
async function justOpened(shop: ChannelShop, buyer: string): Promise<Channel> {
  const channel = await propose(shop, buyer);
  return (await confirmFunding(shop, channel, fund(shop, channel))).channel;
}

function fundingOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding;
}

describe('T_close', () => {
  test('an OPEN channel is settled 144 blocks before L, not one earlier', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const { close } = deadlines(channel, shop.policy);
    expect(close).toBe(channel.terms.refundHeight - 144);
    shop.chain.setHeight(close - 1);
    expect(await sweep(shop)).toMatchObject({ looked: 0 });
    shop.chain.setHeight(close);
    await sweep(shop);
    const closing = await stored(shop, channel);
    expect([closing.state, closing.paid, closing.settlements.length]).toEqual(['CLOSING', 2, 1]);
    expect(shop.chain.broadcasts).toEqual([(await lastSettlement(shop, closing)).raw]);
    expect(await dueAt(shop, channel)).toBe(close + 1);
    expect(shop.lines).toContainEqual({
      event: 'channel-closing',
      fields: { channelId: channel.id, paid: 2, reason: 'due' },
    });
  });

  test('a SUSPENDED channel is settled then too', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    await acceptCommitment(shop, channel, payment('alice', channel, 2));
    shop.chain.reorgFrom(fundingOf(channel).height);
    shop.chain.mine(1);
    await sweep(shop);
    shop.chain.setHeight(deadlines(channel, shop.policy).close);
    await sweep(shop);
    const closing = await stored(shop, channel);
    // No node takes a version 3 transaction that spends an unconfirmed one of version 2 (BIP431).
    expect([closing.state, closing.settlements.length]).toEqual(['CLOSING', 0]);
    expect(shop.lines).toContainEqual({
      event: 'funding-not-confirmed',
      fields: { alarm: true, channels: [channel.id] },
    });
    const { value, script } = (await shop.chain.unspentOutput(fundingOf(channel).outpoint)) ?? {};
    if (value === undefined || !script) throw new Error('the funding waits in the mempool');
    shop.chain.fund(script, value, { outpoint: fundingOf(channel).outpoint });
    await sweep(shop);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('a channel with nothing paid is closed and waits for L', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await issueChunk(shop, channel, 0);
    shop.chain.setHeight(deadlines(channel, shop.policy).close);
    await sweep(shop);
    expect(await stored(shop, channel)).toMatchObject({ state: 'CLOSING', settlements: [], delivered: 1 });
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight);
    expect(shop.chain.calls).not.toContain('feeRate');
    const late = payment('alice', channel, 1);
    expect(await refusal(acceptCommitment(shop, await stored(shop, channel), late))).toBe(
      'channel-not-open: the channel is CLOSING',
    );
  });

  test('a complete channel is settled with the next run', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 12);
    await sweep(shop);
    const closing = await stored(shop, channel);
    expect([closing.state, closing.settlements.length]).toEqual(['CLOSING', 1]);
  });

  test('rule 18: a payment between the run’s read and its write is settled', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    shop.clock.advance(60_001);
    const rival = async () => {
      const early = {
        ...shop,
        tips: { ...shop.tips, recent: async () => ({ height: 1_100, hash: '', time: 0 }) },
      };
      await acceptCommitment(early, channel, payment('alice', channel, 3));
    };
    shop.chain.setHeight(deadlines(channel, shop.policy).close);
    await sweep(contested(shop, rival));
    const closing = await stored(shop, channel);
    expect([closing.state, closing.paid]).toEqual(['CLOSING', 3]);
    expect(closing.commitment).toEqual(payment('alice', channel, 3).signature);
    expect(shop.chain.broadcasts).toEqual([(await lastSettlement(shop, closing)).raw]);
  });

  test('a payment that completes a channel while the run looks at it keeps it due', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    shop.chain.mine(1);
    const rival = () => acceptCommitment(shop, channel, payment('alice', channel, 12));
    await sweep(contested(shop, rival));
    expect(await dueAt(shop, channel)).toBe(0);
  });
});

describe('runs', () => {
  test('two at once, or twenty, sign one settlement and end at one state', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    shop.chain.setHeight(deadlines(channel, shop.policy).close);
    await Promise.all(Array.from({ length: 20 }, () => sweep(shop)));
    const closing = await stored(shop, channel);
    expect([closing.state, closing.settlements.length]).toEqual(['CLOSING', 1]);
    expect(new Set(shop.chain.broadcasts).size).toBe(1);
  });

  test('go on after one that failed, and report it', async () => {
    const shop = await channelShop(tables());
    const first = await openAndPaid(shop, 'alice', 12);
    const second = await openAndPaid(shop, 'bob', 12);
    const { channels } = shop;
    const broken = {
      ...shop,
      channels: {
        ...channels,
        get: (id: string) => (id === first.id ? Promise.reject(new Error('malformed')) : channels.get(id)),
      },
    };
    expect(await sweep(broken)).toMatchObject({ looked: 2, failed: 1 });
    expect((await stored(shop, second)).state).toBe('CLOSING');
    expect(shop.lines).toContainEqual({
      event: 'sweep-failed',
      fields: { alarm: true, channels: [first.id], reason: 'Error: malformed' },
    });
  });

  test('without a tip fail whole and change nothing', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 12);
    shop.chain.failing = true;
    expect(await refusal(sweep(shop))).toBe('chain-unavailable: the chain source does not answer');
    expect(await stored(shop, channel)).toEqual(channel);
  });

  test('settlements that stick never keep the run from a channel whose height has come', async () => {
    const shop = await channelShop(tables());
    const stuck = await openAndPaid(shop, 'alice', 12);
    shop.chain.outcomes.push({ kind: 'mempool-full', detail: 'mempool full' });
    await sweep(shop);
    expect(await dueAt(shop, stuck)).toBe(shop.chain.height() + 1);
    expect(await sweep(shop)).toMatchObject({ looked: 0 });
    const urgent = await openAndPaid(shop, 'bob', 2);
    shop.chain.setHeight(deadlines(urgent, shop.policy).close);
    const [first] = await shop.channels.due(shop.chain.height(), 1);
    expect(first).toBe(stuck.id);
    await sweep(shop);
    expect(await dueAt(shop, stuck)).toBe(shop.chain.height() + 1);
    expect((await stored(shop, urgent)).state).toBe('CLOSING');
  });

  test('that settle postpone first, so one that always throws does not come again within the block', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 12);
    const signer = { ...shop.signer, sign: () => Promise.reject(new Error('the key is gone')) };
    expect(await sweep({ ...shop, signer })).toMatchObject({ looked: 1, failed: 1 });
    expect(await sweep({ ...shop, signer })).toMatchObject({ looked: 0, failed: 0 });
    shop.chain.mine(1);
    expect(await sweep(shop)).toMatchObject({ looked: 1, failed: 0 });
    expect((await stored(shop, channel)).settlements).toHaveLength(1);
  });
});

describe('rule 22b: after a restore', () => {
  test('rule 22b: every channel from before is closed at its best commitment, whenever it would be due', async () => {
    const shop = await channelShop(tables());
    const paid = await openAndPaid(shop, 'alice', 3);
    const unpaid = await open(shop, 'bob');
    shop.clock.advance(10);
    const restoredAt = shop.clock.now();
    const fresh = await open(shop, 'carol');
    await sweep({ ...shop, policy: { ...shop.policy, restoredAt } });
    expect(await stored(shop, paid)).toMatchObject({ state: 'CLOSING', paid: 3 });
    expect(await stored(shop, unpaid)).toMatchObject({ state: 'CLOSING', paid: 0 });
    expect((await stored(shop, fresh)).state).toBe('OPEN');
    expect(shop.chain.broadcasts).toHaveLength(1);
  });
});

describe('the end', () => {
  test('rule 22a: ended records are kept to L + 144, then archived for a year and no longer looked at', async () => {
    const shop = await channelShop(tables());
    const cancelled = (await closeChannel(shop, await open(shop, 'alice'))).channel;
    const cosigned = await propose(shop, 'bob', { refundHeight: cancelled.terms.refundHeight });
    await cosignRefund(shop, cosigned, { txid: '11'.repeat(32), vout: 0 });
    const last = cancelled.terms.refundHeight + 144;
    shop.chain.setHeight(last - 1);
    expect(await sweep(shop)).toMatchObject({ looked: 0 });
    expect(await forgetAt(shop, cancelled)).toBeUndefined();
    shop.chain.setHeight(last);
    expect(await sweep(shop)).toMatchObject({ looked: 2, failed: 0 });
    const archiveAt = Math.floor(shop.clock.now() / 1000) + 365 * 86_400;
    for (const [channel, state] of [
      [cancelled, 'CANCELLED'],
      [cosigned, 'EXPIRED'],
    ] as const) {
      expect((await stored(shop, channel)).state).toBe(state);
      expect(await forgetAt(shop, channel)).toBe(archiveAt);
      expect(await dueAt(shop, channel)).toBeUndefined();
    }
  });

  test('one that waits for its refund is looked at with every block from L on, and kept to L + 144', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { refundHeight } = channel.terms;
    shop.chain.setHeight(deadlines(channel, shop.policy).close);
    await sweep(shop);
    for (const height of [refundHeight, refundHeight + 1, refundHeight + 143]) {
      shop.chain.setHeight(height);
      await sweep(shop);
      expect((await stored(shop, channel)).state).toBe('CLOSING');
      expect(await dueAt(shop, channel)).toBe(height + 1);
    }
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('EXPIRED');
  });

  test('a channel that was never paid expires; one that was is settled for as long as it takes', async () => {
    const shop = await channelShop(tables());
    const unpaid = await open(shop, 'alice');
    const paid = await openAndPaid(shop, 'bob', 2);
    shop.chain.setHeight(paid.terms.refundHeight + 144);
    await sweep(shop);
    expect((await stored(shop, unpaid)).state).toBe('CLOSING');
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, unpaid)).state).toBe('EXPIRED');
    const still = await stored(shop, paid);
    expect([still.state, await forgetAt(shop, paid)]).toEqual(['CLOSING', undefined]);
    expect(shop.chain.broadcasts.length).toBeGreaterThan(1);
  });

  test('a SETTLED channel still sells nothing and gives out what was paid', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 12);
    await sweep(shop);
    const closing = await stored(shop, channel);
    const settlement = await lastSettlement(shop, closing);
    shop.chain.spendBy(fundingOf(channel).outpoint, settlement.raw, settlement.txid);
    shop.chain.mine(5);
    await sweep(shop);
    const settled = await stored(shop, channel);
    expect(settled.state).toBe('SETTLED');
    shop.chain.setHeight(channel.terms.refundHeight + 144);
    await sweep(shop);
    expect((await issueChunk(shop, await stored(shop, channel), 11)).chunk).toBe(11);
  });
});
