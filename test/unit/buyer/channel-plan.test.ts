import fc from 'fast-check';
import { type ChannelWish, capacityFor, planChannel } from '../../../client/buyer/channel-plan.ts';
import { depositUri } from '../../../client/buyer/deposit.ts';
import { dustGridHolds } from '../../../shared/protocol/price.ts';

const MIB = 1024 * 1024;
const changeScript = Buffer.from(`0014${'11'.repeat(20)}`, 'hex');
const wish: ChannelWish = {
  shape: { totalSize: 21 * MIB, chunkSize: 5 * MIB },
  pricePerChunk: 5_000n,
  first: 0,
  end: 5,
  changeScript,
  minimumCapacity: 1_000n,
  maximumCapacity: 1_000_000n,
  minimumFirstPrice: 1_000n,
};

test('a channel holds the price of its chunks and no more where that can be relayed', () => {
  expect(planChannel(wish)).toEqual({ first: 0, count: 5, capacity: 21_000n });
});

test('a last chunk under the dust limit takes some change along', () => {
  const cheap = { ...wish, pricePerChunk: 1_000n };
  expect(planChannel(cheap)).toEqual({ first: 0, count: 5, capacity: 4_200n + 294n });
});

test('the shop’s minimum capacity is met', () => {
  expect(planChannel({ ...wish, minimumCapacity: 30_000n }).capacity).toBe(30_000n);
});

test('what does not fit goes to another channel, but never a last chunk too cheap to stand alone', () => {
  expect(planChannel({ ...wish, maximumCapacity: 10_000n })).toMatchObject({ count: 2, capacity: 10_000n });
  expect(planChannel({ ...wish, maximumCapacity: 20_500n, minimumFirstPrice: 2_000n })).toMatchObject({
    count: 3,
  });
});

test('not even one chunk within the limit is an error', () => {
  expect(() => planChannel({ ...wish, maximumCapacity: 4_999n })).toThrow(
    'A channel for one chunk holds more than 4999 sat.',
  );
});

test('a price under the shop’s minimum is an error', () => {
  expect(() => planChannel({ ...wish, first: 4, minimumFirstPrice: 1_001n })).toThrow(
    /Chunk 4 costs less than the 1001 sat/,
  );
});

test('no more than the run it is for', () => {
  expect(planChannel({ ...wish, first: 1, end: 3 })).toEqual({ first: 1, count: 2, capacity: 10_000n });
});

test('whatever the price, every change of a planned channel can be relayed', () => {
  const money = fc.bigInt({ min: 1n, max: 100_000n });
  fc.assert(
    fc.property(
      money,
      money,
      fc.integer({ min: 1, max: 40 * MIB }),
      (pricePerChunk, minimumCapacity, totalSize) => {
        const shape = { totalSize, chunkSize: 5 * MIB };
        const count = Math.ceil(totalSize / shape.chunkSize);
        const capacity = capacityFor({ ...wish, shape, pricePerChunk, minimumCapacity }, count);
        expect(capacity).toBeGreaterThanOrEqual(minimumCapacity);
        expect(dustGridHolds({ first: 0, count, pricePerChunk, capacity, changeScript }, shape)).toBe(true);
      },
    ),
  );
});

test('a deposit is asked for in bitcoin, exactly (BIP21)', () => {
  expect(depositUri('bc1q', 1n)).toBe('bitcoin:bc1q?amount=0.00000001');
  expect(depositUri('bc1q', 123_450_000n)).toBe('bitcoin:bc1q?amount=1.2345');
  expect(depositUri('bc1q', 200_000_000n)).toBe('bitcoin:bc1q?amount=2');
});
