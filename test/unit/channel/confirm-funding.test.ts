import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding, nextLook } from '../../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { confirmationsRequired } from '../../../shared/channel/funding-depth.ts';
import { openChannel } from '../../../shared/channel/open-channel.ts';
import { policyWith } from '../../../shared/config.ts';
import { PROPOSAL_LIFETIME_MS } from '../../../shared/limits.ts';
import { fundingScriptOf } from '../../support/channel-buyer.ts';
import { CHANGE_SCRIPT, channelShop, fund, open, propose, stored } from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { dueAt, forgetAt } from '../../support/raw-item.ts';
import { refusal, refusalWithoutChange, refused } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

describe('rule 10: exactly the script and exactly the capacity', () => {
  test.each([-1n, 1n])('rule 10: %d satoshi off', async (off) => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n + off);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
      `funding-mismatch: the output pays ${60_000n + off} satoshis, the capacity is 60000`,
    );
  });

  test("rule 10: another script, be it the buyer's own or that of another channel", async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const other = await propose(shop, 'bob');
    for (const script of [CHANGE_SCRIPT, fundingScriptOf(other)]) {
      const outpoint = shop.chain.fund(script, 60_000n);
      expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
        "funding-mismatch: the output does not pay the channel's script",
      );
    }
  });

  test('rule 10: a coinbase output', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n, { coinbase: true });
    shop.chain.mine(200);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
      'funding-mismatch: the output is of a coinbase transaction',
    );
  });

  test('rule 10: an output that is not there', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const nowhere = { txid: '77'.repeat(32), vout: 0 };
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, nowhere))).toBe(
      'funding-not-found: no unspent output at this outpoint',
    );
  });
});

describe('rule 11: unspent, in the best chain, deep enough', () => {
  test('rule 11: a spent output is none', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.spendBy(outpoint, '02000000', '99'.repeat(32), false);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
      'funding-not-found: no unspent output at this outpoint',
    );
  });

  test('rule 11: one in the mempool is waited for, never taken', async () => {
    const shop = await channelShop(tables(), { minimumCapacity: '0' });
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(fundingScriptOf(channel), 60_000n, { confirmed: false });
    const progress = await confirmFunding(shop, channel, outpoint);
    expect([progress.channel.state, progress.confirmations, progress.confirmationsRequired]).toEqual([
      'PROPOSED',
      0,
      1,
    ]);
    expect(progress.channel.claimed).toEqual(outpoint);
    expect(progress.channel.funding).toBeUndefined();
    expect(await dueAt(shop, channel)).toBe(shop.chain.height() + 1);
    expect(await forgetAt(shop, channel)).toBeUndefined();
  });

  test('rule 11: one block too shallow waits, and opens with the next one', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '59999' });
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    const fundedAt = shop.chain.height();
    shop.chain.mine(1);
    const waiting = await confirmFunding(shop, channel, outpoint);
    expect([waiting.channel.state, waiting.confirmations, waiting.confirmationsRequired]).toEqual([
      'PROPOSED',
      2,
      3,
    ]);
    shop.chain.mine(1);
    const opened = await confirmFunding(shop, channel, outpoint);
    expect([opened.channel.state, opened.confirmations]).toEqual(['OPEN', 3]);
    const hash = await shop.chain.blockHash(fundedAt);
    expect(opened.channel.funding).toEqual({ outpoint, height: fundedAt, blockHash: hash });
    expect(shop.lines.at(-1)).toEqual({
      event: 'channel-opened',
      fields: { channelId: channel.id, paid: 0, height: fundedAt, confirmations: 3 },
    });
    expect(await dueAt(shop, channel)).toBe(shop.chain.height() + 1);
  });

  test('rule 11: six deep it is looked at again only when it is to be closed', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight - 144);
    // Or when everything is paid for: then it waits for nothing.
    expect(nextLook(shop, { ...channel, paid: 11 }, 1_020, 1_001)).toBe(channel.terms.refundHeight - 144);
    expect(nextLook(shop, { ...channel, paid: 12 }, 1_020, 1_001)).toBe(0);
  });

  test('rule 11: the depth grows with the capacity and is never 0', () => {
    const policy = policyWith();
    const depths = [1_000n, 1_000_000n, 1_000_001n, 40_000_000n, 60_000_000n, 80_000_000n, 99_999_999n];
    expect(depths.map((capacity) => confirmationsRequired(capacity, policy))).toEqual([1, 1, 3, 3, 4, 5, 5]);
    expect(confirmationsRequired(100_000_000n, policy)).toBe(6);
    expect(confirmationsRequired(10n ** 15n, policy)).toBe(6);
    const none = policyWith({ threeConfirmationsAbove: '0', sixConfirmationsFrom: '0' });
    expect(confirmationsRequired(1n, none)).toBe(6);
    expect(confirmationsRequired(0n, policy)).toBe(1);
  });

  test('rule 11: the shop decides nothing without the chain', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.failing = true;
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
      'chain-unavailable: the chain source does not answer',
    );
    const silent = {
      ...shop,
      tips: { ...shop.tips, fresh: async () => ({ height: 1_001, hash: '', time: 0 }) },
    };
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(silent, channel, outpoint))).toBe(
      'chain-unavailable: the chain source does not answer',
    );
    shop.chain.failing = false;
    const unspentOutput = () => Promise.reject(new Error('a mistake of ours'));
    const mistaken = { ...shop, chain: { ...shop.chain, unspentOutput } };
    await expect(confirmFunding(mistaken, channel, outpoint)).rejects.toThrow('a mistake of ours');
  });
});

