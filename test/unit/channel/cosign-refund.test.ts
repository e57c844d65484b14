import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { fundingAt } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { MAX_REFUND_OUTPOINTS, PROPOSAL_LIFETIME_MS } from '../../../shared/limits.ts';
import { cancelMessage, refundMessage } from '../../../shared/protocol/commitment.ts';
import { verifyMessage } from '../../../shared/protocol/signature.ts';
import { fundingScriptOf, payment } from '../../support/channel-buyer.ts';
import {
  channelShop,
  fund,
  open,
  openAndPaid,
  propose,
  SELLER_KEY,
  stored,
} from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { dueAt, forgetAt } from '../../support/raw-item.ts';
import { refusal, refusalWithoutChange } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const outpointOf = (index: number) => ({ txid: index.toString(16).padStart(64, '0'), vout: index });

describe('rule 8: what the shop signs', () => {
  test('rule 8: exactly the refund at L that the stored terms and the outpoint make', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const outpoint = outpointOf(3);
    const signature = await cosignRefund(shop, channel, outpoint);
    expect(shop.lines.at(-1)).toEqual({
      event: 'refund-cosigned',
      fields: { channelId: channel.id, ...outpoint },
    });
    const funding = fundingAt(channel, outpoint);
    const { refundHeight } = channel.terms;
    expect(verifyMessage(SELLER_KEY, refundMessage(funding, refundHeight), signature)).toBe(true);
    // Neither an earlier refund nor a cancel nor another outpoint can be made of it.
    expect(verifyMessage(SELLER_KEY, refundMessage(funding, refundHeight - 1), signature)).toBe(false);
    expect(verifyMessage(SELLER_KEY, cancelMessage(funding), signature)).toBe(false);
    const elsewhere = fundingAt(channel, outpointOf(4));
    expect(verifyMessage(SELLER_KEY, refundMessage(elsewhere, refundHeight), signature)).toBe(false);
  });

  test('rule 8: terms with an earlier height are another channel with another script', async () => {
    const shop = await channelShop(tables());
    const late = await propose(shop, 'alice');
    const early = await propose(shop, 'bob', { refundHeight: late.terms.refundHeight - 100 });
    const outpoint = outpointOf(1);
    const signature = await cosignRefund(shop, early, outpoint);
    const message = refundMessage(fundingAt(late, outpoint), early.terms.refundHeight);
    expect(verifyMessage(SELLER_KEY, message, signature)).toBe(false);
    expect(fundingScriptOf(early)).not.toEqual(fundingScriptOf(late));
    // And the same buyer key cannot be used for it at all (rule 1).
    expect(await refusal(propose(shop, 'alice', { refundHeight: late.terms.refundHeight - 100 }))).toBe(
      'buyer-key-used: buyerKey: belongs to another channel',
    );
  });

  test('rule 8: the price is not checked again', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    await shop.datasets.setPrice(channel.terms.manifest, 9_999n);
    shop.clock.advance(2 * PROPOSAL_LIFETIME_MS);
    expect(await cosignRefund(shop, channel, outpointOf(1))).toHaveLength(64);
  });
});

