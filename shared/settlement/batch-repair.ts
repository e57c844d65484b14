import type { BroadcastOutcome } from '../chain/chain.ts';

/** What a node says of a member's settlement alone: that it would take it, that it will not, or nothing. */
export type MemberTest = BroadcastOutcome['kind'] | 'unanswered';

export interface TestedMember<Member> {
  readonly member: Member;
  readonly test: MemberTest;
}

export type DropReason =
  /** Its funding is spent or off the chain: find out who spent it. */
  | 'missing-inputs'
  /** Its funding is not confirmed (a reorg): rebroadcast it and wait. */
  | 'funding-unconfirmed'
  /** Its own settlement is in the mempool or in a block. */
  | 'settled-alone'
  /** Can never be accepted as it is: a person has to look. */
  | 'invalid';

export interface BatchRepair<Member> {
  /** To be built and sent each on its own; in the order of the batch. */
  readonly rebuilt: readonly (readonly Member[])[];
  readonly dropped: readonly { readonly member: Member; readonly reason: DropReason }[];
}

/**
 * What becomes of a rejected batch after each member was tested alone: the failing ones are dropped, the others go again. A
 * batch in which nobody fails alone is halved, down to single channels, so that no reason we do not know of can stop them all.
 * A test without an answer is no reason to drop anybody.
 */
export function repairBatch<Member>(tested: readonly TestedMember<Member>[]): BatchRepair<Member> {
  const dropped = tested.flatMap(({ member, test }) => {
    const reason = DROPS[test];
    return reason ? [{ member, reason }] : [];
  });
  const good = tested.filter(({ test }) => DROPS[test] === undefined).map(({ member }) => member);
  if (good.length === 0) return { rebuilt: [], dropped };
  if (dropped.length > 0 || good.length === 1) return { rebuilt: [good], dropped };
  const middle = Math.ceil(good.length / 2);
  return { rebuilt: [good.slice(0, middle), good.slice(middle)], dropped };
}

/** Fee outcomes say nothing of the member: a batch's fee is decided again when it is rebuilt. */
const DROPS: Readonly<Record<MemberTest, DropReason | undefined>> = {
  accepted: undefined,
  unanswered: undefined,
  'fee-too-low': undefined,
  'replacement-too-low': undefined,
  'mempool-full': undefined,
  'already-known': 'settled-alone',
  'missing-inputs': 'missing-inputs',
  'truc-violation': 'funding-unconfirmed',
  // A settlement has no locktime, so this is not about the height.
  'non-final': 'invalid',
  rejected: 'invalid',
};
