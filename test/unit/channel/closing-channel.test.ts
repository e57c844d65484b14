import { ChainDisagreement } from '../../../shared/chain/chain.ts';
import { closingChannel, fundingRecordOf, spendOf } from '../../../shared/channel/closing-channel.ts';
import { SETTLED_DEPTH } from '../../../shared/limits.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { type ChannelShop, channelShop, openAndPaid } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
let shop: ChannelShop;
let channel: Channel;
beforeEach(async () => {
  shop = await channelShop(tables());
  channel = await openAndPaid(shop, 'alice', 2);
});

/** Heights of the chain at which the spend was looked for, where no block holds it. */
async function searchedFrom(closing: Channel, isUnspent: boolean): Promise<number[]> {
  const heights: number[] = [];
  const chain = {
    ...shop.chain,
    spend(...[, , from]: Parameters<ChannelShop['chain']['spend']>) {
      heights.push(from);
      return Promise.resolve(undefined);
    },
    unspentOutput: () => Promise.resolve(isUnspent ? { sats: 1n, script: new Uint8Array() } : undefined),
  } as unknown as ChannelShop['chain'];
  expect(await spendOf({ chain }, closing)).toBeUndefined();
  return heights;
}

function signedAt(signedAtHeight: number): Channel {
  return { ...channel, settlements: [{ signedAtHeight }] } as unknown as Channel;
}

describe('a spend is looked for', () => {
  test('from the depth of a reorganisation before the first settlement was signed', async () => {
    const signed = fundingRecordOf(channel).height + 2 * SETTLED_DEPTH;
    expect(signed).toBeLessThan(channel.terms.refundHeight);
    expect(await searchedFrom(signedAt(signed), true)).toEqual([signed - SETTLED_DEPTH]);
  });

  test('from no block before the funding', async () => {
    const { height } = fundingRecordOf(channel);
    expect(await searchedFrom(signedAt(height + 1), true)).toEqual([height]);
  });

  test('from the refund on, where no settlement was signed, or only later', async () => {
    const { refundHeight } = channel.terms;
    expect(await searchedFrom(channel, true)).toEqual([refundHeight]);
    expect(await searchedFrom(signedAt(refundHeight + 3 * SETTLED_DEPTH), true)).toEqual([refundHeight]);
  });

  test('again from the funding on, where it must be somewhere and was not there', async () => {
    const { refundHeight } = channel.terms;
    expect(await searchedFrom(channel, false)).toEqual([refundHeight, fundingRecordOf(channel).height]);
  });
});

describe('a channel that closes', () => {
  const withOutput = (output: () => Promise<unknown>, policy = shop.policy) =>
    closingChannel(
      { policy, chain: { ...shop.chain, unspentOutput: output } as unknown as ChannelShop['chain'] },
      channel,
      undefined,
    );

  test('is funded as long as a block holds its funding, or sources contradict each other', async () => {
    const confirmed = async (output: () => Promise<unknown>) => (await withOutput(output)).fundingConfirmed;
    const dispute = new ChainDisagreement('one says this, one says that');
    expect(await confirmed(() => Promise.resolve({ confirmation: { height: 1 } }))).toBe(true);
    expect(await confirmed(() => Promise.resolve({}))).toBe(false);
    expect(await confirmed(() => Promise.resolve(undefined))).toBe(false);
    expect(await confirmed(() => Promise.reject(dispute))).toBe(true);
    await expect(confirmed(() => Promise.reject(new Error('no line')))).rejects.toThrow('no line');
  });

  test('waits for others until it must be closed, where the seller wants that', async () => {
    const output = () => Promise.resolve(undefined);
    const { refundHeight } = channel.terms;
    const waiting = { ...shop.policy, waitForBatch: true, close: 30 };
    expect((await withOutput(output, waiting)).waitUntil).toBe(refundHeight - 30);
    expect(await withOutput(output, { ...waiting, waitForBatch: false })).not.toHaveProperty('waitUntil');
  });

  test('was paid and funded, or something is wrong that must not go on', async () => {
    const { commitment, funding, ...neither } = channel;
    await expect(
      closingChannel(shop, { ...neither, ...(funding && { funding }) }, undefined),
    ).rejects.toThrow('a channel that was paid has a commitment');
    expect(commitment).toBeDefined();
    expect(() => fundingRecordOf(neither)).toThrow(`channel ${channel.id} was never funded`);
  });
});
