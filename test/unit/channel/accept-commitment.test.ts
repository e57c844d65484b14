import { sign } from '@noble/secp256k1';
import { acceptCommitment, type Payment } from '../../../shared/channel/accept-commitment.ts';
import { changeOf, channelAnswer, deadlines, fundingAt } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
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
  open,
  openAndPaid,
  propose,
  stored,
} from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { dueAt } from '../../support/raw-item.ts';
import { refusal, refusalWithoutChange, refused } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

const rejects = (shop: ChannelShop, channel: Channel, sent: Payment) =>
  refusalWithoutChange(shop, channel, () => acceptCommitment(shop, channel, sent));

/** Another signature of the same commitment, as a buyer with a random nonce makes it: valid, not the same bytes. */
function otherSignature(buyer: string, channel: Channel, k: number): Payment {
  const { funding } = channel;
  if (!funding) throw new Error('the channel has no funding');
  const message = commitmentMessage(
    fundingAt(channel, funding.outpoint),
    channel.terms.changeScript,
    changeOf(channel, k),
  );
  const signature = sign(message, channelSecret(buyer, channel), {
    lowS: true,
    extraEntropy: new Uint8Array(32).fill(7),
  });
  return { k, signature };
}

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
    expect(await rejects(shop, proposed, early)).toBe('channel-not-open: the channel is PROPOSED');

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
    expect((await acceptCommitment(shop, channel, payment('alice', channel, 12))).channel.paid).toBe(12);
  });

  test('rule 15: no more at a time than the limit', async () => {
    const shop = await channelShop(tables(), { commitmentLimit: 3 });
    const channel = await open(shop, 'alice');
    expect(await rejects(shop, channel, payment('alice', channel, 4))).toBe(
      'commitment-out-of-range: at most 3 chunks can be paid for at a time',
    );
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 3));
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

