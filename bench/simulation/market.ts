import type { Market } from '../../shared/settlement/fee-curve.ts';
import { random } from './random.ts';

/**
 * A year of blocks and of what they ask. Blocks are a Poisson process of one in ten minutes. A block's clearing rate, the
 * least that is mined in it, is a log-normal process that returns to its median, times the spikes that are under way, times
 * a block's own noise. What is known at a tip lags behind: the estimate is what would have been enough for ten of the last
 * twelve blocks, the mempool's floor half of the cheapest block of the last 36.
 */
export const MARKET_MODEL = {
  blockSeconds: 600,
  /** sat/vB */
  medianRate: 4,
  /** Of the logarithm; two thirds of the time within a factor of two of the median. */
  deviation: 0.7,
  halfLifeBlocks: 144,
  blockNoise: 0.2,
  spikesPerYear: 14,
  /** By how much a spike multiplies, and how long it takes to halve: medians and deviations of the logarithm. */
  spikeFactor: { median: 12, deviation: 0.8, most: 100 },
  spikeHalfLife: { median: 60, deviation: 0.9, most: 1_000 },
  /** sat/vB: what nodes relay, and what no model year exceeds. */
  leastRate: 1,
  mostRate: 2_000,
} as const;

const YEAR_SECONDS = 365 * 86_400;
/** Blocks before the year, for its first estimate. */
const WARM_UP = 36;
/** The twelve last blocks in ascending order: ten of them ask no more than this one. */
const ESTIMATE_WINDOW = 12;
const ESTIMATE_INDEX = 9;
const FLOOR_WINDOW = 36;

export interface MarketYear {
  /** Blocks that belong to the year; those after it let the last channels settle. */
  readonly blocksInYear: number;
  readonly blocks: number;
  /** sat/vB by block. */
  readonly clearingRates: Float64Array;
  /** What a sweep is told when the block is the tip. */
  at(block: number): Market;
}

/** @param blocksAfter how many blocks go on after the year */
export function marketYear(seed: number, blocksAfter: number): MarketYear {
  const intervals = blockIntervals(seed);
  const blocks = intervals.length + blocksAfter;
  const all = clearingRates(seed, blocks + WARM_UP);
  const known: Market[] = [];
  const satPerKilo = (rate: number): bigint => BigInt(Math.ceil(rate * 1_000));
  return {
    blocksInYear: intervals.length,
    blocks,
    clearingRates: all.subarray(WARM_UP),
    at(block) {
      const before = known[block];
      if (before) return before;
      const end = block + WARM_UP + 1;
      const recent = all.slice(end - ESTIMATE_WINDOW, end).sort();
      const cheapest = Math.min(...all.subarray(end - FLOOR_WINDOW, end));
      const market = {
        estimate: satPerKilo(recent[ESTIMATE_INDEX] ?? MARKET_MODEL.leastRate),
        floor: satPerKilo(Math.max(MARKET_MODEL.leastRate, cheapest / 2)),
      };
      known[block] = market;
      return market;
    },
  };
}

function blockIntervals(seed: number): readonly number[] {
  const draw = random(seed, 1);
  const intervals: number[] = [];
  for (let time = 0; ; ) {
    const interval = draw.exponential(MARKET_MODEL.blockSeconds);
    time += interval;
    if (time >= YEAR_SECONDS) return intervals;
    intervals.push(interval);
  }
}

function clearingRates(seed: number, blocks: number): Float64Array {
  const { medianRate, deviation, halfLifeBlocks, blockNoise, leastRate, mostRate, spikesPerYear } =
    MARKET_MODEL;
  const [drift, noise, spikes] = [random(seed, 2), random(seed, 3), random(seed, 4)];
  const kept = 0.5 ** (1 / halfLifeBlocks);
  const step = deviation * Math.sqrt(1 - kept * kept);
  const spikeChance = (spikesPerYear * MARKET_MODEL.blockSeconds) / YEAR_SECONDS;
  let level = deviation * drift.normal();
  let raging: { factor: number; readonly decay: number }[] = [];
  return Float64Array.from({ length: blocks }, () => {
    level = kept * level + step * drift.normal();
    if (spikes.uniform() < spikeChance) raging.push(newSpike(spikes));
    raging = raging.filter((spike) => spike.factor > 0.05);
    let factor = 1;
    for (const spike of raging) {
      factor += spike.factor;
      spike.factor *= spike.decay;
    }
    const rate = medianRate * Math.exp(level) * factor * Math.exp(blockNoise * noise.normal());
    return Math.min(mostRate, Math.max(leastRate, rate));
  });
}

function newSpike(draw: ReturnType<typeof random>): { factor: number; readonly decay: number } {
  const { spikeFactor, spikeHalfLife } = MARKET_MODEL;
  const factor = Math.min(spikeFactor.most, draw.logNormal(spikeFactor.median, spikeFactor.deviation));
  const halfLife = Math.min(
    spikeHalfLife.most,
    draw.logNormal(spikeHalfLife.median, spikeHalfLife.deviation),
  );
  return { factor, decay: 0.5 ** (1 / halfLife) };
}
