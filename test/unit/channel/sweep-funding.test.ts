import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { sweep } from '../../../shared/channel/sweep.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { fundingScriptOf, payment } from '../../support/channel-buyer.ts';
import { type ChannelShop, channelShop, fund, propose, stored } from '../../support/channel-shop.ts';
import { dueAt } from '../../support/raw-item.ts';
import { refusalWithoutChange } from '../../support/refusals.ts';
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

describe('a funding that is waited for', () => {
  test('opens its channel without another call', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '0' });
    const channel = await propose(shop, 'alice');
    await confirmFunding(shop, channel, fund(shop, channel));
    expect(await sweep(shop)).toEqual({ height: 1_001, looked: 0, failed: 0, left: 0 });
    shop.chain.mine(1);
    expect(await sweep(shop)).toEqual({ height: 1_002, looked: 1, failed: 0, left: 0, secondsSinceLast: 0 });
    expect((await stored(shop, channel)).state).toBe('PROPOSED');
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('OPEN');
  });

  test('rule 12: is REFUSED when its confirmation comes too late', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n, { confirmed: false });
    await confirmFunding(shop, channel, outpoint);
    shop.chain.setHeight(channel.terms.refundHeight - 215);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('REFUSED');
  });

  test('that has vanished is looked for with every block, and the channel stays', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n, { confirmed: false });
    await confirmFunding(shop, channel, outpoint);
    shop.chain.drop(outpoint);
    shop.chain.mine(1);
    expect(await sweep(shop)).toMatchObject({ looked: 1, failed: 0, left: 0 });
    expect(await dueAt(shop, channel)).toBe(shop.chain.height() + 1);
    expect((await stored(shop, channel)).state).toBe('PROPOSED');
  });

  test('is not given up because the chain does not answer', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n, { confirmed: false });
    await confirmFunding(shop, channel, outpoint);
    const before = await dueAt(shop, channel);
    shop.chain.mine(1);
    const tip = await shop.chain.tip();
    shop.chain.failing = true;
    const halfBlind = { ...shop, tips: { ...shop.tips, fresh: async () => tip } };
    expect(await sweep(halfBlind)).toMatchObject({ looked: 1, failed: 1 });
    expect(await dueAt(shop, channel)).toBe(before);
  });
});

describe('rule 13: a reorg', () => {
  test('rule 13: off the best chain SUSPENDED: no chunks, no commitments, no cancel; back on it OPEN', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 2));
    shop.chain.reorgFrom(fundingOf(channel).height);
    shop.chain.mine(1);
    await sweep(shop);
    const suspended = await stored(shop, channel);
    expect(suspended).toEqual({ ...paid, state: 'SUSPENDED', voided: true });
    expect(shop.lines).toContainEqual({
      event: 'funding-left-the-chain',
      fields: { alarm: true, channelId: channel.id, paid: 2 },
    });
    const refusals = [
      () => issueChunk(shop, channel, 0),
      () => issueChunk(shop, suspended, 2),
      () => acceptCommitment(shop, channel, payment('alice', channel, 3)),
      () => closeChannel(shop, suspended),
    ];
    for (const attempt of refusals) {
      expect(await refusalWithoutChange(shop, channel, attempt)).toMatch(/^channel-not-open: /);
    }

    // Still in the mempool: it stays suspended, and is looked at with every block.
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('SUSPENDED');
    expect(await dueAt(shop, channel)).toBe(shop.chain.height() + 1);

    const { outpoint } = fundingOf(channel);
    shop.chain.fund(fundingScriptOf(channel), 60_000n, { outpoint });
    await sweep(shop);
    const back = await stored(shop, channel);
    expect(back).toMatchObject({ state: 'OPEN', voided: false, paid: 2, commitment: paid.commitment });
    expect(fundingOf(back)).toEqual({
      outpoint,
      height: shop.chain.height(),
      blockHash: await shop.chain.blockHash(shop.chain.height()),
    });
    expect((await issueChunk(shop, back, 2)).chunk).toBe(2);
  });

  test('rule 13: mined again in another block it stays OPEN, on the same outpoint', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    const { outpoint, height } = fundingOf(channel);
    shop.chain.reorgFrom(height);
    shop.chain.fund(fundingScriptOf(channel), 60_000n, { outpoint });
    await sweep(shop);
    const moved = await stored(shop, channel);
    expect(moved.state).toBe('OPEN');
    expect(fundingOf(moved)).toMatchObject({ outpoint, height: height + 1 });
  });

  test('rule 13: as shallow again as before it waits for its depth', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '0' });
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.mine(2);
    await confirmFunding(shop, channel, outpoint);
    shop.chain.reorgFrom(shop.chain.height() - 2);
    shop.chain.fund(fundingScriptOf(channel), 60_000n, { outpoint });
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('SUSPENDED');
    shop.chain.mine(1);
    await sweep(shop);
    expect((await stored(shop, channel)).state).toBe('OPEN');
  });

  test('rule 13: watched with every block until six deep, then left in peace until T_close', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    const due: (number | undefined)[] = [];
    for (let block = 0; block < 6; block++) {
      due.push(await dueAt(shop, channel));
      shop.chain.mine(1);
      await sweep(shop);
    }
    const close = channel.terms.refundHeight - 144;
    expect(due).toEqual([1_002, 1_003, 1_004, 1_005, 1_006, close]);
  });

  test('rule 13: a chain that does not answer suspends nobody', async () => {
    const shop = await channelShop(tables());
    const channel = await justOpened(shop, 'alice');
    shop.chain.reorgFrom(fundingOf(channel).height);
    shop.chain.mine(1);
    const deaf = {
      ...shop,
      chain: {
        ...shop.chain,
        unspentOutput: async (...parameters: Parameters<typeof shop.chain.unspentOutput>) => {
          shop.chain.failing = true;
          return shop.chain.unspentOutput(...parameters);
        },
      },
    };
    expect(await sweep(deaf)).toMatchObject({ failed: 1 });
    expect(await stored(shop, channel)).toEqual(channel);
  });
});
