import { type Buyer, type PurchaseEvent, sleep } from './buyer-context.ts';
import { channelSecrets } from './channel-secrets.ts';
import { kindOfSpend, spendOfFunding } from './end-channel.ts';
import { BuyerError } from './errors.ts';
import type { PurchaseJournal } from './purchase-journal.ts';
import { sentFundings } from './purchase-state.ts';
import { openUnlessBusy, type RefundReport, type RefundRequest, refund } from './refund.ts';
import { bumpRate } from './refund-bump.ts';
import { RETURN_TARGET_BLOCKS, sendReturn } from './returns.ts';
import { openWallet } from './wallet.ts';

/** By channel: the refund that waits, and the tip when it was first seen to. In memory alone: a new watch counts anew. */
type Waiting = Map<string, { readonly txid: string; readonly since: number }>;

/**
 * Stays until all money has moved: waits for each settlement or for the refund height, sends the refund at a fee chosen then, and
 * raises that while no block takes it. May be stopped at any moment and started again.
 * @throws BuyerError interrupted, usage
 */
export async function watchRefunds(
  buyer: Buyer,
  request: RefundRequest = {},
  report: (event: PurchaseEvent) => void = () => undefined,
): Promise<readonly RefundReport[]> {
  const waiting: Waiting = new Map();
  let reports = await refund(buyer, request, report);
  for (;;) {
    if (reports.every(({ status: { kind } }) => kind === 'ended' || kind === 'unfunded')) return reports;
    for (const { purchase, channelId, status } of reports) {
      if (status.kind === 'moving') await bumpUnlessBusy(buyer, purchase, channelId, waiting, report);
    }
    await sleep(buyer);
    // The shop was asked to cancel once; what it refused then waits for its height.
    reports = await refund(buyer, { ...request, cancel: false }, report);
  }
}

async function bumpUnlessBusy(
  buyer: Buyer,
  purchase: string,
  channelId: string,
  waiting: Waiting,
  report: (event: PurchaseEvent) => void,
): Promise<void> {
  const journal = await openUnlessBusy(buyer.home, purchase);
  if (!journal) return;
  try {
    await bump(buyer, journal, channelId, waiting, report);
  } catch (error) {
    // What is sent already may still confirm, and the next look decides anew.
    if (!(error instanceof BuyerError) || error.code !== 'funding-failed') throw error;
  } finally {
    await journal.close();
  }
}

async function bump(
  buyer: Buyer,
  journal: PurchaseJournal,
  channelId: string,
  waiting: Waiting,
  report: (event: PurchaseEvent) => void,
): Promise<void> {
  const { plan, channels } = journal.state();
  const channel = channels.find((one) => one.channelId === channelId);
  if (!plan || !channel) return;
  const { keys } = await openWallet(buyer.home, plan.network);
  const { chain } = buyer;
  const { height } = await chain.tip();
  for (const funding of sentFundings(channel)) {
    const spend = await spendOfFunding(chain, keys, channel, funding);
    if (!spend || spend.confirmation || funding.refundSignature === undefined) continue;
    // A settlement in its place was paid for; it is not fought.
    if (kindOfSpend(spend, channel.terms.refundHeight) !== 'refund') continue;
    const entry = await chain.mempoolEntry(spend.txid);
    if (!entry) continue;
    const known = waiting.get(channelId);
    const since = known?.txid === spend.txid ? known.since : height;
    waiting.set(channelId, { txid: spend.txid, since });
    const rate = bumpRate({
      entry,
      estimate: await chain.feeRate(RETURN_TARGET_BLOCKS),
      relay: await chain.replacementRate(),
      blocksWaited: height - since,
      capacity: channel.terms.capacity,
    });
    if (rate === undefined) continue;
    const wanted = {
      kind: 'refund',
      outpoint: funding.outpoint,
      sellerSignature: funding.refundSignature,
    } as const;
    const sent = await sendReturn(buyer, journal, channelSecrets(channel, keys), wanted, rate);
    report({ kind: 'returned', txid: sent.txid, satoshis: sent.returned });
  }
}
