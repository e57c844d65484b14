import { hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import type { Candidate } from '../../../shared/settlement/batch-fee.ts';
import type { FeeQuestion } from '../../../shared/settlement/fee-curve.ts';
import { SETTLEMENT_POLICY } from '../../../shared/settlement/settlement-policy.ts';
import { CHANGE_SCRIPTS } from '../protocol/support.ts';

export const POLICY = SETTLEMENT_POLICY;
export const PAYOUT_SCRIPT = hexToBytes(`0014${'99'.repeat(20)}`);
export const DUST = 294n;
/** The refund height of most tests, so that T_close is 856 and the emergency zone begins at 976. */
export const L = 1_000;

/** A settlement with change of a share of 20,000 sat at 5 sat/vB, unless said otherwise. */
export function question(overrides: Partial<FeeQuestion> = {}): FeeQuestion {
  return {
    tip: 856,
    stakes: [{ share: 20_000n, refundHeight: L }],
    virtualSize: 169,
    estimate: 5_000n,
    floor: 1_000n,
    dust: DUST,
    ...overrides,
  };
}

export function candidate(index: number, overrides: Partial<Candidate> = {}): Candidate {
  return {
    id: index.toString(16).padStart(8, '0'),
    share: 20_000n,
    refundHeight: L,
    change: 5_000n,
    changeScript: CHANGE_SCRIPTS.P2TR,
    ...overrides,
  };
}

export const candidates = (count: number, overrides: Partial<Candidate> = {}) =>
  Array.from({ length: count }, (_, index) => candidate(index, overrides));

/** Shares from nothing to a whole bitcoin, as often small as large. */
export const anyShare = () =>
  fc.oneof(fc.bigInt(0n, 3_000n), fc.bigInt(0n, 200_000n), fc.bigInt(0n, 100_000_000n));

/** Satoshis per 1,000 vB, beyond the cap too. */
export const anyRate = () => fc.oneof(fc.bigInt(1_000n, 20_000n), fc.bigInt(1_000n, 1_500_000n));

export const anyStake = () =>
  fc.record({ share: anyShare(), refundHeight: fc.integer({ min: L, max: L + 60 }) });

export const anyQuestion = () =>
  fc
    .record({
      tip: fc.integer({ min: L - 400, max: L + 20 }),
      stakes: fc.array(anyStake(), { minLength: 1, maxLength: 5 }),
      estimate: anyRate(),
      floor: anyRate(),
    })
    .map((drawn) => ({ ...drawn, dust: DUST, virtualSize: 42 + 127 * drawn.stakes.length }));
