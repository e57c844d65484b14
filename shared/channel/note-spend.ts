import type { Confirmation, Spend, Tip } from '../chain/chain.ts';
import { SETTLED_DEPTH } from '../limits.ts';
import type { Channel } from '../store/channel-record.ts';
import { BLOCKS_KEPT_AFTER_REFUND } from './channel-facts.ts';
import { spenderOf } from './closing-channel.ts';
import type { Shop } from './shop.ts';
import { advance } from './transitions.ts';

/**
 * Notes who spent a channel's funding, and ends the channel once that is deep enough (rule 23): decided by the transaction
 * that the best chain holds, never by a txid that was expected.
 */
export async function noteSpend(
  shop: Shop,
  channel: Channel,
  spend: Spend & { readonly confirmation: Confirmation },
  tip: Tip,
): Promise<Channel> {
  const { txid, confirmation } = spend;
  const by = spenderOf(spend);
  if (by === 'buyer')
    shop.log('funding-spent-by-buyer', { alarm: channel.paid > 0, channelId: channel.id, txid });
  const seen = { txid, height: confirmation.height };
  if (tip.height - confirmation.height + 1 < SETTLED_DEPTH) {
    if (channel.spend?.txid === txid && channel.spend.height === confirmation.height) return channel;
    return (await shop.channels.change(channel.id, { states: ['CLOSING'] }, { spend: seen })) ?? channel;
  }
  const ended = await advance(
    shop,
    channel.id,
    { states: ['CLOSING'] },
    by === 'seller' ? 'SETTLED' : 'EXPIRED',
    { spend: seen, dueAt: channel.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND },
    { txid },
  );
  return ended ?? channel;
}

/** Nothing was sold: from L on A takes its money back, whenever it likes. */
export async function waitForRefund(shop: Pick<Shop, 'channels'>, channel: Channel, tip: Tip): Promise<void> {
  const dueAt = Math.max(tip.height + 1, channel.terms.refundHeight);
  await shop.channels.change(channel.id, { states: ['CLOSING'] }, { dueAt });
}

/** Takes back what was noted of a spend that a reorg took out of the best chain. */
export async function withoutLostSpend(shop: Pick<Shop, 'channels'>, channel: Channel): Promise<Channel> {
  if (channel.spend?.height === undefined) return channel;
  const { txid } = channel.spend;
  return (await shop.channels.change(channel.id, { states: ['CLOSING'] }, { spend: { txid } })) ?? channel;
}
