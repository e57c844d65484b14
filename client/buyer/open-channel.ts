import { bytesToHex, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ChannelAnswer, DatasetAnswer, ShopAnswer } from '../../shared/http/api.ts';
import { price } from '../../shared/protocol/price.ts';
import { continuationMessage } from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../shared/protocol/terms.ts';
import type { Purchase } from './buyer-context.ts';
import { planChannel } from './channel-plan.ts';
import { channelSecrets } from './channel-secrets.ts';
import {
  checkCapacity,
  checkOffer,
  checkPrice,
  checkRefundHeight,
  checkTermsReturned,
  checkTips,
  MAX_BOUND_BLOCKS,
} from './checks.ts';
import { aheadFor } from './chunk-window.ts';
import { awaitDeposit, FUNDING_TARGET_BLOCKS } from './deposit.ts';
import { BuyerError, isProblem } from './errors.ts';
import {
  type ChannelRecordState,
  currentChannel,
  isPaidIn,
  type PurchaseState,
  sentFundings,
} from './purchase-state.ts';
import { costOfChannel, priceOfRun, type Run, runsToBuy } from './selection.ts';

/** Keys to try where the shop has seen one before: only a wallet restored from its words meets that at all. */
const MAX_KEYS = 50;

/** What is paid in all channels so far, satoshis. */
export function paidSatoshis({ channels }: PurchaseState, shape: Purchase['manifest']): bigint {
  return channels.reduce((sum, { terms, paid }) => sum + price(terms, shape, paid), 0n);
}

/**
 * Plans the next channel and opens it. The wallet holds what it takes before anything is proposed, so that terms do not
 * grow old while a deposit is waited for.
 */
export async function openChannel(purchase: Purchase): Promise<ChannelRecordState> {
  const { journal, shop } = purchase;
  for (let attempt = 0; attempt < MAX_KEYS; attempt++) {
    const channel = await proposeChannel(purchase);
    const secrets = channelSecrets(channel, purchase.wallet.keys);
    try {
      const answer = await shop.open(
        secrets,
        utf8ToBytes(channel.termsText),
        continuationProof(purchase, channel),
      );
      return await opened(purchase, channel, answer);
    } catch (error) {
      if (!isProblem(error, 'buyer-key-used')) throw await abandonRefused(purchase, channel, error);
      await journal.append({ v: 1, record: 'abandoned', channel: channel.channelId, reason: error.message });
    }
  }
  throw new BuyerError('shop-refused', `The shop says that ${MAX_KEYS} fresh keys were all used before.`);
}

/**
 * Goes on with a channel that was proposed in an earlier run and never funded: opening is repeated as it was. One that the
 * shop takes no longer is abandoned, since no money is bound.
 */
export async function reopenChannel(
  purchase: Purchase,
  channel: ChannelRecordState,
): Promise<ChannelRecordState | undefined> {
  const secrets = channelSecrets(channel, purchase.wallet.keys);
  try {
    const proof = continuationProof(purchase, channel);
    const answer = await purchase.shop.open(secrets, utf8ToBytes(channel.termsText), proof);
    return await opened(purchase, channel, answer);
  } catch (error) {
    const reason = await abandonRefused(purchase, channel, error);
    if (reason instanceof BuyerError && reason.code === 'shop-refused') return undefined;
    throw reason;
  }
}

async function opened(
  purchase: Purchase,
  channel: ChannelRecordState,
  answer: ChannelAnswer,
): Promise<ChannelRecordState> {
  const { channelId, termsText, terms } = channel;
  checkTermsReturned(channelId, termsText, answer);
  if (answer.state !== 'PROPOSED') {
    throw new BuyerError('shop-refused', `The shop answers that the new channel is ${answer.state}.`);
  }
  // However often a purchase is interrupted here, its journal does not grow.
  if (!channel.opened) await purchase.journal.append({ v: 1, record: 'opened', channel: channelId });
  const { capacity, refundHeight } = terms;
  purchase.report({ kind: 'channel-opened', channelId, capacity, refundHeight });
  return { ...channel, opened: true };
}

/** A channel that the shop refuses, and that was never funded, is done with; any other failure leaves it as it is. */
async function abandonRefused(
  purchase: Purchase,
  channel: ChannelRecordState,
  error: unknown,
): Promise<unknown> {
  const refused = error instanceof BuyerError && error.code === 'shop-refused';
  if (refused) await abandon(purchase, channel, error.message);
  return error;
}

/** Only for a channel whose funding was never sent: its coins are free again. */
export async function abandon(
  purchase: Purchase,
  channel: ChannelRecordState,
  reason: string,
): Promise<void> {
  if (sentFundings(channel).length > 0) throw new Error('a channel that may be funded is never abandoned');
  await purchase.journal.append({ v: 1, record: 'abandoned', channel: channel.channelId, reason });
  await purchase.wallet.releaseCoins(purchase.journal.id, neededCoins(purchase));
}

/** Inputs of fundings that may still be sent, or sent again. */
export function neededCoins({ journal }: Purchase) {
  return journal
    .state()
    .channels.flatMap((channel) =>
      channel.abandoned ? [] : channel.fundings.flatMap(({ inputs }) => inputs),
    );
}

