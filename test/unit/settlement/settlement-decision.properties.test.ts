import fc from 'fast-check';
import { MAX_FEE_RATE } from '../../../shared/limits.ts';
import { wantedFee } from '../../../shared/settlement/batch-bump.ts';
import { feeAt, sum } from '../../../shared/settlement/fee-rate.ts';
import { leastReplacementFee } from '../../../shared/settlement/replacement.ts';
import { decideSettlement } from '../../../shared/settlement/settlement-decision.ts';
import type {
  SettlementAction,
  SettlementView,
  UnconfirmedSpend,
  Variant,
} from '../../../shared/settlement/settlement-view.ts';
import { SEEDED } from '../protocol/support.ts';
import { anyQuestion, anyRate, anyShare, DUST, L, POLICY, question } from './support.ts';

const anyVariant = (index: number) =>
  fc.record({
    txid: fc.constant(`variant ${index}`),
    fee: anyShare(),
    virtualSize: fc.integer({ min: 138, max: 700 }),
    signedAtHeight: fc.integer({ min: L - 400, max: L }),
  });

const anySpend = (index: number): fc.Arbitrary<UnconfirmedSpend> =>
  fc.record({
    by: fc.constantFrom('seller', 'seller', 'seller', 'buyer'),
    txid: fc.constant(`spend ${index}`),
    fee: fc.bigInt(100n, 50_000n),
    virtualSize: fc.integer({ min: 138, max: 700 }),
    descendants: fc.array(
      fc.record({
        txid: fc.constant(`child ${index}`),
        fee: fc.bigInt(60n, 20_000n),
        virtualSize: fc.integer({ min: 60, max: 1_000 }),
      }),
      { maxLength: 1 },
    ),
  });

const anyView = (): fc.Arbitrary<SettlementView> =>
  fc
    .record({
      asked: anyQuestion(),
      variants: fc
        .integer({ min: 0, max: 3 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anyVariant(i)))),
      unconfirmedSpends: fc
        .integer({ min: 0, max: 2 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anySpend(i)))),
      incremental: fc.bigInt(100n, 5_000n),
    })
    .map(({ asked, ...rest }) => ({ ...asked, ...rest, state: 'CLOSING', fundingConfirmed: true }));

const feeOf = (action: SettlementAction): bigint | undefined => ('fee' in action ? action.fee : undefined);

test('no fee is above the cap, the budget or all but dust, nor below the floor or what the replacement costs', () => {
  let fees = 0;
  const check = fc.property(anyView(), (view) => {
    const action = decideSettlement(view, POLICY);
    const fee = feeOf(action);
    if (fee === undefined) return;
    fees += 1;
    const { virtualSize, incremental, stakes } = view;
    expect(fee * 1_000n).toBeLessThanOrEqual(MAX_FEE_RATE * BigInt(virtualSize));
    expect(fee).toBeLessThanOrEqual(wantedFee(view, POLICY).budget);
    expect(sum(stakes.map(({ share }) => share)) - fee).toBeGreaterThanOrEqual(DUST);
    expect(fee).toBeGreaterThanOrEqual(feeAt(view.floor, virtualSize));
    const conflicts =
      action.kind === 'sign-new'
        ? view.variants
            .slice()
            .sort(byRate)
            .slice(-1)
            .map((variant) => ({ ...variant, descendants: [] }))
        : view.unconfirmedSpends;
    expect(fee).toBeGreaterThanOrEqual(leastReplacementFee({ conflicts, virtualSize, incremental }));
    if (action.kind !== 'sign-new') expect(action).toMatchObject({ conflicts });
  });
  fc.assert(check, { ...SEEDED, numRuns: 4_000 });
  expect(fees).toBeGreaterThan(1_000);
});

test('monotone in the time left: a later decision on the same facts never pays less, nor gives up what was affordable', () => {
  const check = fc.property(anyView(), fc.integer({ min: 1, max: 60 }), (view, later) => {
    const before = decideSettlement(view, POLICY);
    const after = decideSettlement({ ...view, tip: view.tip + later }, POLICY);
    if (before.kind === 'sign-new' || before.kind === 'bump') expect(after.kind).not.toBe('uneconomic');
    const [fee, laterFee] = [feeOf(before), feeOf(after)];
    if (fee !== undefined && laterFee !== undefined) expect(laterFee).toBeGreaterThanOrEqual(fee);
  });
  fc.assert(check, { ...SEEDED, numRuns: 4_000 });
});

