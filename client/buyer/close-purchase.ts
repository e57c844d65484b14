import type { ChannelState } from '../../shared/http/api.ts';
import type { Buyer, PurchaseEvent } from './buyer-context.ts';
import { closeChannel } from './end-channel.ts';
import { openPurchase } from './purchase-journal.ts';
import { currentChannel, sentFundings } from './purchase-state.ts';
import { shopClient } from './shop-client.ts';
import { openWallet } from './wallet.ts';

/**
 * Ends a purchase where it stands: the shop settles what was paid, or gives back at once a channel on which nothing was delivered,
 * so that the rest does not wait for the refund height. Buying on opens another channel.
 * @returns the channel's state; undefined where no channel is open
 * @throws BuyerError locked, shop-unreachable, shop-refused, shop-dishonest
 */
export async function closePurchaseEarly(
  buyer: Buyer,
  id: string,
  report: (event: PurchaseEvent) => void = () => undefined,
): Promise<ChannelState | undefined> {
  const journal = await openPurchase(buyer.home, id);
  try {
    const { plan } = journal.state();
    const channel = currentChannel(journal.state());
    if (!plan || !channel || sentFundings(channel).length === 0) return undefined;
    const shop = shopClient({ url: plan.shop, clock: buyer.clock, fetch: buyer.fetch, retry: buyer.retry });
    const wallet = await openWallet(buyer.home, plan.network);
    const { state } = await closeChannel({ buyer, journal, shop, report, wallet }, channel);
    return state;
  } finally {
    await journal.close();
  }
}
