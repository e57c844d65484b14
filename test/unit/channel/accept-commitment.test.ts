import { acceptCommitment, type Payment } from '../../../shared/channel/accept-commitment.ts';
import { changeOf, channelAnswer, deadlines, fundingAt } from '../../../shared/channel/channel-facts.ts';
import { cancelMessage, commitmentMessage, refundMessage } from '../../../shared/protocol/commitment.ts';
import { CURVE_ORDER } from '../../../shared/protocol/keys.ts';
import { bytesToNumberBE, numberToBytesBE } from '../../../shared/protocol/numbers.ts';
import { signMessage } from '../../../shared/protocol/signature.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { channelSecret, payment, secretOf } from '../../support/channel-buyer.ts';
import {
  CHUNK,
  type ChannelShop,
  channelShop,
  DATASET,
  open,
  openAndPaid,
  propose,
  stored,
} from '../../support/channel-shop.ts';
import { refusalWithoutChange, refused } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

const rejects = (shop: ChannelShop, channel: Channel, sent: Payment) =>
  refusalWithoutChange(shop, channel, () => acceptCommitment(shop, channel, sent));

describe('rule 14: OPEN, and before T_stopPayments', () => {
  test('rule 14: a payment is stored with its signature and answered with the next chunk', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const sent = payment('alice', channel, 1);
    const { channel: accepted, next } = await acceptCommitment(shop, channel, sent);
    expect(accepted).toEqual({
      ...channel,
      paid: 1,
      commitment: sent.signature,
      delivered: 2,
      unpaidLinks: 1,
    });
    expect(await stored(shop, channel)).toEqual(accepted);
    expect(next).toMatchObject({ chunk: 1, size: CHUNK });
    expect(next?.url).toContain('/chunks/1?versionId=version-1&');
    expect(channelAnswer(accepted, shop.policy).paidSatoshis).toBe(5_000n);
  });

  test('rule 14: in no other state', async () => {
    const shop = await channelShop(tables());
    const proposed = await propose(shop, 'alice');
    const outpoint = { txid: '11'.repeat(32), vout: 0 };
    const early = payment('alice', proposed, 1, changeOf(proposed, 1), outpoint);
    for (const sent of [early, { ...early, k: 0 }]) {
      expect(await rejects(shop, proposed, sent)).toBe('channel-not-open: the channel is PROPOSED');
    }

    const channel = await open(shop, 'bob');
    const sent = payment('bob', channel, 1);
    for (const state of ['SUSPENDED', 'CLOSING', 'CANCELLED', 'REFUSED', 'EXPIRED', 'SETTLED'] as const) {
      await shop.channels.change(channel.id, { states: [(await stored(shop, channel)).state] }, { state });
      // The record that was read before is OPEN: the conditional write must find out.
      expect(await rejects(shop, channel, sent)).toBe(`channel-not-open: the channel is ${state}`);
    }
  });

  test('rule 14: T_stopPayments is 150 blocks before L, exactly', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { stopPayments } = deadlines(channel, shop.policy);
    expect(stopPayments).toBe(channel.terms.refundHeight - 150);
    shop.chain.setHeight(stopPayments);
    shop.clock.advance(60_001);
    expect(await rejects(shop, channel, payment('alice', channel, 1))).toBe(
      'too-late: no payment is taken this near to the refund height',
    );
    shop.chain.setHeight(stopPayments - 1);
    shop.clock.advance(60_001);
    const { channel: accepted, next } = await acceptCommitment(shop, channel, payment('alice', channel, 1));
    expect([accepted.paid, next]).toEqual([1, null]);
  });

  test('rule 14: a funding of another channel pays for nothing', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const other = await open(shop, 'bob');
    const elsewhere = payment('alice', channel, 1, changeOf(channel, 1), other.funding?.outpoint);
    expect(await rejects(shop, channel, elsewhere)).toBe(
      'bad-commitment-signature: not a strict signature by the channel key of commitment 1',
    );
  });
});

