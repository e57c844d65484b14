import fc from 'fast-check';
import { MAX_SETTLEMENT_VBYTES } from '../../../shared/limits.ts';
import { settlementVirtualSize } from '../../../shared/protocol/transactions.ts';
import { type BatchView, type Candidate, priceBatch, sizeOf } from '../../../shared/settlement/batch-fee.ts';
import { planSettlements } from '../../../shared/settlement/batching.ts';
import { deadlineFee } from '../../../shared/settlement/fee-curve.ts';
import { sum } from '../../../shared/settlement/fee-rate.ts';
import { memberWeight } from '../../../shared/settlement/settlement-weight.ts';
import { CHANGE_SCRIPTS, fundingOf, SEEDED } from '../protocol/support.ts';
import { anyRate, anyShare, candidate, candidates, DUST, L, PAYOUT_SCRIPT, POLICY } from './support.ts';

const view = (overrides: Partial<BatchView> = {}): BatchView => ({
  tip: 856,
  payoutScript: PAYOUT_SCRIPT,
  dust: DUST,
  estimate: 5_000n,
  floor: 1_000n,
  ...overrides,
});

const plan = (members: readonly Candidate[], overrides: Partial<BatchView> = {}) =>
  planSettlements(members, view(overrides), POLICY);
const ids = (members: readonly Candidate[]) => members.map(({ id }) => Number.parseInt(id, 16));
const shape = (planned: ReturnType<typeof plan>) => ({
  settlements: planned.settlements.map(({ members }) => ids(members)),
  kept: planned.kept.map(({ member }) => ids([member])[0]),
  waiting: ids(planned.waiting),
});

const anyChange = () =>
  fc.oneof(
    fc.record({ change: fc.constant(0n), changeScript: fc.constant(CHANGE_SCRIPTS.P2TR) }),
    fc.record({
      change: fc.constant(1_000n),
      changeScript: fc.constantFrom(...Object.values(CHANGE_SCRIPTS)),
    }),
  );
const anyCandidates = (maxLength = 90, minLength = 0) =>
  fc
    .array(
      fc.record({
        change: anyChange(),
        share: anyShare(),
        refundHeight: fc.integer({ min: L - 20, max: L + 200 }),
        waits: fc.option(fc.integer({ min: 800, max: 900 }), { nil: undefined }),
      }),
      { minLength, maxLength },
    )
    .map((drawn) =>
      drawn.map(({ change, waits, ...rest }, index) =>
        candidate(index, { ...change, ...rest, ...(waits !== undefined && { waitUntil: waits }) }),
      ),
    );
const anyView = () =>
  fc
    .record({ tip: fc.integer({ min: 700, max: 1_010 }), estimate: anyRate(), floor: anyRate() })
    .map((drawn) => view(drawn));

test('weights add up to the size that the protocol counts', () => {
  const check = fc.property(anyCandidates(102, 1), (members) => {
    const counted = members.map((member, index) => ({ ...member, funding: fundingOf(index) }));
    expect(sizeOf(members, PAYOUT_SCRIPT).virtualSize).toBe(settlementVirtualSize(counted, PAYOUT_SCRIPT));
  });
  fc.assert(check, { ...SEEDED, numRuns: 30 });
  const largest = candidates(102, { change: 0n }).map((member, index) => ({
    ...member,
    funding: fundingOf(index),
  }));
  expect(sizeOf(largest, PAYOUT_SCRIPT).virtualSize).toBe(settlementVirtualSize(largest, PAYOUT_SCRIPT));
});