describe('rule 17: one conditional write decides, before anything is released', () => {
  test('rule 17: a write that fails releases no link', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const broken = {
      ...shop,
      channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
    };
    await expect(acceptCommitment(broken, channel, payment('alice', channel, 1))).rejects.toThrow(
      'the line is cut',
    );
    expect(shop.linked).toEqual([]);
  });

  test('rule 17: same k and same signature again: the same answer, and the link is counted', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const sent = payment('alice', channel, 1);
    const first = await acceptCommitment(shop, channel, sent);
    const again = await acceptCommitment(shop, channel, sent);
    expect(again.next).toEqual(first.next);
    expect(again.channel).toMatchObject({ paid: 1, delivered: 2, commitment: sent.signature });
    expect((await stored(shop, channel)).unpaidLinks).toBe(2);
    for (let link = 3; link <= 8; link++) {
      expect((await acceptCommitment(shop, channel, sent)).next).not.toBeNull();
    }
    // The ninth is still an acceptance, but brings no link.
    const ninth = await acceptCommitment(shop, channel, sent);
    expect([ninth.channel.paid, ninth.next]).toEqual([1, null]);
    expect((await stored(shop, channel)).unpaidLinks).toBe(8);
    expect(shop.linked).toHaveLength(8);
  });

  test('rule 17: same k, another valid signature: the first stays, 200', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const first = payment('alice', channel, 1);
    const second = otherSignature('alice', channel, 1);
    expect(second.signature).not.toEqual(first.signature);
    await acceptCommitment(shop, channel, first);
    const answer = await acceptCommitment(shop, channel, second);
    expect(answer.next?.chunk).toBe(1);
    expect((await stored(shop, channel)).commitment).toEqual(first.signature);
    // It is valid indeed: on a fresh channel it pays.
    const twin = await open(shop, 'bob');
    expect((await acceptCommitment(shop, twin, otherSignature('bob', twin, 1))).channel.paid).toBe(1);
  });

  test('rule 17: same k, a signature that is not valid: no link and no state for a stranger', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 1);
    expect(await rejects(shop, channel, payment('mallory', channel, 1))).toBe(
      'bad-commitment-signature: not a strict signature by the channel key of commitment 1',
    );
  });

  test('rule 17: a higher commitment between read and write is never lowered', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const rival = () => acceptCommitment(shop, channel, payment('alice', channel, 5));
    expect(
      await refusal(acceptCommitment(contested(shop, rival), channel, payment('alice', channel, 3))),
    ).toBe('stale-commitment: 5 chunks are paid for already');
    const now = await stored(shop, channel);
    expect([now.paid, now.commitment]).toEqual([5, payment('alice', channel, 5).signature]);
  });

  test('rule 17: the limit holds against what the store has, not what was read', async () => {
    const shop = await channelShop(tables(), { commitmentLimit: 2 });
    const channel = await openAndPaid(shop, 'alice', 2);
    // A record from another time, as a stale cache would have it.
    const ahead = { ...channel, paid: 4 };
    expect(await rejects(shop, ahead, payment('alice', channel, 6))).toBe(
      'commitment-out-of-range: at most 2 chunks can be paid for at a time',
    );
  });

  test('rule 17: a hundred commitments at once end at the highest, and each link was paid for', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const payments = Array.from({ length: 12 }, (_, index) => payment('alice', channel, index + 1));
    const attempts = Array.from({ length: 100 }, (_, index) => {
      const sent = payments[(index * 7) % 12];
      if (!sent) throw new Error('there are twelve');
      return acceptCommitment(shop, channel, sent);
    });
    const outcomes = await Promise.allSettled(attempts);
    const now = await stored(shop, channel);
    expect([now.paid, now.commitment]).toEqual([12, payments[11]?.signature]);
    expect(now.delivered).toBeLessThanOrEqual(12);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(['stale-commitment', 'busy']).toContain(outcome.reason.problem);
      } else if (outcome.value.next) {
        expect(outcome.value.next.chunk).toBeLessThanOrEqual(outcome.value.channel.paid);
      }
    }
  }, 30_000);

  test('rule 17: fifty times the same one at once is one payment', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const sent = payment('alice', channel, 1);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => acceptCommitment(shop, channel, sent)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    const now = await stored(shop, channel);
    expect([now.paid, now.unpaidLinks]).toEqual([1, 8]);
    expect(shop.linked).toHaveLength(8);
    expect(shop.lines.filter(({ event }) => event === 'commitment-accepted')).toHaveLength(1);
  });
});

describe('rule 18: once CLOSING no new commitment', () => {
  test('rule 18: a replay of the accepted one gets the state and no link', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await closeChannel(shop, channel);
    const links = shop.linked.length;
    const { channel: answered, next } = await acceptCommitment(shop, channel, payment('alice', channel, 3));
    // Read before the close: the answer is judged on what the store holds.
    expect([answered.paid, next]).toEqual([3, null]);
    const read = await acceptCommitment(shop, await stored(shop, channel), payment('alice', channel, 3));
    expect([read.channel.state, read.next]).toEqual(['CLOSING', null]);
    expect(shop.linked).toHaveLength(links);
  });

  test('rule 18: a higher one is refused, also with a record that was read before', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await closeChannel(shop, channel);
    expect(await rejects(shop, channel, payment('alice', channel, 4))).toBe(
      'channel-not-open: the channel is CLOSING',
    );
    expect(await rejects(shop, await stored(shop, channel), payment('alice', channel, 4))).toBe(
      'channel-not-open: the channel is CLOSING',
    );
  });

  test('rule 18: a close between read and write wins, and settles what was accepted before', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const rival = () => closeChannel(shop, channel);
    expect(
      await refusal(acceptCommitment(contested(shop, rival), channel, payment('alice', channel, 4))),
    ).toBe('channel-not-open: the channel is CLOSING');
    const now = await stored(shop, channel);
    expect([now.state, now.paid, now.settlements.length]).toEqual(['CLOSING', 3, 1]);
  });
});

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
