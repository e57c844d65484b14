import type { Tip } from '../chain/chain.ts';
import { splitBatch } from '../settlement/batch-bump.ts';
import { sizeOf } from '../settlement/batch-fee.ts';
import { planSettlements } from '../settlement/batching.ts';
import type { Conflict } from '../settlement/replacement.ts';
import { decideSettlement } from '../settlement/settlement-decision.ts';
import { SETTLEMENT_POLICY } from '../settlement/settlement-policy.ts';
import type { SettlementAction, SettlementView, UnconfirmedSpend } from '../settlement/settlement-view.ts';
import type { Channel, StoredSettlement } from '../store/channel-record.ts';
import { type ClosingChannel, closingChannel, payoutDust, spenderOf, spendOf } from './closing-channel.ts';
import {
  isRefused,
  makeSettlement,
  makeWithoutFailing,
  type SettlementRound,
  sendSettlement,
} from './make-settlement.ts';
import { noteSpend, waitForRefund, withoutLostSpend } from './note-spend.ts';
import { intoGroups, lastSettlements, variantsOf } from './settlement-groups.ts';
import type { Shop } from './shop.ts';

/** Blocks within which a settlement should confirm. */
const FEE_TARGET_BLOCKS = 6;

/** Chain sources are far away: that many are asked at once. */
const LOOKS_AT_ONCE = 8;

/**
 * Runs a part of the work so that its failure is counted and stops nothing else; not at all where time is short. A look ends
 * earlier than what may follow from it: or slow sources would have a run look at all and settle nothing, with every block.
 */
export type Isolated = (
  channelIds: readonly string[],
  work: () => Promise<void>,
  kind?: 'look' | 'settle',
) => Promise<void>;

/**
 * Brings CLOSING channels one step nearer to their end (rule 23): sees who spent each funding, and settles what nobody did, in
 * batches where there is time. May run at any time, any number of times, in parallel: what it knows it reads anew each time.
 */
export async function settleClosing(
  shop: Shop,
  channels: readonly Channel[],
  tip: Tip,
  isolated: Isolated,
): Promise<void> {
  const known = new Set<string>();
  const open: ClosingChannel[] = [];
  const look = async (channel: Channel) => {
    known.add(channel.id);
    const work = async () => {
      const live = await lookAtFunding(shop, channel, tip);
      if (live) open.push(live);
    };
    await isolated([channel.id], work, 'look');
  };
  const byUrgency = channels.toSorted((one, other) => one.terms.refundHeight - other.terms.refundHeight);
  for (let begin = 0; begin < byUrgency.length; begin += LOOKS_AT_ONCE) {
    await Promise.all(byUrgency.slice(begin, begin + LOOKS_AT_ONCE).map(look));
  }
  if (open.length === 0) return;

  const settlements = await lastSettlements(shop, open);
  for (const { members } of settlements.values()) {
    for (const id of members.filter((member) => !known.has(member))) {
      const channel = await shop.channels.get(id);
      if (channel?.state === 'CLOSING') await look(channel);
    }
  }
  const round = await startRound(shop, tip);
  const { together, fresh } = intoGroups(open, settlements);
  for (const { members, last } of together) {
    await isolated(
      members.map(({ id }) => id),
      () => goOn(shop, members, last, round),
    );
  }
  await settleFresh(shop, fresh, round, isolated);
}

/** @returns the channel, if there is still something to settle */
async function lookAtFunding(shop: Shop, channel: Channel, tip: Tip): Promise<ClosingChannel | undefined> {
  // One step a block, and behind whatever waits longer: settlements that stick never keep a run from what becomes due.
  await shop.channels.change(channel.id, { states: ['CLOSING'] }, { dueAt: tip.height + 1 });
  const spend = await spendOf(shop, channel);
  if (spend?.confirmation)
    await noteSpend(shop, channel, { ...spend, confirmation: spend.confirmation }, tip);
  else if (channel.paid === 0) await waitForRefund(shop, channel, tip);
  else return closingChannel(shop, await withoutLostSpend(shop, channel), spend);
  return undefined;
}

async function startRound(
  { chain, payoutScript, policy, ...shop }: Shop,
  tip: Tip,
): Promise<SettlementRound> {
  const [estimate, { incremental, floor }] = await Promise.all([
    chain.feeRate(FEE_TARGET_BLOCKS),
    chain.replacementRate(),
  ]);
  const dust = payoutDust({ payoutScript, ...shop });
  return {
    view: { tip: tip.height, estimate, floor, payoutScript, dust },
    policy: { ...SETTLEMENT_POLICY, close: policy.close },
    incremental,
  };
}