async function proposeChannel(purchase: Purchase): Promise<ChannelRecordState> {
  const { journal, limits, manifest, wallet, buyer } = purchase;
  const changeIndex = await wallet.nextInternalIndex();
  const changeScript = wallet.keys.internal(changeIndex).script;
  for (;;) {
    const { shop, offer } = await askShop(purchase);
    const state = journal.state();
    const pricePerChunk = offer.pricePerChunk;
    const runs = await runsOf(purchase, pricePerChunk, shop);
    const [run] = runs;
    if (!run) throw new Error('a channel is opened while everything is paid');
    const { first } = run;
    const continues = continued(state, first);
    const credit = creditFor(first, continues, manifest.chunks.length, shop);
    aheadFor(limits.ahead, credit);
    const rest = runs.reduce((sum, each) => sum + priceOfRun({ shape: manifest, pricePerChunk }, each), 0n);
    checkPrice(paidSatoshis(state, manifest) + rest, limits.maxPrice);
    const { maximumCapacity, minimumCapacity, minimumFirstPrice } = shop.policy;
    const plan = planChannel({
      shape: manifest,
      pricePerChunk,
      ...run,
      changeScript,
      minimumCapacity,
      maximumCapacity: lower(maximumCapacity, limits.maxCapacity),
      minimumFirstPrice,
    });
    checkCapacity(plan.capacity, limits.maxCapacity);
    // While a deposit was waited for, price and height may have changed: then all of it is computed anew.
    if (!purchase.externalWallet && (await awaitDeposit(purchase, plan.capacity))) continue;
    const { height } = await buyer.chain.tip();
    checkTips(height, shop.tip.height);
    const refundHeight = height + Math.min(shop.policy.defaultLifetime, MAX_BOUND_BLOCKS);
    checkRefundHeight(refundHeight, height);
    const keyIndex = await wallet.nextChannelIndex();
    const terms: Terms = {
      network: wallet.network,
      buyerKey: wallet.keys.channel(keyIndex).publicKey,
      sellerKey: purchase.sellerKey,
      manifest: purchase.manifestId,
      ...plan,
      pricePerChunk,
      credit,
      refundHeight,
      changeScript,
      nonce: randomBytes(16),
    };
    return journalPlan(purchase, terms, { keyIndex, changeIndex, shop, continues });
  }
}

/** What is wanted and not paid, in runs that channels can hold. */
export async function runsOf(
  { journal, manifest, selection, buyer }: Pick<Purchase, 'journal' | 'manifest' | 'selection' | 'buyer'>,
  pricePerChunk: bigint,
  { policy }: Pick<ShopAnswer, 'policy'>,
): Promise<Run[]> {
  return runsToBuy({
    shape: manifest,
    pricePerChunk,
    chunks: selection.chunks,
    isPaid: isPaidIn(journal.state()),
    channelCost: selection.isWhole ? 0n : costOfChannel(await buyer.chain.feeRate(FUNDING_TARGET_BLOCKS)),
    minimumFirstPrice: policy.minimumFirstPrice,
  });
}

/** The shop as it is now; a shop that changed its key or network is another shop. */
async function askShop({
  shop: client,
  ...purchase
}: Purchase): Promise<{ shop: ShopAnswer; offer: DatasetAnswer }> {
  const [shop, offer] = [await client.shop(), await client.dataset(purchase.manifestId)];
  if (shop.sellerKey !== bytesToHex(purchase.sellerKey) || shop.network !== purchase.wallet.network) {
    throw new BuyerError('shop-dishonest', 'The shop changed its key or its network during the purchase.');
  }
  checkOffer(offer, purchase.manifest);
  return { shop, offer };
}

async function journalPlan(
  { journal }: Purchase,
  terms: Terms,
  plan: {
    readonly keyIndex: number;
    readonly changeIndex: number;
    readonly shop: ShopAnswer;
    readonly continues: ChannelRecordState | undefined;
  },
): Promise<ChannelRecordState> {
  const bytes = encodeTerms(terms);
  await journal.append({
    v: 1,
    record: 'channel-planned',
    channel: bytesToHex(channelIdOf(bytes)),
    terms: new TextDecoder().decode(bytes),
    keyIndex: plan.keyIndex,
    changeIndex: plan.changeIndex,
    ...(plan.continues && { continues: plan.continues.channelId }),
    stopChunksHeight: Math.max(0, terms.refundHeight - plan.shop.policy.stopChunks),
    stopPaymentsHeight: Math.max(0, terms.refundHeight - plan.shop.policy.stopPayments),
    minimumLifeAtFunding: plan.shop.policy.minimumLifeAtFunding,
  });
  const channel = currentChannel(journal.state());
  if (!channel) throw new Error('the channel that was just planned is not in the journal');
  return channel;
}

/** The earlier channel whose paid end is where the new one begins. */
function continued({ channels }: PurchaseState, first: number): ChannelRecordState | undefined {
  if (first === 0) return undefined;
  return channels.findLast(({ terms, paid }) => paid > 0 && terms.first + paid === first);
}

/** Data before payment, where the shop gives it (docs/protocol.md, section 7). */
export function creditFor(
  first: number,
  continues: ChannelRecordState | undefined,
  chunks: number,
  { policy }: ShopAnswer,
): 0 | 1 {
  if (first === 0) return chunks >= policy.creditMinimumChunks ? 1 : 0;
  return continues?.terms.credit ?? 0;
}

/** `<earlier channel id> <signature by its key>`. */
function continuationProof({ journal, wallet }: Purchase, channel: ChannelRecordState): string | undefined {
  const earlier = journal.state().channels.find(({ channelId }) => channelId === channel.continues);
  if (!earlier) return undefined;
  const message = continuationMessage(hexToBytes(earlier.channelId), hexToBytes(channel.channelId));
  const { secret } = channelSecrets(earlier, wallet.keys);
  return `${earlier.channelId} ${bytesToHex(signMessage(secret, message))}`;
}

function lower(a: bigint, b: bigint | undefined): bigint {
  return b !== undefined && b < a ? b : a;
}