describe('rule 12: the minimum life at funding', () => {
  test('rule 12: with 216 blocks left it opens', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.setHeight(channel.terms.refundHeight - 216);
    expect((await confirmFunding(shop, channel, outpoint)).channel.state).toBe('OPEN');
  });

  test('rule 12: with 215 it is REFUSED for good, and may be cancelled', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.setHeight(channel.terms.refundHeight - 215);
    const refusedOne = await confirmFunding(shop, channel, outpoint);
    expect(refusedOne.channel).toMatchObject({ state: 'REFUSED', claimed: outpoint });
    expect(refusedOne.channel.funding).toBeUndefined();
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight + 144);
    expect(await forgetAt(shop, channel)).toBeUndefined();

    // Terminal: neither a younger tip nor the same terms bring it back.
    shop.chain.setHeight(channel.terms.refundHeight - 300);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toBe(
      'channel-ended: the channel is REFUSED and takes no funding',
    );
    expect((await openChannel(shop, channel.terms)).state).toBe('REFUSED');
    const closed = await closeChannel(shop, await stored(shop, channel));
    expect(closed.channel.state).toBe('CANCELLED');
    expect(closed.cancels.map((cancel) => cancel.outpoint)).toEqual([outpoint]);
  });

  test('rule 12: one that is cancelled between read and write is not REFUSED any more', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    shop.chain.setHeight(channel.terms.refundHeight - 215);
    const rival = () => closeChannel(shop, channel);
    expect(await refusal(confirmFunding(contested(shop, rival), channel, outpoint))).toBe(
      'channel-ended: the channel is CANCELLED and takes no funding',
    );
    expect((await stored(shop, channel)).state).toBe('CANCELLED');
  });

  test('rule 12: an output that is not the funding refuses nothing', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = shop.chain.fund(CHANGE_SCRIPT, 60_000n);
    shop.chain.setHeight(channel.terms.refundHeight - 10);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, outpoint))).toMatch(
      /^funding-mismatch/,
    );
  });
});

describe('rule 13: the outpoint is set once', () => {
  test('rule 13: a second funding of the same script is refused', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const second = fund(shop, channel);
    expect(await refusalWithoutChange(shop, channel, () => confirmFunding(shop, channel, second))).toBe(
      'funding-mismatch: the channel opened on another outpoint',
    );
  });

  test('rule 13: the same one again is answered, with its depth now', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const outpoint = channel.funding?.outpoint;
    if (!outpoint) throw new Error('an open channel has a funding');
    shop.chain.mine(2);
    shop.clock.advance(60_001);
    const again = await confirmFunding(shop, channel, outpoint);
    expect([again.channel, again.confirmations]).toEqual([channel, 8]);
  });

  test('rule 13: of two outpoints at once one opens the channel', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoints = [fund(shop, channel), fund(shop, channel)];
    const attempts = Array.from({ length: 40 }, (_, index) => {
      const outpoint = outpoints[index % 2];
      if (!outpoint) throw new Error('there are two');
      return confirmFunding(shop, channel, outpoint);
    });
    const outcomes = await Promise.allSettled(attempts);
    const { funding } = await stored(shop, channel);
    for (const [index, outcome] of outcomes.entries()) {
      const won = outpoints[index % 2]?.txid === funding?.outpoint.txid;
      expect(outcome.status).toBe(won ? 'fulfilled' : 'rejected');
      if (outcome.status === 'rejected') expect(outcome.reason.problem).toBe('funding-mismatch');
    }
  });

  test('rule 13: a rival that opens it between read and write wins', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const [mine, theirs] = [fund(shop, channel), fund(shop, channel)];
    const rival = () => confirmFunding(shop, channel, theirs);
    expect(await refusal(confirmFunding(contested(shop, rival), channel, mine))).toBe(
      'funding-mismatch: the channel opened on another outpoint',
    );
    expect((await stored(shop, channel)).funding?.outpoint).toEqual(theirs);
  });

  test('rule 13: a channel that is cancelled between read and write does not open', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    const rival = () => closeChannel(shop, channel);
    expect(await refusal(confirmFunding(contested(shop, rival), channel, outpoint))).toBe(
      'channel-ended: the channel is CANCELLED and takes no funding',
    );
    const cancelled = await stored(shop, channel);
    expect(cancelled.state).toBe('CANCELLED');
    const { members } = await refused(confirmFunding(shop, cancelled, outpoint));
    expect(members).toEqual({ state: 'CANCELLED' });
  });

  test('rule 13: another channel cannot open on it', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const other = await propose(shop, 'bob');
    const outpoint = channel.funding?.outpoint;
    if (!outpoint) throw new Error('an open channel has a funding');
    expect(await refusalWithoutChange(shop, other, () => confirmFunding(shop, other, outpoint))).toBe(
      "funding-mismatch: the output does not pay the channel's script",
    );
  });
});

test('a funding that nobody co-signed for still opens its channel, and is never forgotten', async () => {
  const shop = await channelShop(tables());
  const channel = await propose(shop, 'alice');
  const outpoint = fund(shop, channel);
  await confirmFunding(shop, channel, outpoint);
  expect(await forgetAt(shop, channel)).toBeUndefined();
  shop.clock.advance(PROPOSAL_LIFETIME_MS * 10);
  expect((await openChannel(shop, channel.terms)).state).toBe('OPEN');
  expect(await cosignRefund(shop, channel, outpoint)).toHaveLength(64);
});
