import fc from 'fast-check';
import {
  type Conflict,
  effectiveRate,
  leastReplacementFee,
  replacement,
} from '../../../shared/settlement/replacement.ts';
import { SEEDED } from '../protocol/support.ts';

const conflict = (
  txid: string,
  fee: bigint,
  virtualSize: number,
  descendants: Conflict['descendants'] = [],
) => ({
  txid,
  fee,
  virtualSize,
  descendants,
});
const child = (fee: bigint, virtualSize = 1_000, txid = 'child') => ({ txid, fee, virtualSize });

describe('the least fee of a replacement (BIP125)', () => {
  test.each([
    ['nothing to replace', [], 1_000n, 0n],
    ['its own older variant, one sat/vB more', [conflict('a', 845n, 169)], 1_000n, 845n + 169n],
    ['a node with a higher increment', [conflict('a', 845n, 169)], 2_500n, 845n + 423n],
    ['a node with a lower increment: others relay too', [conflict('a', 845n, 169)], 100n, 845n + 169n],
    [
      "the buyer's child on its change output",
      [conflict('a', 169n, 169, [child(5_000n)])],
      1_000n,
      169n + 5_000n + 169n,
    ],
    ['several at once', [conflict('a', 500n, 169), conflict('b', 700n, 138)], 1_000n, 1_369n],
    [
      'a child of two, paid once',
      [conflict('a', 500n, 169, [child(90n)]), conflict('b', 700n, 138, [child(90n)])],
      1_000n,
      1_459n,
    ],
    ['a small one of a higher rate: the rate decides', [conflict('a', 2_000n, 100)], 1_000n, 3_381n],
  ])('%s', (_, conflicts, incremental, least) => {
    expect(leastReplacementFee({ conflicts, virtualSize: 169, incremental })).toBe(least);
  });

  test('a single cannot replace a batch of 70 at 2 sat/vB, three together can', () => {
    const batch = [conflict('batch', 2n * 9_653n, 9_653)];
    const share = 7_000n;
    const single = { conflicts: batch, virtualSize: 169, incremental: 1_000n };
    expect(replacement(single, 0n, share - 294n)).toEqual({ kind: 'cannot-afford', least: 19_475n });
    const three = { ...single, virtualSize: 391 };
    expect(replacement(three, 0n, 3n * share - 294n)).toEqual({ kind: 'fee', fee: 19_697n });
  });
});

test('pays what is wanted where that is more than the least', () => {
  const question = { conflicts: [conflict('a', 845n, 169)], virtualSize: 169, incremental: 1_000n };
  expect(replacement(question, 3_000n, 3_000n)).toEqual({ kind: 'fee', fee: 3_000n });
  expect(replacement(question, 900n, 1_014n)).toEqual({ kind: 'fee', fee: 1_014n });
  expect(replacement(question, 900n, 1_013n)).toEqual({ kind: 'cannot-afford', least: 1_014n });
});

test('nodes evict a hundred for one replacement and no more', () => {
  const singles = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      conflict(`s${index}`, 1n, 169, [child(1n, 1_000, `c${index}`)]),
    );
  const asked = { virtualSize: 9_000, incremental: 1_000n };
  expect(replacement({ ...asked, conflicts: singles(50) }, 0n, 100_000n).kind).toBe('fee');
  expect(replacement({ ...asked, conflicts: singles(51) }, 0n, 100_000n)).toEqual({
    kind: 'too-many',
    evicted: 102,
  });
});

test('a child pays for its parent where its rate is higher, and takes nothing from it where it is lower', () => {
  expect(effectiveRate(conflict('a', 169n, 169, [child(10_000n)]))).toEqual({
    fee: 10_169n,
    virtualSize: 1_169,
  });
  expect(effectiveRate(conflict('a', 1_690n, 169, [child(1_000n)]))).toEqual({
    fee: 1_690n,
    virtualSize: 169,
  });
});

test('what a node asks of a replacement holds for every answer, and not for a satoshi less', () => {
  const anyFee = () => fc.bigInt(0n, 300_000n);
  const anyConflict = (index: number) =>
    fc.record({
      txid: fc.constant(`t${index}`),
      fee: anyFee(),
      virtualSize: fc.integer({ min: 110, max: 10_000 }),
      descendants: fc.array(
        fc.record({
          txid: fc.constant(`c${index}`),
          fee: anyFee(),
          virtualSize: fc.integer({ min: 60, max: 1_000 }),
        }),
        { maxLength: 1 },
      ),
    });
  const anyConflicts = () =>
    fc
      .integer({ min: 1, max: 5 })
      .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => anyConflict(i))));
  const check = fc.property(
    anyConflicts(),
    fc.integer({ min: 138, max: 9_900 }),
    fc.bigInt(100n, 5_000n),
    (conflicts, virtualSize, incremental) => {
      const isAccepted = (fee: bigint): boolean => {
        const replaced = conflicts
          .flatMap((one) => [one, ...one.descendants])
          .reduce((total, one) => total + one.fee, 0n);
        const increment = incremental > 1_000n ? incremental : 1_000n;
        return (
          (fee - replaced) * 1_000n >= increment * BigInt(virtualSize) &&
          conflicts.every((one) => fee * BigInt(one.virtualSize) > one.fee * BigInt(virtualSize))
        );
      };
      const least = leastReplacementFee({ conflicts, virtualSize, incremental });
      expect([isAccepted(least), isAccepted(least - 1n)]).toEqual([true, false]);
    },
  );
  fc.assert(check, { ...SEEDED, numRuns: 1_000 });
});
