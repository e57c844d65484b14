import { hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import {
  change,
  chunkCount,
  chunkSizeAt,
  type DatasetShape,
  dustGridHolds,
  price,
} from '../../../shared/protocol/price.ts';
import { DUST_LIMIT, type OutputKind } from '../../../shared/protocol/script.ts';
import { CHANGE_SCRIPTS, SEEDED } from './support.ts';

/** Section 2's sum, chunk by chunk. */
function priceByLoop(pricePerChunk: bigint, first: number, shape: DatasetShape, paid: number): bigint {
  let sum = 0n;
  for (let index = first; index < first + paid; index++) {
    const product = pricePerChunk * BigInt(chunkSizeAt(shape, index));
    sum += product / BigInt(shape.chunkSize) + (product % BigInt(shape.chunkSize) === 0n ? 0n : 1n);
  }
  return sum;
}

const shape: fc.Arbitrary<DatasetShape> = fc
  .record({
    chunkSize: fc.integer({ min: 1, max: 5 * 2 ** 30 }),
    full: fc.nat(40),
    rest: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ chunkSize, full, rest }) => ({
    chunkSize,
    totalSize: full * chunkSize + Math.max(1, Math.floor(rest * chunkSize)),
  }));

describe('chunks', () => {
  test('are counted up, and only the last one is short', () => {
    const thirds = { totalSize: 25, chunkSize: 10 };
    expect(chunkCount(thirds)).toBe(3);
    expect([0, 1, 2].map((index) => chunkSizeAt(thirds, index))).toEqual([10, 10, 5]);
    expect(chunkCount({ totalSize: 30, chunkSize: 10 })).toBe(3);
    expect(chunkSizeAt({ totalSize: 30, chunkSize: 10 }, 2)).toBe(10);
  });

  test('add up to the dataset', () => {
    fc.assert(
      fc.property(shape, (dataset) => {
        const sizes = Array.from({ length: chunkCount(dataset) }, (_, index) => chunkSizeAt(dataset, index));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(dataset.totalSize);
      }),
      SEEDED,
    );
  });

  test('past the end of the dataset there are none, and nothing is owed for them', () => {
    const thirds = { totalSize: 25, chunkSize: 10 };
    expect([3, 4, 1_000].map((index) => chunkSizeAt(thirds, index))).toEqual([0, 0, 0]);
    expect(price({ first: 3, count: 1, pricePerChunk: 5_000n }, thirds, 1)).toBe(0n);
  });
});

describe('price', () => {
  test('nothing paid costs nothing, wherever the channel begins', () => {
    const thirds = { totalSize: 25, chunkSize: 10 };
    for (const first of [0, 1, 2, 3, 4]) {
      expect(price({ first, count: 1, pricePerChunk: 7n }, thirds, 0)).toBe(0n);
    }
  });

  test('equals the sum over the chunks', () => {
    fc.assert(
      fc.property(
        shape,
        fc.bigInt(0n, 10n ** 12n),
        fc.nat(40),
        fc.nat(40),
        (dataset, pricePerChunk, at, paidAt) => {
          const chunks = chunkCount(dataset);
          const first = at % chunks;
          const count = chunks - first;
          const paid = paidAt % (count + 1);
          expect(price({ first, count, pricePerChunk }, dataset, paid)).toBe(
            priceByLoop(pricePerChunk, first, dataset, paid),
          );
        },
      ),
      { ...SEEDED, numRuns: 500 },
    );
  });

  test('rounds up per chunk: a last chunk of one byte costs one satoshi at least', () => {
    const dataset = { totalSize: 2 * 2 ** 30 + 1, chunkSize: 2 ** 30 };
    const terms = { first: 0, count: 3, pricePerChunk: 5_000n };
    expect([0, 1, 2, 3].map((paid) => price(terms, dataset, paid))).toEqual([0n, 5_000n, 10_000n, 10_001n]);
    expect(price({ ...terms, first: 2, count: 1 }, dataset, 1)).toBe(1n);
  });

  test('stays exact where a double would not', () => {
    const dataset = { totalSize: 3 * 5 * 2 ** 30 - 1, chunkSize: 5 * 2 ** 30 };
    const pricePerChunk = 700_000_000_000_001n;
    // ceil(p × (c − 1) / c) = p, because p < c does not hold: p × (c − 1) / c = p − p / c.
    const last = (pricePerChunk * (5n * 2n ** 30n - 1n)) / (5n * 2n ** 30n) + 1n;
    expect(price({ first: 0, count: 3, pricePerChunk }, dataset, 3)).toBe(2n * pricePerChunk + last);
  });

  test('change is what is left of the capacity', () => {
    const terms = { first: 0, count: 3, pricePerChunk: 5_000n, capacity: 20_000n };
    const dataset = { totalSize: 25, chunkSize: 10 };
    expect([0, 1, 2, 3].map((paid) => change(terms, dataset, paid))).toEqual([
      20_000n,
      15_000n,
      10_000n,
      7_500n,
    ]);
  });
});

