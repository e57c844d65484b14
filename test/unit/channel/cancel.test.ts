import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { fundingAt } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { openChannel } from '../../../shared/channel/open-channel.ts';
import { cancelMessage, refundMessage } from '../../../shared/protocol/commitment.ts';
import { verifyMessage } from '../../../shared/protocol/signature.ts';
import { payment } from '../../support/channel-buyer.ts';
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
import { recorded } from '../../support/recorded-shop.ts';
import { refusal, refusalWithoutChange, refused } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const outpointOf = (index: number) => ({ txid: index.toString(16).padStart(64, '0'), vout: index });

describe('rule 22a: a cancel', () => {
  test('rule 22a: of an OPEN channel without a sale: one valid signature for each outpoint', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await cosignRefund(shop, channel, outpointOf(1));
    const { channel: cancelled, cancels } = await closeChannel(shop, await stored(shop, channel));
    expect(cancelled.state).toBe('CANCELLED');
    expect(cancels.map(({ outpoint }) => outpoint)).toEqual([channel.funding?.outpoint, outpointOf(1)]);
    for (const { outpoint, signature } of cancels) {
      const funding = fundingAt(channel, outpoint);
      expect(verifyMessage(SELLER_KEY, cancelMessage(funding), signature)).toBe(true);
      expect(verifyMessage(SELLER_KEY, refundMessage(funding, channel.terms.refundHeight), signature)).toBe(
        false,
      );
    }
  });

  test('rule 22a: of a PROPOSED one also for the outpoint that was named and never co-signed', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '0' });
    const channel = await propose(shop, 'alice');
    const outpoint = fund(shop, channel);
    await confirmFunding(shop, channel, outpoint);
    const { channel: cancelled, cancels } = await closeChannel(shop, channel);
    expect(cancelled.state).toBe('CANCELLED');
    expect(cancels.map((cancel) => cancel.outpoint)).toEqual([outpoint]);
  });

  test('rule 22a: not once a chunk was delivered: the money waits for L', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await issueChunk(shop, channel, 0);
    const delivered = await stored(shop, channel);
    expect(await refusalWithoutChange(shop, channel, () => closeChannel(shop, delivered))).toBe(
      'unpaid-delivery: a chunk was delivered on credit and not paid',
    );
    // Nor with a record from before the delivery.
    expect(await refusalWithoutChange(shop, channel, () => closeChannel(shop, channel))).toBe(
      'unpaid-delivery: a chunk was delivered on credit and not paid',
    );
    expect((await refused(closeChannel(shop, channel))).members).toEqual({
      state: 'OPEN',
      paid: 0,
      delivered: 1,
    });
  });

  test('rule 22a: not once something was paid, also with a record from before the payment', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await open(shop, 'alice', { credit: 0 });
    await acceptCommitment(shop, channel, payment('alice', channel, 1));
    const { channel: closed, cancels } = await closeChannel(shop, channel);
    expect([closed.state, cancels]).toEqual(['CLOSING', []]);
    expect(order).not.toContain('stored CANCELLED');
  });

  test('rule 22a: paid or delivered alone is enough to keep the table from CANCELLED', async () => {
    const shop = await channelShop(tables());
    const paid = await openAndPaid(shop, 'alice', 12, { credit: 0 });
    // As a payment after T_stopChunks leaves it. What is handed in does not tell the truth: the conditional write does.
    await shop.channels.change(paid.id, { states: ['OPEN'] }, { delivered: 0 });
    const lied = { ...paid, paid: 0, delivered: 0 };
    const { channel } = await closeChannel(shop, lied);
    expect([channel.state, channel.paid]).toEqual(['CLOSING', 12]);
    const delivered = await open(shop, 'bob');
    await shop.channels.change(delivered.id, { states: ['OPEN'] }, { delivered: 1 });
    expect(await refusal(closeChannel(shop, delivered))).toMatch(/^unpaid-delivery/);
  });

  test('rule 22a: a delivery between read and write wins', async () => {
    const { shop, order } = recorded(await channelShop(tables()));
    const channel = await open(shop, 'alice');
    order.length = 0;
    const rival = () => issueChunk(shop, channel, 0);
    expect(await refusal(closeChannel(contested(shop, rival), channel))).toMatch(/^unpaid-delivery/);
    expect(order).not.toContain('signed');
    expect((await stored(shop, channel)).state).toBe('OPEN');
  });

  test('rule 22a: CANCELLED is terminal: same terms, funding, chunk, payment', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const outpoint = channel.funding?.outpoint;
    if (!outpoint) throw new Error('an open channel has a funding');
    const other = await propose(shop, 'bob');
    const unopened = fund(shop, other);
    await closeChannel(shop, channel);
    await closeChannel(shop, other);
    shop.clock.advance(48 * 3_600_000);
    shop.chain.tipTime = shop.clock.now() / 1000;

    for (const { id, terms } of [channel, other]) {
      const again = await openChannel(shop, terms);
      expect([again.id, again.state]).toEqual([id, 'CANCELLED']);
      expect(await forgetAt(shop, again)).toBeUndefined();
      expect(await dueAt(shop, again)).toBe(terms.refundHeight + 144);
    }
    expect(await refusalWithoutChange(shop, other, () => confirmFunding(shop, other, unopened))).toBe(
      'channel-ended: the channel is CANCELLED and takes no funding',
    );
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
      'channel-not-open: the channel is CANCELLED',
    );
    const sent = payment('alice', channel, 1);
    expect(await refusalWithoutChange(shop, channel, () => acceptCommitment(shop, channel, sent))).toBe(
      'channel-not-open: the channel is CANCELLED',
    );
  });

  test('rule 22a: asked for again it is signed again, also for a funding that came later', async () => {
    const shop = await channelShop(tables());
    const channel = await propose(shop, 'alice');
    expect((await closeChannel(shop, channel)).cancels).toEqual([]);
    const outpoint = fund(shop, channel);
    await cosignRefund(shop, channel, outpoint);
    const { channel: cancelled, cancels } = await closeChannel(shop, await stored(shop, channel));
    expect(cancelled.state).toBe('CANCELLED');
    expect(cancels.map((cancel) => cancel.outpoint)).toEqual([outpoint]);
  });

  test('rule 22a: not while SUSPENDED', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const suspended = await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'SUSPENDED' });
    if (!suspended) throw new Error('it was OPEN');
    expect(await refusalWithoutChange(shop, channel, () => closeChannel(shop, suspended))).toBe(
      'channel-not-open: the funding is not on the chain now',
    );
    expect(await refusalWithoutChange(shop, channel, () => closeChannel(shop, channel))).toBe(
      'channel-not-open: the funding is not on the chain now',
    );
  });

  test('rule 22a: commitment or cancel, never both, in races of fifty', async () => {
    const shop = await channelShop(tables());
    for (let round = 0; round < 4; round++) {
      const channel = await open(shop, `buyer ${round}`, { credit: 0 });
      const sent = payment(`buyer ${round}`, channel, 1);
      const attempts = Array.from({ length: 12 }, (_, index) =>
        index % 2 === round % 2 ? acceptCommitment(shop, channel, sent) : closeChannel(shop, channel),
      );
      const outcomes = await Promise.allSettled(attempts);
      const now = await stored(shop, channel);
      expect([
        ['CANCELLED', 0],
        ['CLOSING', 1],
      ]).toContainEqual([now.state, now.paid]);
      const cancels = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' && 'cancels' in outcome.value ? outcome.value.cancels : [],
      );
      if (now.state === 'CLOSING') expect(cancels).toEqual([]);
      else
        expect(
          outcomes.filter((outcome) => outcome.status === 'fulfilled' && 'next' in outcome.value),
        ).toEqual([]);
    }
  });
});

