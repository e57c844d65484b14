import { marketYear } from '../../../bench/simulation/market.ts';
import { type Mode, simulate } from '../../../bench/simulation/run.ts';
import { report } from '../../../bench/simulation/tally.ts';

const CHANNELS = 3_000;
const year = marketYear(7, 2_016);
const run = (mode: Mode) => report(mode.name, simulate(7, CHANNELS, year, mode), CHANNELS, year);
const alone = run({ name: 'alone', batches: false, waitBlocks: 0 });
const together = run({ name: 'together', batches: true, waitBlocks: 144 });

test('a year has a block in ten minutes, and no block is free', () => {
  expect(Math.abs(year.blocksInYear - 52_560)).toBeLessThan(1_000);
  expect(Math.min(...year.clearingRates)).toBe(1);
  expect(year.at(0).estimate).toBeGreaterThanOrEqual(1_000n);
});

test.each([
  ['alone', alone],
  ['together', together],
])('%s: every channel ends somewhere, once', (_, { settled, unconfirmedAtL, uneconomic }) => {
  expect(settled + unconfirmedAtL + uneconomic).toBe(CHANNELS);
});

test('the same seed is the same year', () => {
  expect(run({ name: 'alone', batches: false, waitBlocks: 0 })).toEqual(alone);
});

test('the same channels cost less together, and none is late that was worth its cost in time', () => {
  expect(together.valueSats).toBe(alone.valueSats);
  expect(BigInt(together.feesSats)).toBeLessThan((BigInt(alone.feesSats) * 9n) / 10n);
  expect(together.channelsPerTransaction).toBeGreaterThan(2);
  expect(together.late).toBe(together.lateAfterUneconomic);
});