/** The next step of channels that were settled together before. */
async function goOn(
  shop: Shop,
  members: readonly ClosingChannel[],
  last: StoredSettlement | undefined,
  round: SettlementRound,
): Promise<void> {
  const variants = await variantsOf(shop, members, last);
  const unconfirmedSpends = await unconfirmedOf(shop, members);
  const { virtualSize } = sizeOf(members, shop.payoutScript);
  const view: SettlementView = {
    ...round.view,
    ...round,
    stakes: members,
    virtualSize,
    state: 'CLOSING',
    fundingConfirmed: members.every(({ fundingConfirmed }) => fundingConfirmed),
    variants,
    unconfirmedSpends,
  };
  const split = splitBatch(
    {
      ...view,
      members,
      conflicts: unconfirmedSpends,
      sizeOf: (some) => sizeOf(some, shop.payoutScript).virtualSize,
    },
    round.policy,
  );
  if (split && unconfirmedSpends.length > 0) return makeSettlement(shop, split.first, split.fee, round);
  await act(shop, members, variants, decideSettlement(view, round.policy), round);
}

/** What the mempool has that spends one of the fundings, each once, with what hangs on it. */
async function unconfirmedOf(shop: Shop, members: readonly ClosingChannel[]): Promise<UnconfirmedSpend[]> {
  const spends = new Map(
    members.flatMap(({ unconfirmed }) => (unconfirmed ? [[unconfirmed.txid, unconfirmed]] : [])),
  );
  const found: UnconfirmedSpend[] = [];
  for (const [txid, spend] of spends) {
    const entry = await shop.chain.mempoolEntry(txid);
    if (!entry) continue;
    const { fee, virtualSize, descendantFees, descendantVirtualSize, descendantCount } = entry;
    const descendants: Conflict['descendants'] =
      descendantCount > 1
        ? [
            {
              txid: `below ${txid}`,
              fee: descendantFees - fee,
              virtualSize: descendantVirtualSize - virtualSize,
            },
          ]
        : [];
    found.push({ txid, by: spenderOf(spend), fee, virtualSize, descendants });
  }
  return found;
}

async function act(
  shop: Shop,
  members: readonly ClosingChannel[],
  variants: readonly StoredSettlement[],
  action: SettlementAction,
  round: SettlementRound,
): Promise<void> {
  const channels = members.map(({ id }) => id);
  switch (action.kind) {
    case 'sign-new':
    case 'bump':
    case 'outbid-refund':
      shop.log('settlement-signed', { channels, step: action.kind, fee: action.fee.toString() });
      return makeSettlement(shop, members, action.fee, round);
    case 'broadcast-again': {
      const stored = variants.find(({ txid }) => txid === action.variant.txid);
      const outcome = stored && (await sendSettlement(shop, stored));
      if (outcome && isRefused(outcome) && members.length > 1) await makeWithoutFailing(shop, members, round);
      return;
    }
    case 'uneconomic':
      shop.log('settlement-uneconomic', { channels, reason: action.reason, least: action.least.toString() });
      return;
    case 'wait-for-funding':
      shop.log('funding-not-confirmed', { alarm: true, channels });
      return;
    case 'wait':
      if (action.reason === 'cannot-replace') shop.log('settlement-stuck', { alarm: true, channels });
      return;
    case 'record-spend':
    case 'record-settled':
    case 'record-expired':
      // A confirmed spend was noted before the channel came here.
      return;
  }
}

/** Channels that no settlement waits for: planned together, so that they share their cost. */
async function settleFresh(
  shop: Shop,
  fresh: readonly ClosingChannel[],
  round: SettlementRound,
  isolated: Isolated,
): Promise<void> {
  const missing = fresh.filter(({ fundingConfirmed }) => !fundingConfirmed).map(({ id }) => id);
  if (missing.length > 0) shop.log('funding-not-confirmed', { alarm: true, channels: missing });
  const ready = fresh.filter(({ fundingConfirmed }) => fundingConfirmed);
  const { settlements, kept } = planSettlements(ready, round.view, round.policy);
  for (const { member, cost } of kept) {
    shop.log('settlement-uneconomic', {
      channels: [member.id],
      reason: 'share-below-cost',
      share: member.share.toString(),
      least: cost.toString(),
    });
  }
  for (const { members, fee } of settlements) {
    await isolated(
      members.map(({ id }) => id),
      () => makeSettlement(shop, members, fee, round),
    );
  }
}
