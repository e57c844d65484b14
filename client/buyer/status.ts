import type { NetworkName } from '../../shared/protocol/network.ts';
import type { Buyer } from './buyer-context.ts';
import { balance } from './deposit.ts';
import { listPurchases } from './purchase-journal.ts';
import { type ChannelResult, channelResult } from './purchase-result.ts';
import { openWallet, walletNetworks } from './wallet.ts';

/** All there is to know without asking a shop. Heights are blocks, money is satoshis. */
export interface StatusReport {
  readonly height: number;
  readonly wallets: readonly {
    readonly network: NetworkName;
    readonly balance: bigint;
    readonly depositAddress: string;
  }[];
  readonly purchases: readonly PurchaseStatus[];
}

export interface PurchaseStatus {
  readonly id: string;
  readonly name: string;
  readonly manifest: string;
  readonly shop: string;
  readonly output: string;
  readonly complete: boolean;
  /** Chunks on the disk and checked, of how many. */
  readonly verified: number;
  readonly chunks: number;
  readonly paid: bigint;
  readonly channels: readonly ChannelResult[];
}

export async function buyerStatus(buyer: Buyer): Promise<StatusReport> {
  const { height } = await buyer.chain.tip();
  const purchases: PurchaseStatus[] = [];
  for (const { id, state, manifest } of await listPurchases(buyer.home)) {
    if (!state.plan || !manifest) continue;
    const { name, manifest: manifestId, shop, output } = state.plan;
    const channels = state.channels.map((channel) => channelResult(channel, manifest));
    purchases.push({
      id,
      name,
      manifest: manifestId,
      shop,
      output,
      complete: state.complete,
      verified: state.verified.size,
      chunks: manifest.chunks.length,
      paid: channels.reduce((sum, { paid }) => sum + paid, 0n),
      channels,
    });
  }
  return { height, wallets: await walletsOf(buyer), purchases };
}

async function walletsOf({ home, chain }: Buyer): Promise<StatusReport['wallets']> {
  const wallets = [];
  for (const network of await walletNetworks(home)) {
    const wallet = await openWallet(home, network);
    wallets.push({
      network,
      balance: await balance(wallet, chain),
      depositAddress: await wallet.depositAddress(),
    });
  }
  return wallets;
}
