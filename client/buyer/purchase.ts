import { chunkSpan } from '../../shared/dataset/layout.ts';
import type { ChannelState } from '../../shared/http/api.ts';
import { askedFiles } from './asked-parts.ts';
import { buyChunks } from './buy-chunks.ts';
import type { Buyer, Purchase, PurchaseEvent } from './buyer-context.ts';
import { channelCosts } from './channel-costs.ts';
import { channelSecrets } from './channel-secrets.ts';
import { aheadFor } from './chunk-window.ts';
import { whatIsThere, writeNotes } from './dataset-notes.ts';
import { awaitEnd, closeChannel } from './end-channel.ts';
import { BuyerError } from './errors.ts';
import { fetchChunk } from './fetch-chunk.ts';
import { awaitOpen, channelOf, sendFunding } from './fund-channel.ts';
import {
  abandon,
  creditFor,
  neededCoins,
  openChannel,
  paidSatoshis,
  reopenChannel,
  runsOf,
} from './open-channel.ts';
import { synchronise } from './pay-chunks.ts';
import { type BuyRequest, preparePurchase } from './prepare-purchase.ts';
import { type PurchasePlan, purchasePlan } from './purchase-plan.ts';
import { type PurchaseResult, purchaseResult } from './purchase-result.ts';
import { type ChannelRecordState, currentChannel, isOver, isPaidIn, sentFundings } from './purchase-state.ts';

/**
 * Buys a dataset, or goes on with buying it: whatever an earlier run of the same request did is found in the journal, and
 * nothing is paid twice.
 * @throws BuyerError whose `next` says how to go on
 */
export async function buy(
  buyer: Buyer,
  request: BuyRequest,
  report: (event: PurchaseEvent) => void = () => undefined,
): Promise<PurchaseResult> {
  return carryOut(await preparePurchase(buyer, request, report), request.wait?.settlement === true);
}

/** Takes a prepared purchase to its end, whatever that is, and closes it. @param settlement wait for that, too */
export async function carryOut(purchase: Purchase, settlement: boolean): Promise<PurchaseResult> {
  try {
    await announce(purchase);
    await purchase.wallet.releaseCoins(purchase.journal.id, neededCoins(purchase));
    for (;;) {
      await fetchWhatIsPaid(purchase);
      if (isBought(purchase)) break;
      await buyThroughChannel(purchase);
    }
    await finish(purchase);
    await closeLast(purchase);
    if (settlement) await awaitEnds(purchase);
    return purchaseResult(purchase);
  } finally {
    await closePurchase(purchase);
  }
}

export async function closePurchase({ pool, journal }: Pick<Purchase, 'pool' | 'journal'>): Promise<void> {
  await pool.close();
  await journal.close();
}

/** What is to be bought and what it costs, at the shop's price and the fee rate of now. */
export async function planOf(purchase: Purchase): Promise<PurchasePlan> {
  const { buyer, journal, manifest, offeredPrice, limits, policy, selection } = purchase;
  const state = journal.state();
  const channel = currentChannel(state);
  const current = channel?.terms;
  const isFunded = channel !== undefined && sentFundings(channel).length > 0;
  const pricePerChunk = current?.pricePerChunk ?? offeredPrice ?? 0n;
  const runs = await runsOf(purchase, pricePerChunk, policy);
  const credit = current?.credit ?? creditFor(runs[0]?.first ?? 0, undefined, manifest.chunks.length, policy);
  return purchasePlan({
    name: state.plan?.name ?? manifest.name,
    manifest,
    selection,
    runs,
    pricePerChunk,
    ahead: aheadFor(limits.ahead, credit),
    paid: paidSatoshis(state, manifest),
    costs:
      isFunded || pricePerChunk === 0n
        ? undefined
        : await channelCosts(buyer, { manifest, runs, pricePerChunk, policy: policy.policy, limits }),
  });
}

async function announce(purchase: Purchase): Promise<void> {
  const { journal, report, selection } = purchase;
  const { channels, verified } = journal.state();
  report({ kind: 'planned', ...(await planOf(purchase)), resumed: channels.length > 0 });
  for (const chunk of selection.chunks) if (verified.has(chunk)) report({ kind: 'chunk-verified', chunk });
}

/** What was paid and is not here is asked for again, through the channel that paid it: that costs nothing. */
async function fetchWhatIsPaid(purchase: Purchase): Promise<void> {
  const { journal, wallet, selection } = purchase;
  const wanted = new Set(selection.chunks);
  for (const channel of journal.state().channels) {
    const secrets = channelSecrets(channel, wallet.keys);
    for (let number = 0; number < channel.paid; number++) {
      const chunk = channel.terms.first + number;
      if (!wanted.has(chunk) || journal.state().verified.has(chunk)) continue;
      await fetchChunk(purchase, secrets, number);
    }
  }
}

