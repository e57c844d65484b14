import { SETTLED_DEPTH } from '../limits.ts';
import { isLastBeforeZone, wantedFee } from './batch-bump.ts';
import { mayBump } from './bump-cadence.ts';
import { deadlineFee, type FeeAnswer, firstRefundHeight, zoneStart } from './fee-curve.ts';
import { feeAt, greater, sum } from './fee-rate.ts';
import { effectiveRate, leastReplacementFee, replacement } from './replacement.ts';
import type { SettlementPolicy } from './settlement-policy.ts';
import type { SettlementAction, SettlementView, Variant, WaitReason } from './settlement-view.ts';

/**
 * The next step of a CLOSING channel, or of the channels of a batch (docs/protocol.md, rule 23 and "Parameters"): who spends
 * the funding decides first, then whether a settlement is in the mempool, then what one may cost. No I/O and no memory: asked
 * again with the same view it answers the same, so it may run late, twice, or after a crash anywhere.
 */
export function decideSettlement(view: SettlementView, policy: SettlementPolicy): SettlementAction {
  const { confirmedSpend, recordedSpend, unconfirmedSpends } = view;
  if (view.state !== 'CLOSING') return wait('not-closing');
  if (confirmedSpend) return whenSpent(view, confirmedSpend);
  if (recordedSpend?.height !== undefined) return { kind: 'record-spend', txid: recordedSpend.txid };
  if (!view.fundingConfirmed) return { kind: 'wait-for-funding' };
  if (view.stakes.every(({ share }) => share === 0n)) return wait('nothing-sold');
  if (unconfirmedSpends.some(({ by }) => by === 'buyer')) return whenRefundIsWaiting(view, policy);
  return unconfirmedSpends.length > 0 ? whenInMempool(view, policy) : whenNotInMempool(view, policy);
}

function whenSpent(
  { tip, recordedSpend }: SettlementView,
  { txid, by, height }: NonNullable<SettlementView['confirmedSpend']>,
): SettlementAction {
  if (tip - height + 1 >= SETTLED_DEPTH) {
    return { kind: by === 'seller' ? 'record-settled' : 'record-expired', txid, height };
  }
  const isRecorded = recordedSpend?.txid === txid && recordedSpend.height === height;
  return isRecorded ? wait('not-deep-enough') : { kind: 'record-spend', txid, height };
}

/** After L the refund may stand in the settlement's place: whoever pays more is mined, so there is no cadence to keep. */
function whenRefundIsWaiting(view: SettlementView, policy: SettlementPolicy): SettlementAction {
  const conflicts = view.unconfirmedSpends;
  const stored = view.variants.find(
    ({ fee, virtualSize }) => fee >= leastReplacementFee({ ...view, conflicts, virtualSize }),
  );
  if (stored) return { kind: 'broadcast-again', variant: stored };
  const wanted = deadlineFee(view, policy);
  if (wanted.kind === 'uneconomic') return uneconomic(view, wanted);
  const paid = replacement({ ...view, conflicts }, wanted.fee, wanted.budget);
  switch (paid.kind) {
    case 'fee':
      return { kind: 'outbid-refund', fee: paid.fee, conflicts };
    case 'cannot-afford':
      return { kind: 'uneconomic', reason: 'refund-pays-more', least: paid.least };
    case 'too-many':
      return wait('cannot-replace');
  }
}

function whenInMempool(view: SettlementView, policy: SettlementPolicy): SettlementAction {
  const conflicts = view.unconfirmedSpends;
  const wanted = wantedFee(view, policy);
  if (wanted.kind === 'uneconomic' || !isBumpDue(view)) return wait('in-mempool');
  if (conflicts.every((conflict) => paysRate(effectiveRate(conflict), wanted.fee, view.virtualSize))) {
    return wait('in-mempool');
  }
  const urgent = isUrgent(view, policy);
  if (!urgent && !isWorthwhile(wanted.fee, sum(conflicts.map(({ fee }) => fee)))) return wait('in-mempool');
  const paid = replacement({ ...view, conflicts }, wanted.fee, wanted.budget);
  if (paid.kind !== 'fee') return wait('cannot-replace');
  // With time left nobody pays more than the curve asks: it rises to what a pin costs, and the buyer's child may well confirm.
  if (!urgent && paid.fee > wanted.fee) return wait('in-mempool');
  return { kind: 'bump', fee: paid.fee, conflicts };
}

/** Never sent, evicted, or thrown out by a reorg. Other nodes may still have the best variant, so a new one pays to replace it. */
function whenNotInMempool(view: SettlementView, policy: SettlementPolicy): SettlementAction {
  const wanted = wantedFee(view, policy);
  const best = bestVariant(view.variants);
  if (!best) return wanted.kind === 'fee' ? { kind: 'sign-new', fee: wanted.fee } : uneconomic(view, wanted);
  const fee = wanted.kind === 'fee' ? greater(wanted.fee, leastAfter(best, view)) : 0n;
  const isAffordable = wanted.kind === 'fee' && fee <= wanted.budget;
  if (best.fee < feeAt(view.floor, best.virtualSize)) {
    if (isAffordable) return { kind: 'sign-new', fee };
    return wanted.kind === 'fee' ? { kind: 'broadcast-again', variant: best } : uneconomic(view, wanted);
  }
  const wantsMore = wanted.kind === 'fee' && !paysRate(best, wanted.fee, view.virtualSize);
  const isWorth =
    isUrgent(view, policy) || (isWorthwhile(fee, best.fee) && wanted.kind === 'fee' && fee === wanted.fee);
  if (wantsMore && isAffordable && isWorth && isBumpDue(view)) return { kind: 'sign-new', fee };
  return { kind: 'broadcast-again', variant: best };
}

function isBumpDue({ variants, tip, stakes }: SettlementView): boolean {
  const last = variants.reduce((height, { signedAtHeight }) => Math.max(height, signedAtHeight), -Infinity);
  return mayBump(last, tip, firstRefundHeight(stakes));
}

/** In the emergency zone, or unable to bump a batch again before it. */
function isUrgent({ tip, stakes }: SettlementView, policy: SettlementPolicy): boolean {
  return tip >= zoneStart(stakes, policy) || (stakes.length > 1 && isLastBeforeZone(tip, stakes, policy));
}

/** Every variant is kept for good: with time left a new one pays an eighth more, so that few fit below any cap. */
function isWorthwhile(fee: bigint, before: bigint): boolean {
  return fee * 8n >= before * 9n;
}

function leastAfter(best: Variant, view: SettlementView): bigint {
  return leastReplacementFee({ ...view, conflicts: [{ ...best, descendants: [] }] });
}

function paysRate(
  paid: { readonly fee: bigint; readonly virtualSize: number },
  fee: bigint,
  virtualSize: number,
): boolean {
  return paid.fee * BigInt(virtualSize) >= fee * BigInt(paid.virtualSize);
}

/** The one of the highest rate; of equals the first. */
function bestVariant(variants: readonly Variant[]): Variant | undefined {
  return variants.reduce<Variant | undefined>(
    (best, variant) => (best && paysRate(best, variant.fee, variant.virtualSize) ? best : variant),
    undefined,
  );
}

function uneconomic(
  { stakes, dust }: SettlementView,
  { least }: Extract<FeeAnswer, { kind: 'uneconomic' }>,
): SettlementAction {
  const allButDust = sum(stakes.map(({ share }) => share)) - dust;
  return {
    kind: 'uneconomic',
    reason: least > allButDust ? 'share-below-cost' : 'floor-above-budget',
    least,
  };
}

function wait(reason: WaitReason): SettlementAction {
  return { kind: 'wait', reason };
}
