import { SETTLED_DEPTH } from '../../shared/limits.ts';
import { DUST_LIMIT } from '../../shared/protocol/script.ts';
import { splitBatch } from '../../shared/settlement/batch-bump.ts';
import { sizeOf } from '../../shared/settlement/batch-fee.ts';
import { planSettlements } from '../../shared/settlement/batching.ts';
import { decideSettlement } from '../../shared/settlement/settlement-decision.ts';
import { SETTLEMENT_POLICY } from '../../shared/settlement/settlement-policy.ts';
import type { Variant } from '../../shared/settlement/settlement-view.ts';
import { channelsDue, channelsOf, type SimulatedChannel } from './channels.ts';
import type { MarketYear } from './market.ts';
import { rateHeap } from './rate-heap.ts';
import { countLost, countSettled, newTally, onTimeUntil, type Tally } from './tally.ts';

export interface Mode {
  readonly name: string;
  /** Channels that can share a transaction do. */
  readonly batches: boolean;
  /** How long a complete channel waits for a batch, blocks. */
  readonly waitBlocks: number;
}

interface Pending {
  readonly members: readonly SimulatedChannel[];
  readonly virtualSize: number;
  variant: Variant;
  /** Confirmed, replaced by a split, or given up at L. */
  isOver: boolean;
}

const PAYOUT_SCRIPT = new Uint8Array(22);
const INCREMENTAL = 1_000n;
/** What was uneconomic is looked at again this often. */
const KEPT_INTERVAL = 6;

/**
 * Settles a year's channels by the shop's own functions, a block at a time: what the last sweep before the block left in the
 * mempool is mined if it pays the block's clearing rate; then the sweep looks at everything that is in play. A channel that is
 * not confirmed at L is lost to its buyer's refund.
 */