function isBought({ journal, selection }: Purchase): boolean {
  const state = journal.state();
  const isPaid = isPaidIn(state);
  return selection.chunks.every((chunk) => isPaid(chunk) && state.verified.has(chunk));
}

/** One channel from wherever it stands to its end or the dataset's. */
async function buyThroughChannel(purchase: Purchase): Promise<void> {
  const { channelId } = await fundedChannel(purchase);
  let state = await synchronise(purchase, channelId);
  // After a recovery the shop may have opened what this journal has not seen in a block.
  if (state === 'PROPOSED' || (state === 'OPEN' && !channelOf(purchase, channelId).confirmed)) {
    await awaitOpen(purchase, channelId);
    state = await synchronise(purchase, channelId);
  }
  if (state !== 'OPEN') return leaveChannel(purchase, channelId, state);
  const before = channelOf(purchase, channelId).paid;
  const outcome = await buyChunks(purchase, channelId);
  if (outcome === 'done') return isBought(purchase) ? undefined : close(purchase, channelId);
  await leaveChannel(purchase, channelId, await synchronise(purchase, channelId));
  if (channelOf(purchase, channelId).paid === before) throw ended(state);
}

/** A channel whose funding is sent: the one there is, or a new one. */
async function fundedChannel(purchase: Purchase): Promise<ChannelRecordState> {
  const current = currentChannel(purchase.journal.state());
  const funded = current && sentFundings(current).length > 0;
  const channel = funded
    ? current
    : ((current && (await reopenChannel(purchase, current))) ?? (await openChannel(purchase)));
  try {
    await sendFunding(purchase, channel.channelId);
  } catch (error) {
    const unsent = sentFundings(channelOf(purchase, channel.channelId)).length === 0;
    if (!unsent || !(error instanceof BuyerError) || error.code !== 'channel-expired') throw error;
    // Proposed too long ago; nothing is bound, so new terms take its place.
    await abandon(purchase, channelOf(purchase, channel.channelId), error.message);
    return fundedChannel(purchase);
  }
  return channel;
}

/** The shop sells nothing more through this channel: its money is moved, and a new one goes on, but only after progress. */
async function leaveChannel(purchase: Purchase, channelId: string, state: ChannelState): Promise<void> {
  if (state === 'SUSPENDED') {
    throw new BuyerError(
      'shop-refused',
      'The shop does not see the funding on the best chain at the moment.',
      {
        next: 'Run the same command again in an hour. The money is safe: the refund is signed.',
      },
    );
  }
  if (state === 'EXPIRED') {
    await purchase.journal.append({ v: 1, record: 'closed', channel: channelId, state });
  } else {
    await close(purchase, channelId);
  }
  if (channelOf(purchase, channelId).paid === 0) throw ended(state);
}

async function close(purchase: Purchase, channelId: string): Promise<void> {
  await closeChannel(purchase, channelOf(purchase, channelId));
}

/** The data is complete and paid, so a shop that cannot be reached now is no failure: it settles by itself in time. */
async function closeLast(purchase: Purchase): Promise<void> {
  const current = currentChannel(purchase.journal.state());
  if (!current || sentFundings(current).length === 0) return;
  try {
    await closeChannel(purchase, current);
  } catch (error) {
    if (!(error instanceof BuyerError) || error.code !== 'shop-unreachable') throw error;
  }
}

async function finish(purchase: Purchase): Promise<void> {
  const { journal, files, manifest, manifestId, shop, selection } = purchase;
  // What has its final name must not be unknown to the journal.
  await journal.sync();
  await files.finish();
  const state = journal.state();
  const isAsked = askedFiles(manifest, state);
  const spans = [...state.verified].map((chunk) => chunkSpan(manifest, chunk));
  if (!selection.isWhole) await files.discard(spans, isAsked);
  const url = `${shop.url}/datasets/${manifestId}`;
  await writeNotes(files, manifestId, await whatIsThere(files, manifest, isAsked), url);
  if (selection.isWhole && !state.complete) await journal.append({ v: 1, record: 'complete' });
}

async function awaitEnds(purchase: Purchase): Promise<void> {
  for (const channel of purchase.journal.state().channels) {
    if (isOver(channel) && !channel.ended && sentFundings(channel).length > 0)
      await awaitEnd(purchase, channel);
  }
}

function ended(state: ChannelState): BuyerError {
  return new BuyerError(
    'channel-expired',
    `The shop ended the channel (${state}) before it sold anything through it.`,
    {
      next: 'What is left in it comes back: see `spillway refund`. Run the command again to try with a new channel.',
    },
  );
}