describe('who settles with whom', () => {
  test('70 channels with P2TR change fill a batch, the others go into the next', () => {
    const planned = plan(candidates(72));
    expect(planned.settlements.map(({ members, virtualSize }) => [members.length, virtualSize])).toEqual([
      [70, 9_807],
      [2, 321],
    ]);
  });

  test('the most urgent go first, equals by their id, whatever order they came in', () => {
    const members = [
      candidate(1, { refundHeight: L + 2 }),
      candidate(2, { refundHeight: L + 1 }),
      candidate(3, { refundHeight: L + 1 }),
    ];
    expect(shape(plan(members)).settlements).toEqual([[2, 3, 1]]);
    expect(plan([...members].reverse())).toEqual(plan(members));
  });

  test('channels without change come last in the transaction', () => {
    const members = [candidate(1, { change: 0n }), candidate(2), candidate(3, { change: 0n }), candidate(4)];
    expect(shape(plan(members)).settlements).toEqual([[2, 4, 1, 3]]);
  });

  test('36 blocks before L a channel is still healthy, 35 before it settles alone', () => {
    const members = [
      candidate(1),
      candidate(2),
      candidate(3, { refundHeight: L + 1 }),
      candidate(4, { refundHeight: L + 1 }),
    ];
    expect(shape(plan(members, { tip: 964 })).settlements).toEqual([[1, 2, 3, 4]]);
    expect(shape(plan(members, { tip: 965 })).settlements).toEqual([[1], [2], [3, 4]]);
  });

  test('a complete channel may wait for a batch, up to its height and never past T_close', () => {
    const waits = candidate(1, { waitUntil: 900, refundHeight: 2_000 });
    expect(shape(plan([waits], { tip: 899 }))).toEqual({ settlements: [], kept: [], waiting: [1] });
    expect(shape(plan([waits], { tip: 900 })).settlements).toEqual([[1]]);
    const beyond = candidate(1, { waitUntil: 900 });
    expect(shape(plan([beyond], { tip: 855 })).waiting).toEqual([1]);
    expect(shape(plan([beyond], { tip: 856 })).settlements).toEqual([[1]]);
  });

  test('what waits goes along with what is due', () => {
    const members = [
      candidate(1, { waitUntil: 900, refundHeight: 1_990 }),
      candidate(2, { refundHeight: 2_000 }),
    ];
    expect(shape(plan(members)).settlements).toEqual([[2, 1]]);
  });

  test('what waits goes once it fills a batch; the rest waits on', () => {
    const members = candidates(80, { waitUntil: 900, refundHeight: 2_000 });
    const planned = plan(members);
    expect(planned.settlements.map((settlement) => settlement.members.length)).toEqual([70]);
    expect(planned.waiting).toHaveLength(10);
    expect(plan(candidates(70, { waitUntil: 900, refundHeight: 2_000 })).waiting).toEqual([]);
    expect(plan(candidates(69, { waitUntil: 900, refundHeight: 2_000 })).waiting).toHaveLength(69);
  });
});

describe('channels that are worth little', () => {
  const small = (share: bigint) => candidate(9, { share, changeScript: CHANGE_SCRIPTS.P2WPKH });

  test('alone below its cost it is kept, and told what it would cost', () => {
    const planned = plan([small(900n)], { floor: 4_000n });
    expect(planned).toMatchObject({ settlements: [], kept: [{ member: { share: 900n }, cost: 676n }] });
  });

  test('with others it pays only for what it adds', () => {
    const floor = 4_000n;
    const planned = plan([candidate(1), small(900n)], { floor });
    expect(shape(planned)).toEqual({ settlements: [[1, 9]], kept: [], waiting: [] });
    expect(shape(plan([candidate(1), small(500n)], { floor }))).toEqual({
      settlements: [[1]],
      kept: [9],
      waiting: [],
    });
  });

  test('kept exactly from the satoshi on at which it adds more cost than it brings', () => {
    // 510 of 1,234 weight units of a transaction of 309 vB at 5 sat/vB: 638.5 sat.
    expect(shape(plan([candidate(1), small(639n)])).settlements).toEqual([[1, 9]]);
    expect(shape(plan([candidate(1), small(638n)])).kept).toEqual([9]);
    expect(plan([candidate(1), small(638n)]).kept).toMatchObject([{ cost: 639n }]);
  });

  test('where all together cannot pay the floor, the poorest is kept first, not everyone', () => {
    const members = [candidate(1, { share: 1_200n, change: 0n }), candidate(2, { share: 390n, change: 0n })];
    const planned = plan(members, { floor: 4_000n });
    expect(shape(planned)).toEqual({ settlements: [[1]], kept: [2], waiting: [] });
    expect(planned.kept).toMatchObject([{ cost: 387n }]);
  });

  test('channels that are all too small alone settle together', () => {
    const eight = candidates(8, { share: 350n, change: 0n });
    const market = { floor: 1_000n, estimate: 1_000n };
    expect(shape(plan(eight.slice(0, 1), market)).kept).toEqual([0]);
    expect(shape(plan(eight, market)).settlements).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
  });

  test('dust drawn into a batch drops out alone and does not take the others with it', () => {
    const members = [
      ...candidates(10),
      ...candidates(20)
        .slice(10)
        .map((member) => ({ ...member, share: 1n })),
    ];
    const planned = plan(members);
    expect(planned.settlements.map((settlement) => ids(settlement.members))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ]);
    expect(planned.kept).toHaveLength(10);
  });
});