export function simulate(seed: number, channels: number, year: MarketYear, mode: Mode): Tally {
  const tally = newTally();
  const due = channelsDue(seed, channels, year.blocksInYear);
  const mempool = rateHeap<{ readonly pending: Pending; readonly variant: Variant }>();
  const kept = new Map<number, SimulatedChannel[]>();
  const everKept = new Set<string>();
  let pendings: Pending[] = [];
  let waiting: readonly SimulatedChannel[] = [];

  const send = (pending: Pending): void => {
    mempool.push(Number(pending.variant.fee) / pending.virtualSize, { pending, variant: pending.variant });
  };
  const sign = (
    members: readonly SimulatedChannel[],
    virtualSize: number,
    fee: bigint,
    tip: number,
  ): void => {
    const pending = { members, virtualSize, variant: variantOf(fee, virtualSize, tip), isOver: false };
    pendings.push(pending);
    send(pending);
  };

  for (let tip = 0; tip < year.blocks; tip += 1) {
    mine(tip);
    if (!due[tip] && pendings.length === 0 && waiting.length === 0 && !kept.has(tip)) continue;
    const market = { ...year.at(tip), tip, dust: DUST_LIMIT.P2WPKH };
    const loose: SimulatedChannel[] = [...waiting, ...(kept.get(tip) ?? [])];
    kept.delete(tip);
    const fresh = due[tip] ?? 0;
    for (const channel of channelsOf(seed, tip, fresh, mode.waitBlocks)) {
      tally.value += channel.share;
      loose.push(channel);
    }

    let looks = loose.length;
    for (const pending of pendings) {
      looks += pending.members.length;
      attend(pending, loose);
    }
    pendings = pendings.filter(({ isOver }) => !isOver);
    settleLoose(loose);
    tally.looks += looks;
    tally.mostLooks = Math.max(tally.mostLooks, looks);

    function attend(pending: Pending, released: SimulatedChannel[]): void {
      const { members, virtualSize, variant } = pending;
      if (members.some(({ refundHeight }) => refundHeight <= tip)) {
        giveUp(pending, released);
        return;
      }
      const conflicts = [{ ...variant, by: 'seller' as const, descendants: [] }];
      const split =
        members.length > 1 &&
        splitBatch(
          { ...market, members, sizeOf: sizeAlone, conflicts, incremental: INCREMENTAL },
          SETTLEMENT_POLICY,
        );
      if (split) {
        tally.splits += 1;
        pending.isOver = true;
        sign(split.first, sizeAlone(split.first), split.fee, tip);
        released.push(...members.filter((member) => !split.first.includes(member)));
        return;
      }
      const action = decideSettlement(
        {
          ...market,
          state: 'CLOSING',
          stakes: members,
          virtualSize,
          fundingConfirmed: true,
          variants: [variant],
          unconfirmedSpends: conflicts,
          incremental: INCREMENTAL,
        },
        SETTLEMENT_POLICY,
      );
      if (action.kind === 'wait') return;
      if (action.kind !== 'bump') throw new Error(`a settlement in the mempool was to ${action.kind}`);
      tally.bumps += 1;
      pending.variant = variantOf(action.fee, virtualSize, tip);
      send(pending);
    }

    function giveUp(pending: Pending, released: SimulatedChannel[]): void {
      pending.isOver = true;
      for (const member of pending.members) {
        if (member.refundHeight > tip) released.push(member);
        else {
          countLost(tally, member, couldHaveConfirmed(member, member.refundHeight));
        }
      }
    }

    function settleLoose(candidates: readonly SimulatedChannel[]): void {
      const view = { ...market, payoutScript: PAYOUT_SCRIPT };
      const groups = mode.batches ? [candidates] : candidates.map((candidate) => [candidate]);
      const stillWaiting: SimulatedChannel[] = [];
      for (const group of groups) {
        const plan = planSettlements(group, view, SETTLEMENT_POLICY);
        for (const { members, virtualSize, fee } of plan.settlements) sign(members, virtualSize, fee, tip);
        for (const { member } of plan.kept) keep(member);
        stillWaiting.push(...plan.waiting);
      }
      waiting = stillWaiting;
    }

    function keep(member: SimulatedChannel): void {
      everKept.add(member.id);
      const again = Math.min(
        tip + KEPT_INTERVAL,
        Math.max(tip + 1, member.refundHeight - SETTLEMENT_POLICY.emergencyZone),
      );
      if (again >= member.refundHeight) {
        tally.uneconomic += 1;
        tally.uneconomicValue += member.share;
      } else kept.set(again, [...(kept.get(again) ?? []), member]);
    }
  }
  return tally;

  /** Whether a block up to a height would have mined all that the channel has, had it known. */
  function couldHaveConfirmed(member: SimulatedChannel, height: number): boolean {
    const most = Number(member.share - DUST_LIMIT.P2WPKH) / sizeAlone([member]);
    return year.clearingRates.subarray(member.dueAt + 1, height + 1).some((rate) => rate <= most);
  }

  function mine(height: number): void {
    const clearing = year.clearingRates[height] ?? 0;
    for (let found = mempool.popFrom(clearing); found; found = mempool.popFrom(clearing)) {
      const { pending, variant } = found;
      // Replaced by a later variant, or split: it left the mempool then.
      if (pending.isOver || pending.variant !== variant) continue;
      pending.isOver = true;
      tally.transactions += 1;
      tally.fees += variant.fee;
      for (const member of pending.members) {
        countSettled(tally, member, height, {
          wasKept: everKept.delete(member.id),
          couldBeInTime: () => couldHaveConfirmed(member, onTimeUntil(member)),
        });
        // Looked at until it is final.
        tally.looks += SETTLED_DEPTH - 1;
      }
    }
  }
}

function sizeAlone(members: readonly SimulatedChannel[]): number {
  return sizeOf(members, PAYOUT_SCRIPT).virtualSize;
}

function variantOf(fee: bigint, virtualSize: number, signedAtHeight: number): Variant {
  return { txid: '', fee, virtualSize, signedAtHeight };
}