test('the same view, the same answer: a run twice does nothing twice', () => {
  const check = fc.property(anyView(), (view) => {
    expect(decideSettlement(view, POLICY)).toEqual(decideSettlement(structuredClone(view), POLICY));
  });
  fc.assert(check, { ...SEEDED, numRuns: 300 });
});

/** Looks at every block from a height to L as the sweep does; nothing ever confirms. `misses` are the blocks it slept through. */
function climb(view: SettlementView, from: number, misses: ReadonlySet<number>): readonly Variant[] {
  const variants: Variant[] = [];
  let mempool: readonly UnconfirmedSpend[] = view.unconfirmedSpends;
  for (let tip = from; tip < L; tip += 1) {
    if (misses.has(tip)) continue;
    const action = decideSettlement({ ...view, tip, variants, unconfirmedSpends: mempool }, POLICY);
    const fee = feeOf(action);
    if (fee === undefined) continue;
    const signed = { txid: `at ${tip}`, fee, virtualSize: view.virtualSize, signedAtHeight: tip };
    variants.push(signed);
    mempool = [{ ...signed, by: 'seller', descendants: [] }];
  }
  return variants;
}

describe('a settlement that nobody mines', () => {
  const anyClimb = () =>
    fc.record({
      share: fc.bigInt(1_140n, 2_000_000n),
      estimate: fc.bigInt(1_000n, 50_000n),
      from: fc.integer({ min: L - 400, max: L - 40 }),
      misses: fc.uniqueArray(fc.integer({ min: L - 400, max: L - 2 }), { maxLength: 200 }),
    });
  const viewOf = (share: bigint, estimate: bigint): SettlementView => ({
    ...question({ stakes: [{ share, refundHeight: L }], estimate }),
    state: 'CLOSING',
    fundingConfirmed: true,
    variants: [],
    unconfirmedSpends: [],
    incremental: 1_000n,
  });

  test('pays within one increment all that it may before L, and every step replaces the one before', () => {
    const check = fc.property(anyClimb(), ({ share, estimate, from, misses }) => {
      const view = viewOf(share, estimate);
      const variants = climb(view, from, new Set(misses));
      const most = wantedFee({ ...view, tip: L - 1 }, POLICY).budget;
      expect(most - (variants.at(-1)?.fee ?? 0n)).toBeLessThan(169n + 1n);
      variants.slice(1).forEach((variant, index) => {
        expect(variant.fee - (variants[index]?.fee ?? 0n)).toBeGreaterThanOrEqual(169n);
      });
      expect(variants.length).toBeLessThan(30);
    });
    fc.assert(check, { ...SEEDED, numRuns: 200 });
  });

  test('out-bids any child that the share can pay for, before the reorg margin', () => {
    const check = fc.property(
      fc.bigInt(2_000n, 500_000n),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 111, max: 1_000 }),
      (share, percent, childSize) => {
        const view = viewOf(share, 5_000n);
        const most = wantedFee({ ...view, tip: L - 6 }, POLICY).budget;
        const childFee = (most * BigInt(percent)) / 100n;
        const child = { txid: 'child', fee: childFee, virtualSize: childSize };
        const pinned: UnconfirmedSpend = {
          by: 'seller',
          txid: 'first',
          fee: 200n,
          virtualSize: 169,
          descendants: [child],
        };
        const variants = climb({ ...view, unconfirmedSpends: [pinned] }, L - 144, new Set());
        const least = leastReplacementFee({ conflicts: [pinned], virtualSize: 169, incremental: 1_000n });
        const liftedRate = ((200n + childFee) * 169n) / BigInt(169 + childSize);
        // Where it is not out-bid it cannot be, or it lifts our own to what we would have paid.
        expect(variants.length > 0).toBe(least <= most && liftedRate < most);
        for (const { fee } of variants.slice(0, 1)) expect(fee).toBeGreaterThanOrEqual(least);
      },
    );
    fc.assert(check, { ...SEEDED, numRuns: 200 });
  });
});

test('with time left the fee is the estimate, or the cap', () => {
  const check = fc.property(anyRate(), (estimate) => {
    const rich = question({ estimate, tip: 400, stakes: [{ share: 100_000_000n, refundHeight: L }] });
    const fee = feeAt(estimate < MAX_FEE_RATE ? estimate : MAX_FEE_RATE, 169);
    expect(wantedFee(rich, POLICY)).toMatchObject({ kind: 'fee', fee });
  });
  fc.assert(check, { ...SEEDED, numRuns: 200 });
});

function byRate(left: Variant, right: Variant): number {
  const difference = left.fee * BigInt(right.virtualSize) - right.fee * BigInt(left.virtualSize);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
