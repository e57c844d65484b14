import { sign } from '@noble/secp256k1';
import { acceptCommitment, type Payment } from '../../../shared/channel/accept-commitment.ts';
import { changeOf, fundingAt } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { commitmentMessage } from '../../../shared/protocol/commitment.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { channelSecret, payment } from '../../support/channel-buyer.ts';
import { type ChannelShop, channelShop, open, openAndPaid, stored } from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { refusal, refusalWithoutChange } from '../../support/refusals.ts';
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

  test('rule 17: a replay whose link fails is no acceptance without one: the buyer must hear of the trouble', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 1);
    const broken = { ...shop, links: { link: () => Promise.reject(new Error('the line is cut')) } };
    await expect(acceptCommitment(broken, channel, payment('alice', channel, 1))).rejects.toThrow(
      'the line is cut',
    );
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

  test('rule 18: nor a link to a chunk that it paid for', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3, { credit: 0 });
    const closed = (await closeChannel(shop, channel)).channel;
    const { next } = await acceptCommitment(shop, closed, payment('alice', channel, 3));
    expect([closed.state, next]).toEqual(['CLOSING', null]);
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
