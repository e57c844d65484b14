import type { Outpoint } from '../chain/chain.ts';
import { Problem } from '../errors.ts';
import { cancelMessage } from '../protocol/commitment.ts';
import { sha256 } from '../protocol/hashes.ts';
import type { Channel, Cosigned } from '../store/channel-record.ts';
import {
  BLOCKS_KEPT_AFTER_REFUND,
  fundingAt,
  isRestored,
  sameOutpoint,
  stateMembers,
} from './channel-facts.ts';
import { settleChannel } from './settle-channel.ts';
import type { Shop } from './shop.ts';
import { advance } from './transitions.ts';
import { CHANGED_MEANWHILE, untilDecided } from './until-decided.ts';

export interface Closed {
  readonly channel: Channel;
  /** B's cancel signatures, where the channel ended without a sale. */
  readonly cancels: readonly Cosigned[];
}

/**
 * Ends a channel at A's wish: settles the best commitment, or cancels where nothing was delivered (rules 22 and 22a). The
 * change of state comes first, so that nothing is sold on a channel whose end is signed.
 * @throws Problem unpaid-delivery, channel-not-open
 */
export async function closeChannel(shop: Shop, channel: Channel): Promise<Closed> {
  return untilDecided(shop, channel, async (current) => {
    switch (current.state) {
      case 'CANCELLED':
        return { channel: current, cancels: await signCancels(shop, current) };
      case 'CLOSING':
      case 'SETTLED':
      case 'EXPIRED':
        return { channel: current, cancels: [] };
      case 'SUSPENDED':
        throw new Problem('channel-not-open', 'the funding is not on the chain now', stateMembers(current));
      case 'OPEN':
        return current.paid > 0 ? settle(shop, current) : cancel(shop, current);
      case 'PROPOSED':
      case 'REFUSED':
        return cancel(shop, current);
    }
  });
}

async function settle(shop: Shop, channel: Channel): Promise<Closed | typeof CHANGED_MEANWHILE> {
  const reason = 'the buyer closed it';
  const closing = await advance(shop, channel.id, { states: ['OPEN'] }, 'CLOSING', { dueAt: 0 }, { reason });
  if (!closing) return CHANGED_MEANWHILE;
  try {
    return { channel: await settleChannel(shop, closing), cancels: [] };
  } catch (error) {
    // The channel is CLOSING and due: what failed now, the schedule does.
    shop.log('settlement-failed', { alarm: true, channelId: channel.id, reason: String(error) });
    return { channel: closing, cancels: [] };
  }
}

async function cancel(shop: Shop, channel: Channel): Promise<Closed | typeof CHANGED_MEANWHILE> {
  if (channel.delivered > 0) {
    throw new Problem(
      'unpaid-delivery',
      'a chunk was delivered on credit and not paid',
      stateMembers(channel),
    );
  }
  // Rule 22b: the restored record may have lost a payment, which a cancel would void.
  if (isRestored(channel, shop.policy)) {
    throw new Problem(
      'channel-not-open',
      'the shop was restored from a backup; the funding returns at the refund height',
      {
        ...stateMembers(channel),
      },
    );
  }
  const cancelled = await advance(
    shop,
    channel.id,
    { states: ['PROPOSED', 'OPEN', 'REFUSED'], paid: 0, delivered: 0 },
    'CANCELLED',
    { dueAt: channel.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND },
  );
  if (!cancelled) return CHANGED_MEANWHILE;
  return { channel: cancelled, cancels: await signCancels(shop, cancelled) };
}

/** For every outpoint that B co-signed a refund for, and the one the channel opened on. */
async function signCancels(shop: Shop, channel: Channel): Promise<readonly Cosigned[]> {
  const named = [channel.funding?.outpoint, channel.claimed].filter((outpoint) => outpoint !== undefined);
  const outpoints = channel.refunds.map(({ outpoint }) => outpoint);
  for (const outpoint of named) {
    if (!outpoints.some((known) => sameOutpoint(known, outpoint))) outpoints.push(outpoint);
  }
  return Promise.all(outpoints.map((outpoint) => signCancel(shop, channel, outpoint)));
}

async function signCancel(shop: Shop, channel: Channel, outpoint: Outpoint): Promise<Cosigned> {
  const signature = await shop.signer.sign(sha256(cancelMessage(fundingAt(channel, outpoint))));
  return { outpoint, signature };
}
