import { SETTLED_DEPTH } from '../../shared/limits.ts';
import type { Buyer, PurchaseEvent } from './buyer-context.ts';
import { channelSecrets } from './channel-secrets.ts';
import { type Closing, closeChannel, findEnd, noteEnd } from './end-channel.ts';
import { BuyerError } from './errors.ts';
import type { Home } from './home.ts';
import { listPurchases, openPurchase, type PurchaseJournal } from './purchase-journal.ts';
import { type ChannelRecordState, isOver, type PurchaseState, sentFundings } from './purchase-state.ts';
import { sendReturn } from './returns.ts';
import { shopClient } from './shop-client.ts';
import { openWallet, type Wallet } from './wallet.ts';

/** How a channel's money stands. Heights are blocks, money is satoshis. */
export type RefundStatus =
  /** The funding was spent: settled by the shop, or taken back. */
  | {
      readonly kind: 'ended';
      readonly by: string;
      readonly txid: string;
      readonly height: number;
      readonly returned: bigint;
    }
  /** A transaction that spends it waits for a block; or the funding is not on this chain. */
  | { readonly kind: 'moving' }
  /** The refund height has not come. */
  | { readonly kind: 'waiting'; readonly refundHeight: number; readonly blocks: number }
  /** Another wallet was to sign the funding and did not: nothing was ever in it. */
  | { readonly kind: 'unfunded' }
  | { readonly kind: 'sent'; readonly txid: string; readonly returned: bigint; readonly fee: bigint }
  | { readonly kind: 'failed'; readonly reason: string };

export interface RefundReport {
  readonly purchase: string;
  readonly name: string;
  readonly channelId: string;
  readonly capacity: bigint;
  readonly status: RefundStatus;
}

export interface RefundRequest {
  /** One purchase only. */
  readonly purchase?: string;
  /** Ask the shop to cancel channels on which nothing was delivered, so that the money comes back at once. */
  readonly cancel?: boolean;
}

/** Looks after the money of all channels: notes what has ended, broadcasts every refund that is due. */
export async function refund(
  buyer: Buyer,
  request: RefundRequest = {},
  report: (event: PurchaseEvent) => void = () => undefined,
): Promise<readonly RefundReport[]> {
  const purchases = (await listPurchases(buyer.home)).filter(
    ({ id }) => request.purchase === undefined || id === request.purchase,
  );
  if (request.purchase !== undefined && purchases.length === 0) {
    throw new BuyerError('usage', `There is no purchase ${request.purchase}.`, {
      next: 'See `spillway status`.',
    });
  }
  const reports: RefundReport[] = [];
  for (const { id, state } of purchases) {
    if (!state.plan || !state.channels.some((channel) => sentFundings(channel).length > 0)) continue;
    const wallet = await openWallet(buyer.home, state.plan.network);
    const journal = await openUnlessBusy(buyer.home, id);
    if (!journal) {
      reports.push(...busyReports(id, state));
      continue;
    }
    try {
      reports.push(...(await refundPurchase(buyer, journal, wallet, request.cancel === true, report)));
    } finally {
      await journal.close();
    }
  }
  return reports;
}

/** @returns undefined where another process holds the purchase */
export async function openUnlessBusy(home: Home, id: string): Promise<PurchaseJournal | undefined> {
  try {
    return await openPurchase(home, id);
  } catch (error) {
    if (error instanceof BuyerError && error.code === 'locked') return undefined;
    throw error;
  }
}

/** A purchase under way looks after its channels itself, and must not keep the others from being refunded. */
function busyReports(purchase: string, { plan, channels }: PurchaseState): RefundReport[] {
  return channels
    .filter((channel) => sentFundings(channel).length > 0)
    .map(({ channelId, terms }) => ({
      purchase,
      name: plan?.name ?? '',
      channelId,
      capacity: terms.capacity,
      status: { kind: 'failed', reason: 'another process is buying through it' },
    }));
}

async function refundPurchase(
  buyer: Buyer,
  journal: PurchaseJournal,
  wallet: Wallet,
  cancel: boolean,
  report: (event: PurchaseEvent) => void,
): Promise<RefundReport[]> {
  const { plan, channels } = journal.state();
  const reports: RefundReport[] = [];
  for (const channel of channels.filter((one) => sentFundings(one).length > 0)) {
    if (cancel && plan && isCancellable(channel)) {
      const shop = shopClient({
        url: plan.shop,
        clock: buyer.clock,
        fetch: buyer.fetch,
        retry: buyer.retry,
      });
      await tryCancel({ buyer, journal, wallet, shop, report }, channel);
    }
    reports.push({
      purchase: journal.id,
      name: plan?.name ?? '',
      channelId: channel.channelId,
      capacity: channel.terms.capacity,
      status: await refundChannel(buyer, journal, wallet, channel),
    });
  }
  return reports;
}

/** Nothing was ever paid on it. Whether nothing was delivered either is the shop's to say. */
function isCancellable(channel: ChannelRecordState): boolean {
  return !channel.signed && !isOver(channel);
}

async function tryCancel(closing: Closing, channel: ChannelRecordState): Promise<void> {
  try {
    await closeChannel(closing, channel);
  } catch (error) {
    // The refund height brings the money back whatever the shop does.
    const code = error instanceof BuyerError ? error.code : undefined;
    if (code !== 'shop-refused' && code !== 'shop-unreachable') throw error;
  }
}

async function refundChannel(
  buyer: Buyer,
  journal: PurchaseJournal,
  { keys }: Wallet,
  channel: ChannelRecordState,
): Promise<RefundStatus> {
  const { height } = await buyer.chain.tip();
  // Until it is deep, a reorganisation may have undone what the journal says.
  if (channel.ended && height - channel.ended.height + 1 >= SETTLED_DEPTH) {
    const { returned, by, txid } = channel.ended;
    return { kind: 'ended', by, txid, height: channel.ended.height, returned: BigInt(returned) };
  }
  const current =
    journal.state().channels.find(({ channelId }) => channelId === channel.channelId) ?? channel;
  const end = await findEnd(buyer, keys, current);
  if (end) {
    if (channel.ended?.txid !== end.txid) await noteEnd(journal, channel.channelId, end);
    return { kind: 'ended', ...end };
  }
  const { refundHeight } = channel.terms;
  for (const { outpoint, refundSignature } of sentFundings(channel)) {
    // Spent in the mempool, most likely by the settlement: what was bought is not taken back.
    if (refundSignature === undefined || !(await buyer.chain.unspentOutput(outpoint))) continue;
    // A transaction may stand in the block after its locktime, so nodes take it once the tip is there.
    if (height < refundHeight) return { kind: 'waiting', refundHeight, blocks: refundHeight - height };
    const wanted = { kind: 'refund', outpoint, sellerSignature: refundSignature } as const;
    try {
      const { txid, returned, fee } = await sendReturn(buyer, journal, channelSecrets(channel, keys), wanted);
      return { kind: 'sent', txid, returned, fee };
    } catch (error) {
      if (!(error instanceof BuyerError)) throw error;
      return { kind: 'failed', reason: error.message };
    }
  }
  return { kind: channel.abandoned ? 'unfunded' : 'moving' };
}
