import { Transaction } from 'bitcoinjs-lib';
import type { BroadcastOutcome } from '../../../shared/chain/chain.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { settleChannel } from '../../../shared/channel/settle-channel.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import {
  type ChannelShop,
  channelShop,
  lastSettlement,
  open,
  openAndPaid,
  stored,
} from '../../support/channel-shop.ts';
import { dueAt } from '../../support/raw-item.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** A CLOSING channel whose settlement was broadcast. */
async function closed(shop: ChannelShop, paid: number, overrides = {}): Promise<Channel> {
  const channel = await openAndPaid(shop, 'alice', paid, overrides);
  return (await closeChannel(shop, channel)).channel;
}

function fundingOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding.outpoint;
}

/** A's refund or cancel as far as the shop looks at it: not of version 3. */
const BUYER_SPEND = `02000000${'00'.repeat(20)}`;
const SETTLEMENT_SPEND = `03000000${'00'.repeat(20)}`;

describe('rule 23: every variant is stored before it is broadcast', () => {
  test('rule 23: in this order', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const order: string[] = [];
    const { channels, chain } = shop;
    const watched: ChannelShop = {
      ...shop,
      channels: {
        ...channels,
        async change(id, expectation, change) {
          const after = await channels.change(id, expectation, change);
          if (change.addSettlement) order.push(`stored ${change.addSettlement.txid}`);
          return after;
        },
      },
      chain: {
        ...chain,
        broadcast(raw) {
          order.push(`broadcast ${Transaction.fromHex(raw).getId()}`);
          return chain.broadcast(raw);
        },
      },
    };
    const { channel: closing } = await closeChannel(watched, channel);
    const { txid } = await lastSettlement(shop, closing);
    expect(order).toEqual([`stored ${txid}`, `broadcast ${txid}`]);
    expect(closing.spend).toEqual({ txid });
  });

  test('rule 23: never broadcast when it could not be stored', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const closing = await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'CLOSING' });
    if (!closing) throw new Error('it was OPEN');
    const failing = {
      ...shop,
      channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
    };
    await expect(settleChannel(failing, closing)).rejects.toThrow('the line is cut');
    const lost = { ...shop, channels: { ...shop.channels, change: () => Promise.resolve(undefined) } };
    await settleChannel(lost, closing);
    expect(shop.chain.broadcasts).toEqual([]);
  });

  test('rule 23: the stored variant is sent again, not signed anew', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    const signer = { ...shop.signer, sign: () => Promise.reject(new Error('signed twice')) };
    for (const kind of ['already-known', 'accepted'] as const) {
      shop.chain.outcomes.push({ kind });
      await settleChannel({ ...shop, signer }, await stored(shop, channel));
    }
    const { raw } = await lastSettlement(shop, channel);
    expect(shop.chain.broadcasts).toEqual([raw, raw, raw]);
    expect((await stored(shop, channel)).settlements).toHaveLength(1);
  });

  const failures: BroadcastOutcome['kind'][] = [
    'missing-inputs',
    'non-final',
    'replacement-too-low',
    'mempool-full',
    'truc-violation',
    'rejected',
    'fee-too-low',
  ];
  test.each(failures)(
    'rule 23: a broadcast that fails with %s loses nothing and raises an alarm',
    async (kind) => {
      const shop = await channelShop(tables());
      const failure = { kind, detail: "the node's word" } as BroadcastOutcome;
      shop.chain.outcomes.push(failure);
      const channel = await closed(shop, 2);
      expect([channel.state, channel.settlements.length, channel.paid]).toEqual(['CLOSING', 1, 2]);
      expect(shop.lines.at(-1)).toMatchObject({
        event: 'settlement-broadcast',
        fields: { alarm: true, outcome: kind, detail: "the node's word" },
      });
      await settleChannel(shop, channel);
      expect(shop.chain.broadcasts).toEqual([
        (await lastSettlement(shop, channel)).raw,
        (await lastSettlement(shop, channel)).raw,
      ]);
    },
  );

  test('rule 23: a fee that has become too low is replaced by one worth storing', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    const first = await lastSettlement(shop, channel);
    expect(first.fee).toBe(338n);
    const tooLow: BroadcastOutcome = { kind: 'fee-too-low', detail: 'mempool min fee not met' };
    // The next bump is 15 blocks away: until then a higher estimate brings no new variant, however often it is tried.
    for (const rate of [2_000n, 2_100n, 3_000n]) {
      shop.chain.rate = rate;
      shop.chain.outcomes.push(tooLow);
      await settleChannel(shop, await stored(shop, channel));
      expect((await stored(shop, channel)).settlements).toHaveLength(1);
    }
    // Below the floor no node has it any more: now there is nothing to wait for.
    shop.chain.floor = 3_000n;
    const after = await settleChannel(shop, await stored(shop, channel));
    expect((await lastSettlement(shop, after)).fee).toBe(507n);
    expect(after.spend).toEqual({ txid: (await lastSettlement(shop, after)).txid });
    expect(shop.chain.broadcasts.slice(-2)).toEqual([first.raw, (await lastSettlement(shop, after)).raw]);
  });

  test('rule 23: two that settle at once store one variant', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const closing = await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'CLOSING' });
    if (!closing) throw new Error('it was OPEN');
    await Promise.all(Array.from({ length: 30 }, () => settleChannel(shop, closing)));
    expect((await stored(shop, channel)).settlements).toHaveLength(1);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });
});