describe('rule 9: idempotent by stored signature', () => {
  test('rule 9: a repetition answers what is stored and asks the signer no more', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const first = await cosignRefund(shop, channel, outpointOf(1));
    const signer = { ...shop.signer, sign: () => Promise.reject(new Error('signed twice')) };
    const again = await cosignRefund({ ...shop, signer }, await stored(shop, channel), outpointOf(1));
    expect(again).toEqual(first);
    // Also with a record that was read before the first one.
    expect(await cosignRefund(shop, channel, outpointOf(1))).toEqual(first);
    expect((await stored(shop, channel)).refunds).toEqual([{ outpoint: outpointOf(1), signature: first }]);
  });

  test('rule 9: stored before it is released', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const broken = {
      ...shop,
      channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
    };
    await expect(cosignRefund(broken, channel, outpointOf(1))).rejects.toThrow('the line is cut');
    expect((await stored(shop, channel)).refunds).toEqual([]);
  });

  test('rule 9: fifty at once for one outpoint store one signature and all answer it', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    // A signer as a KMS is: no two signatures of the same digest are the same.
    let salt = 0;
    const signer = { ...shop.signer, sign: async () => new Uint8Array(64).fill(salt++) };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => cosignRefund({ ...shop, signer }, channel, outpointOf(1))),
    );
    const { refunds } = await stored(shop, channel);
    expect(refunds).toHaveLength(1);
    for (const answer of answers) expect(answer).toEqual(refunds[0]?.signature);
  });

  test('rule 9: the one that comes second between read and write answers the first one’s signature', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    let first: Uint8Array | undefined;
    const rival = async () => {
      first = await cosignRefund(shop, channel, outpointOf(1));
    };
    expect(await cosignRefund(contested(shop, rival), channel, outpointOf(1))).toEqual(first);
    expect((await stored(shop, channel)).refunds).toHaveLength(1);
  });

  test('rule 9: sixteen outpoints, the seventeenth is refused, the first is still answered', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const signatures: Uint8Array[] = [];
    for (let index = 0; index < MAX_REFUND_OUTPOINTS; index++) {
      signatures.push(await cosignRefund(shop, await stored(shop, channel), outpointOf(index)));
    }
    expect(MAX_REFUND_OUTPOINTS).toBe(16);
    expect(await refusalWithoutChange(shop, channel, () => cosignRefund(shop, channel, outpointOf(16)))).toBe(
      'too-many-outpoints: 16 outpoints are co-signed already',
    );
    expect(await cosignRefund(shop, channel, outpointOf(0))).toEqual(signatures[0]);
    // The same txid at another index is another outpoint.
    const otherVout = { ...outpointOf(0), vout: 7 };
    expect(await refusal(cosignRefund(shop, channel, otherVout))).toMatch(/^too-many-outpoints/);
  });

  test('rule 9: thirty different outpoints at once never make more than sixteen', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    const signer = { ...shop.signer, sign: async () => new Uint8Array(64) };
    const attempts = Array.from({ length: 30 }, (_, index) =>
      cosignRefund({ ...shop, signer }, channel, outpointOf(index)),
    );
    const outcomes = await Promise.allSettled(attempts);
    const { refunds } = await stored(shop, channel);
    const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(refunds).toHaveLength(answered);
    expect(answered).toBeLessThanOrEqual(16);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(['busy', 'too-many-outpoints']).toContain(outcome.reason.problem);
    }
  });
});

describe('what a co-signature does to the record', () => {
  test('from the first one on it is kept to L + 144', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    expect(await forgetAt(shop, channel)).toBeDefined();
    await cosignRefund(shop, channel, outpointOf(1));
    expect(await forgetAt(shop, channel)).toBeUndefined();
    expect(await dueAt(shop, channel)).toBe(channel.terms.refundHeight + 144);
  });

  test('an OPEN channel that is co-signed late keeps the height at which it is closed', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const before = await dueAt(shop, channel);
    expect(before).toBe(channel.terms.refundHeight - 144);
    await cosignRefund(shop, channel, outpointOf(9));
    expect(await dueAt(shop, channel)).toBe(before);
  });

  test('a channel that waits for its funding keeps the next block', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '0' });
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    await confirmFunding(shop, channel, outpoint);
    const next = shop.chain.height() + 1;
    expect(await dueAt(shop, channel)).toBe(next);
    await cosignRefund(shop, channel, outpoint);
    expect(await dueAt(shop, channel)).toBe(next);
  });

  test('a claim between read and write is not forgotten either', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '0' });
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    const rival = () => confirmFunding(shop, channel, outpoint);
    expect(await cosignRefund(contested(shop, rival), channel, outpoint)).toHaveLength(64);
    expect(await dueAt(shop, channel)).toBe(shop.chain.height() + 1);
    expect((await stored(shop, channel)).claimed).toEqual(outpoint);
  });

  test('a complete channel stays due at once', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 12);
    expect(await dueAt(shop, channel)).toBe(0);
    await cosignRefund(shop, channel, outpointOf(9));
    expect(await dueAt(shop, channel)).toBe(0);
  });

  test('it is given in every state, and changes none', async () => {
    const shop = await channelShop(tables());
    const cancelled = (await closeChannel(shop, await open(shop, 'alice'))).channel;
    const opened = await open(shop, 'bob');
    await acceptCommitment(shop, opened, payment('bob', opened, 1));
    const closing = (await closeChannel(shop, await stored(shop, opened))).channel;
    for (const channel of [cancelled, closing]) {
      await cosignRefund(shop, channel, outpointOf(5));
      expect((await stored(shop, channel)).state).toBe(channel.state);
    }
    expect([cancelled.state, closing.state]).toEqual(['CANCELLED', 'CLOSING']);
  });
});
