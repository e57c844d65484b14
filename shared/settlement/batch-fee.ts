import { inSettlementOrder, type SettlementMember } from '../protocol/transactions.ts';
import { deadlineFee, type Market, type Stake } from './fee-curve.ts';
import type { SettlementPolicy } from './settlement-policy.ts';
import { emptyWeight, memberWeight, virtualSizeOf } from './settlement-weight.ts';

/** A channel that can be settled now: its funding is confirmed and nothing in the mempool spends it. */
export interface Candidate extends Stake, Pick<SettlementMember, 'changeScript' | 'change'> {
  readonly id: string;
  /** Until this height it may wait for a batch to be full; absent, it is due. From T_close on nothing waits. */
  readonly waitUntil?: number;
}

/** What a fee depends on besides the channels. */
export interface BatchView extends Market {
  readonly tip: number;
  readonly payoutScript: Uint8Array;
  /** The payout's dust limit, satoshis. */
  readonly dust: bigint;
}

/** A settlement to sign, of one channel or of many. */
export interface PricedSettlement<Member> {
  /** In the order of the transaction's inputs. */
  readonly members: readonly Member[];
  readonly virtualSize: number;
  /** Satoshis. */
  readonly fee: bigint;
}

/** A channel that stays as it is for now: settling it would cost more than it brings. */
export interface Kept<Member> {
  readonly member: Member;
  /** What it would have to pay, satoshis: within the batch, or alone where it was alone. */
  readonly cost: bigint;
}

/**
 * Prices a settlement of those channels that bring more than they add to its cost, and keeps the others for a time or a
 * batch in which they do: nothing here spends a satoshi to gain less.
 */
export function priceBatch<Member extends Candidate>(
  candidates: readonly Member[],
  view: BatchView,
  policy: SettlementPolicy,
): { readonly settlement?: PricedSettlement<Member>; readonly kept: readonly Kept<Member>[] } {
  let members = candidates;
  const kept: Kept<Member>[] = [];
  while (members.length > 0) {
    const { weight, virtualSize } = sizeOf(members, view.payoutScript);
    const answer = deadlineFee({ ...view, stakes: members, virtualSize }, policy);
    const price = answer.kind === 'fee' ? answer.fee : answer.least;
    const adds = (member: Member): bigint => partOf(price, memberWeight(member), weight);
    const burning = members.filter((member) => member.share < adds(member));
    if (answer.kind === 'fee' && burning.length === 0) {
      return { settlement: { members: inSettlementOrder(members), virtualSize, fee: answer.fee }, kept };
    }
    const dropped = burning.length > 0 && burning.length < members.length ? burning : [poorest(members)];
    const isAlone = members.length === 1;
    kept.push(...dropped.map((member) => ({ member, cost: isAlone ? price : adds(member) })));
    members = members.filter((member) => !dropped.includes(member));
  }
  return { kept };
}

/** Of a settlement of these channels. */
export function sizeOf(
  members: readonly Pick<Candidate, 'change' | 'changeScript'>[],
  payoutScript: Uint8Array,
): { readonly weight: number; readonly virtualSize: number } {
  const weight = members.reduce((total, member) => total + memberWeight(member), emptyWeight(payoutScript));
  return { weight, virtualSize: virtualSizeOf(weight) };
}

/** What a member's weight costs of a whole transaction's fee, rounded up. */
function partOf(fee: bigint, weight: number, whole: number): bigint {
  return (fee * BigInt(weight) + BigInt(whole) - 1n) / BigInt(whole);
}

/** The member that brings least for its weight; of equals the last. */
function poorest<Member extends Candidate>(members: readonly Member[]): Member {
  return members.reduce((least, member) => {
    const brings = member.share * BigInt(memberWeight(least));
    return brings <= least.share * BigInt(memberWeight(member)) ? member : least;
  });
}
