import fc from 'fast-check';
import { MAX_FEE_RATE } from '../../../shared/limits.ts';
import {
  deadlineFee,
  feeBudget,
  firstRefundHeight,
  zoneStart,
} from '../../../shared/settlement/fee-curve.ts';
import { sum } from '../../../shared/settlement/fee-rate.ts';
import { SEEDED } from '../protocol/support.ts';
import { anyQuestion, DUST, L, POLICY, question } from './support.ts';

const feeOf = (overrides: Parameters<typeof question>[0]) => {
  const answer = deadlineFee(question(overrides), POLICY);
  return answer.kind === 'fee' ? answer.fee : undefined;
};

describe('the deadline curve', () => {
  test.each([
    ['a complete channel settles at the estimate', 500, 845n],
    ['T_close: the estimate', 856, 845n],
    ['half way to the zone: half way to half of the share', 916, (845n + 10_000n) / 2n],
    ['one block before the zone', 975, 845n + ((10_000n - 845n) * 119n) / 120n],
    ['T_close + 120: half of the share', 976, 10_000n],
    ['half way to the reorg margin', 985, 10_000n + (10_000n - 294n) / 2n],
    ['the reorg margin: everything but dust', 994, 19_706n],
    ['L: everything but dust', 1_000, 19_706n],
    ['long after L', 5_000, 19_706n],
  ])('%s', (_, tip, fee) => {
    expect(feeOf({ tip })).toBe(fee);
  });

  test('a line that ends at the cap, not one that is cut by it', () => {
    const stakes = [{ share: 100_000_000n, refundHeight: L }];
    expect(feeOf({ stakes, tip: 976 })).toBe(169_000n);
    expect(feeOf({ stakes, tip: 916 })).toBe((845n + 169_000n) / 2n);
    expect(feeOf({ stakes, tip: 999 })).toBe(169_000n);
  });

  test('an estimate above half of the share pays half, and in the zone what it asks for', () => {
    expect(feeOf({ estimate: 100_000n, tip: 856 })).toBe(10_000n);
    expect(feeOf({ estimate: 100_000n, tip: 977 })).toBe(16_900n);
    expect(feeOf({ estimate: 900_000n, tip: 976 })).toBe(19_706n);
  });

  test('a floor above half of the share is paid in the zone, and only there', () => {
    const floor = 100_000n;
    expect(deadlineFee(question({ floor, tip: 975 }), POLICY)).toEqual({
      kind: 'uneconomic',
      least: 16_900n,
      budget: 10_000n,
    });
    expect(deadlineFee(question({ floor, tip: 976 }), POLICY)).toMatchObject({ kind: 'fee', fee: 16_900n });
  });

  test('a share that does not pay floor and dust is uneconomic at any height', () => {
    const stakes = [{ share: 462n, refundHeight: L }];
    expect(deadlineFee(question({ stakes, tip: 999 }), POLICY)).toEqual({
      kind: 'uneconomic',
      least: 169n,
      budget: 168n,
    });
    expect(feeOf({ stakes: [{ share: 463n, refundHeight: L }], tip: 999 })).toBe(169n);
  });

  test('a floor above the cap is not paid', () => {
    const stakes = [{ share: 100_000_000n, refundHeight: L }];
    expect(feeOf({ stakes, floor: MAX_FEE_RATE + 6n, tip: 999 })).toBeUndefined();
  });

  test("in a batch a channel's deadline spends its own share whole and half of the others'", () => {
    const stakes = [
      { share: 10_000n, refundHeight: L },
      { share: 30_001n, refundHeight: L + 30 },
    ];
    expect(feeBudget(question({ stakes, tip: 975 }), POLICY)).toBe(20_000n);
    expect(feeBudget(question({ stakes, tip: 976 }), POLICY)).toBe(25_000n);
    expect(feeBudget(question({ stakes, tip: 1_006 }), POLICY)).toBe(40_001n - DUST);
    expect(zoneStart(stakes, POLICY)).toBe(976);
  });

  test('in a batch a late channel raises the fee by its own part of the line', () => {
    const rich = { share: 1_000_000n, refundHeight: L + 500 };
    const late = { share: 20_000n, refundHeight: L };
    const asked = { stakes: [rich, late], virtualSize: 295 };
    expect(feeOf({ ...asked, tip: 856 })).toBe(1_475n);
    expect(feeOf({ ...asked, tip: 976 })).toBe(1_475n + ((295_000n - 1_475n) * 10_000n) / 510_000n);
  });

  test('small policies of a test network keep the shape', () => {
    const small = { ...POLICY, close: 12, emergencyZone: 4, reorgMargin: 4 };
    const at = (tip: number) => deadlineFee(question({ tip }), small);
    expect([988, 992, 996, 997].map((tip) => at(tip))).toMatchObject([
      { fee: 845n },
      { fee: 5_422n },
      { fee: 10_000n },
      { fee: 19_706n },
    ]);
  });

  test('a settlement of nothing is a mistake', () => {
    expect(() => firstRefundHeight([])).toThrow(new RangeError('a settlement has at least one channel'));
  });
});

describe('whatever the question', () => {
  test('never above the cap or the budget, never burning the dust, never below the floor', () => {
    const check = fc.property(anyQuestion(), (asked) => {
      const answer = deadlineFee(asked, POLICY);
      const shares = sum(asked.stakes.map(({ share }) => share));
      const vsize = BigInt(asked.virtualSize);
      if (answer.kind === 'uneconomic') {
        expect(answer.least).toBeGreaterThan(answer.budget);
        return;
      }
      expect(answer.fee * 1_000n).toBeLessThanOrEqual(MAX_FEE_RATE * vsize);
      expect(answer.fee).toBeLessThanOrEqual(answer.budget);
      expect(answer.budget).toBe(feeBudget(asked, POLICY));
      expect(shares - answer.fee).toBeGreaterThanOrEqual(DUST);
      expect(answer.fee * 1_000n).toBeGreaterThanOrEqual(asked.floor * vsize);
      expect(answer.rate).toBe((answer.fee * 1_000n) / vsize);
      if (asked.tip < zoneStart(asked.stakes, POLICY)) expect(answer.fee * 2n).toBeLessThanOrEqual(shares);
    });
    fc.assert(check, { ...SEEDED, numRuns: 1_000 });
  });

  test('monotone in the time left: an affordable fee stays affordable and never falls', () => {
    const check = fc.property(anyQuestion(), fc.integer({ min: 1, max: 100 }), (asked, later) => {
      const before = deadlineFee(asked, POLICY);
      const after = deadlineFee({ ...asked, tip: asked.tip + later }, POLICY);
      expect(after.budget).toBeGreaterThanOrEqual(before.budget);
      if (before.kind === 'fee') expect(after.kind === 'fee' && after.fee >= before.fee).toBe(true);
    });
    fc.assert(check, { ...SEEDED, numRuns: 1_000 });
  });

  test('monotone in the estimate', () => {
    const check = fc.property(anyQuestion(), fc.bigInt(0n, 100_000n), (asked, more) => {
      const before = deadlineFee(asked, POLICY);
      const after = deadlineFee({ ...asked, estimate: asked.estimate + more }, POLICY);
      expect(after.kind).toBe(before.kind);
      if (before.kind === 'fee') expect(after.kind === 'fee' && after.fee >= before.fee).toBe(true);
    });
    fc.assert(check, { ...SEEDED, numRuns: 500 });
  });
});