describe('rule 15: how many chunks', () => {
  test('rule 15: no more than the channel buys', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const tooMany = { ...payment('alice', channel, 12), k: 13 };
    expect(await rejects(shop, channel, tooMany)).toBe('commitment-out-of-range: the channel buys 12 chunks');
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 12));
    expect(paid.paid).toBe(12);
    expect(shop.lines.at(-1)).toEqual({
      event: 'commitment-accepted',
      fields: { channelId: channel.id, k: 12, chunks: 12, bytes: DATASET.totalSize, satoshis: '57500' },
    });
    expect((await refused(acceptCommitment(shop, paid, tooMany))).members).toEqual({ paid: 12 });
  });

  test('rule 15: no more at a time than the limit', async () => {
    const shop = await channelShop(tables(), { commitmentLimit: 3 });
    const channel = await open(shop, 'alice');
    expect(await rejects(shop, channel, payment('alice', channel, 4))).toBe(
      'commitment-out-of-range: at most 3 chunks can be paid for at a time',
    );
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 3));
    const beyond = await refused(acceptCommitment(shop, paid, payment('alice', channel, 7)));
    expect(beyond.members).toEqual({ paid: 3 });
    expect((await acceptCommitment(shop, paid, payment('alice', channel, 6))).channel.paid).toBe(6);
  });

  test('rule 15: less than is paid is refused with the state', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 5);
    expect(await rejects(shop, channel, payment('alice', channel, 4))).toBe(
      'stale-commitment: 5 chunks are paid for already',
    );
    const problem = await refused(acceptCommitment(shop, channel, payment('alice', channel, 4)));
    expect(problem.members).toEqual({ state: 'OPEN', paid: 5, delivered: 6 });
    expect(problem.status).toBe(409);
  });
});

describe('rule 16: the signature over the digest that the shop built', () => {
  const bad = 'bad-commitment-signature: not a strict signature by the channel key of commitment 2';

  test('rule 16: one satoshi more or less change is another commitment', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const right = changeOf(channel, 2);
    expect(right).toBe(50_000n);
    for (const change of [right + 1n, right - 1n, changeOf(channel, 1)]) {
      expect(await rejects(shop, channel, payment('alice', channel, 2, change))).toBe(bad);
    }
  });

  test('rule 16: neither the untweaked key nor another buyer can sign', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { funding } = channel;
    if (!funding) throw new Error('an open channel has a funding');
    const at = fundingAt(channel, funding.outpoint);
    const message = commitmentMessage(at, channel.terms.changeScript, changeOf(channel, 2));
    const untweaked = { k: 2, signature: signMessage(secretOf('alice'), message) };
    expect(await rejects(shop, channel, untweaked)).toBe(bad);
    expect(await rejects(shop, channel, payment('mallory', channel, 2))).toBe(bad);
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 1));
    expect((await refused(acceptCommitment(shop, paid, untweaked))).members).toEqual({ paid: 1 });
  });

  test('rule 16: a refund or cancel signature, or one without the change, is none', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { funding } = channel;
    if (!funding) throw new Error('an open channel has a funding');
    const at = fundingAt(channel, funding.outpoint);
    const secret = channelSecret('alice', channel);
    const messages = [
      refundMessage(at, channel.terms.refundHeight),
      cancelMessage(at),
      commitmentMessage(at, channel.terms.changeScript, 0n),
      commitmentMessage(
        { ...at, capacity: at.capacity - 1n },
        channel.terms.changeScript,
        changeOf(channel, 2),
      ),
    ];
    for (const message of messages) {
      expect(await rejects(shop, channel, { k: 2, signature: signMessage(secret, message) })).toBe(bad);
    }
  });

  test('rule 16: r and s within their range, s low', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const { signature } = payment('alice', channel, 2);
    const r = bytesToNumberBE(signature.subarray(0, 32));
    const s = bytesToNumberBE(signature.subarray(32));
    const spoiled = [
      [r, CURVE_ORDER - s],
      [0n, s],
      [r, 0n],
      [CURVE_ORDER, s],
      [r, CURVE_ORDER],
      [r + 1n, s],
    ];
    for (const [first = 0n, second = 0n] of spoiled) {
      const bytes = Uint8Array.of(...numberToBytesBE(first, 32), ...numberToBytesBE(second, 32));
      expect(await rejects(shop, channel, { k: 2, signature: bytes })).toBe(bad);
    }
    expect(await rejects(shop, channel, { k: 2, signature: signature.subarray(0, 63) })).toBe(bad);
    expect((await acceptCommitment(shop, channel, { k: 2, signature })).channel.paid).toBe(2);
  });

  test('rule 16: where nothing is left the commitment has no output', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice', { capacity: 57_500n });
    expect(changeOf(channel, 12)).toBe(0n);
    const { channel: accepted, next } = await acceptCommitment(shop, channel, payment('alice', channel, 12));
    expect([accepted.paid, next]).toEqual([12, null]);
  });
});