describe('rule 22b: after a table restore', () => {
  test('rule 22b: a channel from before is never cancelled, in no state', async () => {
    const shop = await channelShop(tables());
    const opened = await open(shop, 'alice');
    const proposed = await propose(shop, 'bob');
    const late = await propose(shop, 'carol');
    await shop.channels.change(late.id, { states: ['PROPOSED'] }, { state: 'REFUSED' });
    shop.clock.advance(1);
    const restored = { ...shop, policy: { ...shop.policy, restoredAt: shop.clock.now() } };
    for (const channel of [opened, proposed, late]) {
      expect(await refusalWithoutChange(shop, channel, () => closeChannel(restored, channel))).toBe(
        'channel-not-open: the shop was restored from a backup; the funding returns at the refund height',
      );
    }
    const { members } = await refused(closeChannel(restored, opened));
    expect(members).toEqual({ state: 'OPEN', paid: 0, delivered: 0 });
    const fresh = await open(restored, 'dave');
    expect((await closeChannel(restored, fresh)).channel.state).toBe('CANCELLED');
  });

  test('rule 22b: one that was paid is settled at its best known commitment', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const restored = { ...shop, policy: { ...shop.policy, restoredAt: channel.createdAt + 1 } };
    const { channel: closed } = await closeChannel(restored, channel);
    expect([closed.state, closed.paid, closed.settlements.length]).toEqual(['CLOSING', 2, 1]);
  });
});
