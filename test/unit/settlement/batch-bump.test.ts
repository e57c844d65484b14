import { isLastBeforeZone, splitBatch, wantedFee } from '../../../shared/settlement/batch-bump.ts';
import { sizeOf } from '../../../shared/settlement/batch-fee.ts';
import { deadlineFee } from '../../../shared/settlement/fee-curve.ts';
import { candidates, DUST, L, PAYOUT_SCRIPT, POLICY, question } from './support.ts';

const stakes = [
  { share: 20_000n, refundHeight: L },
  { share: 20_000n, refundHeight: L + 40 },
];

test.each([
  ['961: the next bump is where the zone begins', 961, false],
  ['962: the next bump is inside the zone', 962, true],
  ['975: the last block before the zone', 975, true],
  ['976: in the zone', 976, false],
])('%s', (_, tip, isLast) => {
  expect(isLastBeforeZone(tip, stakes, POLICY)).toBe(isLast);
});

test("a batch's last bump before the zone pays what the zone begins with, a single's follows the curve", () => {
  const batch = question({ stakes, tip: 962, virtualSize: 295 });
  // At 976 the first is at its half, the other 80 of 120 blocks on its way.
  expect(wantedFee(batch, POLICY)).toMatchObject({ fee: 1_475n + (18_525n * 200n) / 240n });
  const together = { ...batch, stakes: stakes.map((stake) => ({ ...stake, refundHeight: L })) };
  expect(wantedFee(together, POLICY)).toMatchObject({ fee: 20_000n });
  expect(wantedFee({ ...batch, tip: 961 }, POLICY)).toEqual(deadlineFee({ ...batch, tip: 961 }, POLICY));
  const single = question({ tip: 962 });
  expect(wantedFee(single, POLICY)).toEqual(deadlineFee(single, POLICY));
});

describe('splitting a batch whose first members run out of time', () => {
  const [urgent, healthy] = [candidates(1), candidates(70, { refundHeight: L + 100 }).slice(1)];
  const ask = (batchFee: bigint, share = 20_000n, tip = 990) =>
    splitBatch(
      {
        ...question({ tip }),
        members: [...urgent, ...healthy].map((member) => ({ ...member, share })),
        sizeOf: (members) => sizeOf(members, PAYOUT_SCRIPT).virtualSize,
        conflicts: [{ txid: 'batch', fee: batchFee, virtualSize: 9_650, descendants: [] }],
        incremental: 1_000n,
      },
      POLICY,
    );

  test('they leave if what they want to pay replaces the whole batch', () => {
    // In the zone since 14 blocks: half of the share and 14 of 18 parts of the rest.
    const wanted = 10_000n + ((10_000n - DUST) * 14n) / 18n;
    expect(ask(wanted - 181n)).toMatchObject({ first: [{ id: '00000000' }], fee: wanted });
  });

  test('for a satoshi more the batch is bumped as a batch', () => {
    const wanted = 10_000n + ((10_000n - DUST) * 14n) / 18n;
    expect(ask(wanted - 180n)).toBeUndefined();
  });

  test('nobody leaves before its zone, with a share below its cost, or when all are as urgent', () => {
    expect(ask(1_000n, 20_000n, 975)).toBeUndefined();
    expect(ask(1_000n, 400n)).toBeUndefined();
    expect(ask(1_000n, 20_000n, 1_080)).toBeUndefined();
  });
});
