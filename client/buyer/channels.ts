import { price } from '../../shared/protocol/price.ts';
import type { Buyer } from './buyer-context.ts';
import { kindOfSpend, spendOfFunding } from './end-channel.ts';
import { listPurchases, type StoredPurchase } from './purchase-journal.ts';
import { type ChannelRecordState, isOver, sentFundings } from './purchase-state.ts';
import { openWallet } from './wallet.ts';

/** Where a channel's money stands, by the journal and the chain. */
export type ChannelStanding =
  /** Planned, and nothing sent. */
  | 'proposed'
  /** The funding is sent and in no block yet. */
  | 'funding'
  | 'open'
  /** No more is bought through it; the money waits for the shop's settlement. */
  | 'closing'
  | 'refundable'
  /** A transaction that spends the funding waits for a block. */
  | 'settling'
  | 'refunding'
  | 'settled'
  | 'refunded'
  | 'cancelled'
  | 'abandoned';

/** One channel of the buyer. Money is satoshis, heights are blocks. */
export interface ChannelReport {
  readonly purchase: string;
  readonly name: string;
  readonly channelId: string;
  readonly standing: ChannelStanding;
  readonly capacity: bigint;
  readonly chunksPaid: number;
  readonly chunks: number;
  readonly paid: bigint;
  readonly refundHeight: number;
  /** Until then; below 0 once it is past. */
  readonly blocksLeft: number;
  readonly fundingTxid?: string;
  /** What spends the funding. */
  readonly spendTxid?: string;
}

/** Every channel that was ever planned, in the order of purchases and channels, as the chain has it now. */
export async function buyerChannels(buyer: Buyer): Promise<readonly ChannelReport[]> {
  const { height } = await buyer.chain.tip();
  const reports: ChannelReport[] = [];
  for (const purchase of await listPurchases(buyer.home)) {
    for (const channel of purchase.state.channels) {
      reports.push(await reportOf(buyer, purchase, channel, height));
    }
  }
  return reports;
}

async function reportOf(
  buyer: Buyer,
  { id, state, manifest }: StoredPurchase,
  channel: ChannelRecordState,
  height: number,
): Promise<ChannelReport> {
  const { channelId, terms, paid } = channel;
  const found = await spendOf(buyer, channel);
  const fundingTxid = found.fundingTxid ?? sentFundings(channel).at(-1)?.outpoint.txid;
  return {
    purchase: id,
    name: state.plan?.name ?? '',
    channelId,
    standing: found.standing ?? standingOf(channel, height),
    capacity: terms.capacity,
    chunksPaid: paid,
    chunks: terms.count,
    paid: manifest ? price(terms, manifest, paid) : 0n,
    refundHeight: terms.refundHeight,
    blocksLeft: terms.refundHeight - height,
    ...(fundingTxid !== undefined && { fundingTxid }),
    ...(found.spendTxid !== undefined && { spendTxid: found.spendTxid }),
  };
}

interface FoundSpend {
  readonly standing?: ChannelStanding;
  readonly fundingTxid?: string;
  readonly spendTxid?: string;
}

/** The chain is asked, whatever the journal says: it is what counts. */
async function spendOf(buyer: Buyer, channel: ChannelRecordState): Promise<FoundSpend> {
  const fundings = sentFundings(channel);
  if (fundings.length === 0) return {};
  const { keys } = await openWallet(buyer.home, channel.terms.network);
  for (const funding of fundings) {
    const spend = await spendOfFunding(buyer.chain, keys, channel, funding);
    if (!spend) continue;
    const by = kindOfSpend(spend, channel.terms.refundHeight);
    const done = { settlement: 'settled', refund: 'refunded', cancel: 'cancelled' } as const;
    const under = { settlement: 'settling', refund: 'refunding', cancel: 'refunding' } as const;
    const standing = spend.confirmation ? done[by] : under[by];
    return { standing, fundingTxid: funding.outpoint.txid, spendTxid: spend.txid };
  }
  return {};
}

function standingOf(channel: ChannelRecordState, height: number): ChannelStanding {
  if (sentFundings(channel).length === 0) return channel.abandoned ? 'abandoned' : 'proposed';
  if (!channel.confirmed) return channel.abandoned ? 'abandoned' : 'funding';
  if (height >= channel.terms.refundHeight) return 'refundable';
  return isOver(channel) ? 'closing' : 'open';
}