describe('the fee of a batch', () => {
  test('of one refund height is the curve over all shares', () => {
    const members = candidates(3);
    const { settlement } = priceBatch(members, view({ tip: 916 }), POLICY);
    const asked = {
      ...view({ tip: 916 }),
      stakes: members,
      virtualSize: sizeOf(members, PAYOUT_SCRIPT).virtualSize,
    };
    // 460 vB at 5 sat/vB, half way to half of 60,000.
    expect(settlement?.fee).toBe((2_300n + 30_000n) / 2n);
    expect(deadlineFee(asked, POLICY)).toMatchObject({ fee: settlement?.fee });
  });
});

describe('whatever the candidates', () => {
  test('everyone is in one place; no batch is too big; every member brings more than it costs', () => {
    const check = fc.property(anyCandidates(), anyView(), (members, at) => {
      const planned = planSettlements(members, at, POLICY);
      const places = [
        ...planned.settlements.flatMap((settlement) => settlement.members),
        ...planned.kept.map(({ member }) => member),
        ...planned.waiting,
      ];
      expect(places.map(({ id }) => id).sort()).toEqual(members.map(({ id }) => id));
      for (const { members: together, virtualSize, fee } of planned.settlements) {
        expect(virtualSize).toBeLessThanOrEqual(MAX_SETTLEMENT_VBYTES);
        expect(fee).toBeLessThanOrEqual(sum(together.map(({ share }) => share)) - DUST);
        expect(fee).toBeGreaterThanOrEqual((at.floor * BigInt(virtualSize)) / 1_000n);
        const { weight } = sizeOf(together, PAYOUT_SCRIPT);
        const noChange = together.findIndex(({ change }) => change === 0n);
        if (noChange >= 0) expect(together.slice(noChange).every(({ change }) => change === 0n)).toBe(true);
        for (const member of together) {
          expect(member.share * BigInt(weight)).toBeGreaterThanOrEqual(fee * BigInt(memberWeight(member)));
          if (together.length > 1)
            expect(member.refundHeight - at.tip).toBeGreaterThanOrEqual(POLICY.batchMargin);
        }
      }
      for (const member of planned.waiting) expect(member.waitUntil).toBeGreaterThan(at.tip);
    });
    fc.assert(check, { ...SEEDED, numRuns: 300 });
  });

  test('the order of the candidates changes nothing', () => {
    const check = fc.property(anyCandidates(40), anyView(), (members, at) => {
      expect(planSettlements([...members].reverse(), at, POLICY)).toEqual(
        planSettlements(members, at, POLICY),
      );
    });
    fc.assert(check, { ...SEEDED, numRuns: 100 });
  });
});