describe('dustGridHolds', () => {
  const kinds = Object.keys(CHANGE_SCRIPTS) as OutputKind[];

  test.each(kinds)('equals a look at every k, with %s change', (kind) => {
    const outcomes = { true: 0, false: 0 };
    const limit = DUST_LIMIT[kind];
    fc.assert(
      fc.property(
        shape,
        fc.bigInt(0n, 1_000n),
        fc.nat(40),
        fc.nat(40),
        fc.oneof(fc.bigInt(-2n, 700n), fc.constantFrom(0n, limit - 1n, limit, limit + 1n)),
        (dataset, pricePerChunk, at, countAt, left) => {
          const first = at % chunkCount(dataset);
          const count = 1 + (countAt % (chunkCount(dataset) - first));
          const whole = priceByLoop(pricePerChunk, first, dataset, count);
          const capacity = whole + left < 0n ? 0n : whole + left;
          const naive = Array.from({ length: count }, (_, index) => {
            const rest = capacity - priceByLoop(pricePerChunk, first, dataset, index + 1);
            return rest === 0n || rest >= limit;
          }).every(Boolean);
          const terms = { first, count, pricePerChunk, capacity, changeScript: CHANGE_SCRIPTS[kind] };
          expect(dustGridHolds(terms, dataset)).toBe(naive);
          outcomes[`${naive}`]++;
        },
      ),
      { ...SEEDED, numRuns: 1_000 },
    );
    expect(outcomes.true).toBeGreaterThan(100);
    expect(outcomes.false).toBeGreaterThan(100);
  });

  const dataset = { totalSize: 10, chunkSize: 1 };
  const channel = {
    first: 0,
    count: 3,
    pricePerChunk: 1_000n,
    capacity: 3_000n,
    changeScript: CHANGE_SCRIPTS.P2WPKH,
  };

  test.each([
    ['nothing is left at the end', {}, true],
    ['exactly the dust limit is left', { capacity: 3_294n }, true],
    ['one satoshi less than the limit is left', { capacity: 3_293n }, false],
    ['one satoshi is left', { capacity: 3_001n }, false],
    ['one satoshi is missing', { capacity: 2_999n }, false],
    ['the limit of another kind is left', { capacity: 3_294n, changeScript: CHANGE_SCRIPTS.P2TR }, false],
    ['the step before the end is dust', { pricePerChunk: 293n, capacity: 879n }, false],
    ['the step before the end is the limit', { pricePerChunk: 294n, capacity: 882n }, true],
    ['change and price are nothing', { pricePerChunk: 0n, capacity: 0n }, true],
    ['the channel ends at the dataset’s end', { first: 7 }, true],
    ['the channel goes past the dataset', { first: 8 }, false],
    ['the change script is of another kind', { changeScript: hexToBytes('6a') }, false],
  ])('%s', (_, members, holds) => {
    expect(dustGridHolds({ ...channel, ...members }, dataset)).toBe(holds);
  });
});
