import type { Buyer, PurchaseEvent } from '../../client/buyer/buyer-context.ts';
import { type ChannelSecrets, channelSecrets } from '../../client/buyer/channel-secrets.ts';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { nodePlatform } from '../../client/buyer/node/node-platform.ts';
import type { BuyRequest } from '../../client/buyer/prepare-purchase.ts';
import { buy } from '../../client/buyer/purchase.ts';
import { listPurchases } from '../../client/buyer/purchase-journal.ts';
import type { PurchaseResult } from '../../client/buyer/purchase-result.ts';
import type { ChannelRecordState } from '../../client/buyer/purchase-state.ts';
import { openWallet } from '../../client/buyer/wallet.ts';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import { systemClock } from '../../shared/clock.ts';
import type { LocalShopProcess } from './local-shop.ts';
import { mineWhatWaits } from './mine-what-waits.ts';

/** What a buyer needs of a shop that runs, and the one who pays and mines for it. */
export type SdkShop = Pick<LocalShopProcess, 'url' | 'chainUrl' | 'faucet' | 'rpc'>;

/** A buyer by the SDK, in this process, on the shop's own chain. */
export function sdkBuyer(shop: Pick<SdkShop, 'chainUrl'>, home: string): Buyer {
  return {
    ...nodePlatform(home, { environment: {} }),
    chain: bitcoindChain({ url: shop.chainUrl }),
    clock: systemClock,
    pollInterval: 20,
    retry: { retries: 3, firstDelay: 50 },
  };
}

export interface PaidPurchase {
  readonly result: PurchaseResult;
  readonly events: readonly PurchaseEvent[];
  /** Satoshis that came from outside. */
  readonly deposited: bigint;
}

/** Buys, pays every deposit that is asked for, and mines until the settlement is in a block. */
export async function buyToTheEnd(
  shop: SdkShop,
  home: string,
  request: Omit<BuyRequest, 'shopUrl' | 'wait'>,
): Promise<PaidPurchase> {
  const events: PurchaseEvent[] = [];
  let deposited = 0n;
  const payments: Promise<string>[] = [];
  const mining = mineWhatWaits(() => shop);
  try {
    const result = await buy(
      sdkBuyer(shop, home),
      { shopUrl: shop.url, ...request, wait: { settlement: true } },
      (event) => {
        events.push(event);
        if (event.kind !== 'deposit-needed') return;
        deposited += event.satoshis;
        payments.push(shop.faucet.fund(event.address, event.satoshis));
      },
    );
    return { result, events, deposited };
  } finally {
    await mining.stop();
    await Promise.all(payments);
  }
}

/**
 * Buys, pays every deposit that is asked for, and mines a block whenever the purchase waits for one and at no other time: a
 * slow machine makes no refund height come nearer.
 */
export async function buyByTheBlock(
  shop: SdkShop,
  home: string,
  request: Omit<BuyRequest, 'shopUrl' | 'wait'>,
): Promise<PurchaseResult> {
  const steps: Promise<unknown>[] = [];
  const onEvent = (event: PurchaseEvent) => {
    if (event.kind === 'deposit-needed') {
      steps.push(shop.faucet.fund(event.address, event.satoshis).then(() => shop.faucet.mine(1)));
    }
    const isWaiting = event.kind === 'confirmations' && event.have === 0;
    if (isWaiting || event.kind === 'channel-closed') steps.push(shop.faucet.mine(1));
  };
  try {
    return await buy(
      sdkBuyer(shop, home),
      { shopUrl: shop.url, ...request, wait: { settlement: true } },
      onEvent,
    );
  } finally {
    await Promise.all(steps);
  }
}

/** The channels of a buyer's only purchase, as its journal has them, with their keys. */
export async function journaledChannels(
  home: string,
): Promise<readonly (ChannelRecordState & { readonly secrets: ChannelSecrets })[]> {
  const { keys } = await openWallet(nodeHome(home), 'regtest');
  const [purchase] = await listPurchases(nodeHome(home));
  const channels = purchase?.state.channels ?? [];
  return channels.map((channel) => ({ ...channel, secrets: channelSecrets(channel, keys) }));
}
