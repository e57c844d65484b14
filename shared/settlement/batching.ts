import { MAX_SETTLEMENT_VBYTES } from '../limits.ts';
import {
  type BatchView,
  type Candidate,
  type Kept,
  type PricedSettlement,
  priceBatch,
  sizeOf,
} from './batch-fee.ts';
import type { SettlementPolicy } from './settlement-policy.ts';
import { emptyWeight, memberWeight, virtualSizeOf } from './settlement-weight.ts';

export interface SettlementPlan<Member> {
  /** To be signed now; the most urgent first. */
  readonly settlements: readonly PricedSettlement<Member>[];
  /** Uneconomic at today's fees: looked at again with a later block. */
  readonly kept: readonly Kept<Member>[];
  /** Not due yet, and too few for a batch. */
  readonly waiting: readonly Member[];
}

/**
 * Who settles now and with whom. Channels near L settle alone, so that nothing another channel brings along can hold them up;
 * the others share transactions of up to 9,900 vB, whatever their deadlines (in the simulation, batches of like deadlines alone
 * came late more often, lost more and cost more). What waits for a batch goes along with what is due, or once it fills one.
 * The same candidates in any order give the same plan.
 */
export function planSettlements<Member extends Candidate>(
  candidates: readonly Member[],
  view: BatchView,
  policy: SettlementPolicy,
): SettlementPlan<Member> {
  const ordered = [...candidates].sort(byUrgency);
  const isHealthy = (member: Member): boolean => member.refundHeight - view.tip >= policy.batchMargin;
  const due = ordered.filter((member) => isHealthy(member) && isDue(member, view.tip, policy));
  const notDue = ordered.filter((member) => isHealthy(member) && !isDue(member, view.tip, policy));
  const { groups, rest } = fill(due, notDue, view.payoutScript);

  const alone = ordered.filter((member) => !isHealthy(member)).map((member) => [member]);
  const priced = [...alone, ...groups].map((group) => priceBatch(group, view, policy));
  return {
    settlements: priced.flatMap(({ settlement }) => (settlement ? [settlement] : [])),
    kept: priced.flatMap(({ kept }) => kept),
    waiting: rest,
  };
}

function isDue({ waitUntil, refundHeight }: Candidate, tip: number, policy: SettlementPolicy): boolean {
  return waitUntil === undefined || tip >= waitUntil || tip >= refundHeight - policy.close;
}

/** Groups that fit into one transaction each; `rest` is what is neither due nor enough to fill one. */
function fill<Member extends Candidate>(
  due: readonly Member[],
  notDue: readonly Member[],
  payoutScript: Uint8Array,
): { readonly groups: readonly (readonly Member[])[]; readonly rest: readonly Member[] } {
  const groups = intoBatches([...due, ...notDue], payoutScript);
  const last = groups.at(-1);
  const isDue = new Set(due);
  if (!last || last.some((member) => isDue.has(member)) || isFull(last, payoutScript))
    return { groups, rest: [] };
  return { groups: groups.slice(0, -1), rest: last };
}

function intoBatches<Member extends Candidate>(
  members: readonly Member[],
  payoutScript: Uint8Array,
): readonly (readonly Member[])[] {
  const groups: Member[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const member of members) {
    weight += memberWeight(member);
    if (virtualSizeOf(weight) > MAX_SETTLEMENT_VBYTES) {
      groups.push([]);
      weight = emptyWeight(payoutScript) + memberWeight(member);
    }
    groups.at(-1)?.push(member);
  }
  return groups;
}

/** One more of the largest kind would not fit. */
function isFull(members: readonly Candidate[], payoutScript: Uint8Array): boolean {
  const largest = Math.max(...members.map(memberWeight));
  return virtualSizeOf(sizeOf(members, payoutScript).weight + largest) > MAX_SETTLEMENT_VBYTES;
}

function byUrgency(left: Candidate, right: Candidate): number {
  return left.refundHeight - right.refundHeight || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}