describe('rule 23: "settled" is decided by who spent the outpoint, six deep', () => {
  test('rule 23: five deep it is CLOSING, six deep SETTLED', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    const { raw, txid } = await lastSettlement(shop, channel);
    shop.chain.spendBy(fundingOf(channel), raw, txid, false);
    const inMempool = await settleChannel(shop, channel);
    expect([inMempool.state, inMempool.spend]).toEqual(['CLOSING', { txid }]);
    shop.chain.spendBy(fundingOf(channel), raw, txid);
    const height = shop.chain.height();
    shop.chain.mine(4);
    const five = await settleChannel(shop, await stored(shop, channel));
    expect([five.state, five.spend]).toEqual(['CLOSING', { txid, height }]);
    shop.chain.mine(1);
    const six = await settleChannel(shop, five);
    expect([six.state, six.spend]).toEqual(['SETTLED', { txid, height }]);
    expect(shop.lines.at(-1)).toEqual({
      event: 'channel-settled',
      fields: { channelId: channel.id, paid: 2, txid },
    });
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight + 144);
    expect(shop.chain.broadcasts).toHaveLength(1);
  });

  test('rule 23: by a settlement of ours with a txid that the record does not know', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    shop.chain.spendBy(fundingOf(channel), SETTLEMENT_SPEND, '88'.repeat(32));
    shop.chain.mine(5);
    expect(await settleChannel(shop, channel)).toMatchObject({
      state: 'SETTLED',
      spend: { txid: '88'.repeat(32) },
    });
  });

  test("rule 23: by A's refund it is EXPIRED, with an alarm where something was paid", async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    // Even under the very txid that was stored: what counts is the transaction.
    shop.chain.spendBy(fundingOf(channel), BUYER_SPEND, (await lastSettlement(shop, channel)).txid);
    shop.chain.mine(5);
    expect((await settleChannel(shop, channel)).state).toBe('EXPIRED');
    expect(shop.lines).toContainEqual({
      event: 'funding-spent-by-buyer',
      fields: { alarm: true, channelId: channel.id, txid: (await lastSettlement(shop, channel)).txid },
    });
  });

  test('rule 23: a settlement that a reorg took is sent again', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    const { raw, txid } = await lastSettlement(shop, channel);
    shop.chain.spendBy(fundingOf(channel), raw, txid);
    const confirmed = await settleChannel(shop, channel);
    expect(confirmed.spend?.height).toBe(shop.chain.height());
    shop.chain.reorgFrom(shop.chain.height());
    const back = await settleChannel(shop, confirmed);
    expect([back.state, back.spend]).toEqual(['CLOSING', { txid }]);
  });

  test('rule 23: the chain’s silence decides nothing', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 2);
    shop.chain.failing = true;
    await expect(settleChannel(shop, channel)).rejects.toThrow('the chain source does not answer');
    expect(await stored(shop, channel)).toEqual(channel);
  });
});

describe('a CLOSING channel without a sale', () => {
  test('waits for L, and is looked at with every block from then on', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const closing = await shop.channels.change(
      channel.id,
      { states: ['OPEN'] },
      { state: 'CLOSING', dueAt: 0 },
    );
    if (!closing) throw new Error('it was OPEN');
    await settleChannel(shop, closing);
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight);
    shop.chain.setHeight(channel.terms.refundHeight + 3);
    await settleChannel(shop, closing);
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight + 4);
    expect(shop.chain.broadcasts).toEqual([]);
    expect((await stored(shop, channel)).state).toBe('CLOSING');
  });

  test('is EXPIRED by the refund, without an alarm', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const closing = await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'CLOSING' });
    if (!closing) throw new Error('it was OPEN');
    shop.chain.spendBy(fundingOf(channel), BUYER_SPEND, '66'.repeat(32));
    shop.chain.mine(5);
    expect((await settleChannel(shop, closing)).state).toBe('EXPIRED');
    expect(shop.lines.some(({ fields }) => fields.alarm === true)).toBe(false);
  });
});
