import { SETTLED_DEPTH } from '../../shared/limits.ts';
import { SETTLEMENT_POLICY } from '../../shared/settlement/settlement-policy.ts';
import { DUE_SHARDS } from '../../shared/store/table.ts';
import type { SimulatedChannel } from './channels.ts';
import type { MarketYear } from './market.ts';

/** A settlement that confirms later than this after T_close counts as late: a quarter of the time to L. */
export const LATE_BLOCKS = 36;

/** What a sweep costs, assumed: measure on a deployment and put the figures here. */
export const SWEEP_ASSUMPTIONS = {
  runsPerDay: 1_440,
  /** A strongly consistent read of the item for each look; the index is queried once a shard and run. */
  readsPerLook: 1,
  queriesPerRun: DUE_SHARDS,
  /** Looks at a young funding, one a block (it may be reorged out), and one when it is claimed. */
  fundingLooks: SETTLED_DEPTH + 1,
  /** Seconds of Lambda: a run with nothing due (tip, index), and one look (read, chain call, conditional write). */
  secondsPerRun: 0.25,
  secondsPerLook: 0.03,
} as const;

/** Everything counted in one run. Money is satoshis; heights and waits are blocks. */
export interface Tally {
  settled: number;
  value: bigint;
  settledValue: bigint;
  fees: bigint;
  transactions: number;
  bumps: number;
  splits: number;
  /** Confirmed after T_close + `LATE_BLOCKS`. */
  late: number;
  /** Of these: because it was uneconomic before; because no block in time mined even all that it had. */
  lateKept: number;
  lateOfNeed: number;
  /** Signed, and not confirmed at L: what a buyer that refunds at once would take. */
  unconfirmed: number;
  unconfirmedValue: bigint;
  /** Of these: all but dust would have been mined by some block before L. */
  affordableLost: number;
  largestAffordableLost: bigint;
  /** Never worth a settlement before L. */
  uneconomic: number;
  uneconomicValue: bigint;
  fewestBlocksLeft: number;
  looks: number;
  mostLooks: number;
  /** By blocks from due to confirmed. */
  waits: Uint32Array;
}

export function newTally(): Tally {
  return {
    settled: 0,
    value: 0n,
    settledValue: 0n,
    fees: 0n,
    transactions: 0,
    bumps: 0,
    splits: 0,
    late: 0,
    lateKept: 0,
    lateOfNeed: 0,
    unconfirmed: 0,
    unconfirmedValue: 0n,
    affordableLost: 0,
    largestAffordableLost: 0n,
    uneconomic: 0,
    uneconomicValue: 0n,
    fewestBlocksLeft: Number.MAX_SAFE_INTEGER,
    looks: 0,
    mostLooks: 0,
    waits: new Uint32Array(4_096),
  };
}

/** The last height at which a settlement is not late. */
export function onTimeUntil({ refundHeight }: SimulatedChannel): number {
  return refundHeight - SETTLEMENT_POLICY.close + LATE_BLOCKS;
}

export function countSettled(
  tally: Tally,
  channel: SimulatedChannel,
  height: number,
  lateness: { readonly wasKept: boolean; couldBeInTime(): boolean },
): void {
  const { refundHeight, share, dueAt } = channel;
  tally.settled += 1;
  tally.settledValue += share;
  tally.fewestBlocksLeft = Math.min(tally.fewestBlocksLeft, refundHeight - height);
  const wait = Math.min(height - dueAt, tally.waits.length - 1);
  tally.waits[wait] = (tally.waits[wait] ?? 0) + 1;
  if (height <= onTimeUntil(channel)) return;
  tally.late += 1;
  if (lateness.wasKept) tally.lateKept += 1;
  else if (!lateness.couldBeInTime()) tally.lateOfNeed += 1;
}

/** Signed, and not confirmed when A may take the funding back. */
export function countLost(tally: Tally, { share }: SimulatedChannel, couldHaveConfirmed: boolean): void {
  tally.unconfirmed += 1;
  tally.unconfirmedValue += share;
  if (!couldHaveConfirmed) return;
  tally.affordableLost += 1;
  if (share > tally.largestAffordableLost) tally.largestAffordableLost = share;
}

export interface ModeReport {
  readonly mode: string;
  readonly channels: number;
  readonly settled: number;
  readonly transactions: number;
  readonly channelsPerTransaction: number;
  readonly bumps: number;
  readonly splits: number;
  readonly late: number;
  readonly lateAfterUneconomic: number;
  readonly lateOfNeed: number;
  readonly fewestBlocksLeft: number;
  readonly unconfirmedAtL: number;
  readonly unconfirmedAtLPartsPerMillion: number;
  readonly affordableAtL: number;
  readonly largestAffordableAtLSats: string;
  readonly uneconomic: number;
  readonly uneconomicPartsPerMillion: number;
  readonly feesSats: string;
  readonly valueSats: string;
  readonly feesPercent: number;
  readonly medianWaitBlocks: number;
  readonly wait99Blocks: number;
  readonly looksPerDay: number;
  readonly mostLooksInABlock: number;
  readonly tableReadsPerDay: number;
  readonly lambdaSecondsPerDay: number;
}

/** @param channels how many there were */
export function report(
  mode: string,
  tally: Tally,
  channels: number,
  { blocksInYear }: MarketYear,
): ModeReport {
  const { runsPerDay, readsPerLook, queriesPerRun, fundingLooks, secondsPerRun, secondsPerLook } =
    SWEEP_ASSUMPTIONS;
  const days = 365;
  const looksPerDay = (tally.looks + fundingLooks * channels) / days;
  const partsPerMillion = (value: bigint): number =>
    Number((value * 1_000_000n) / greatestOf(tally.value, 1n));
  return {
    mode,
    channels,
    settled: tally.settled,
    transactions: tally.transactions,
    channelsPerTransaction: rounded(tally.settled / Math.max(1, tally.transactions)),
    bumps: tally.bumps,
    splits: tally.splits,
    late: tally.late,
    lateAfterUneconomic: tally.lateKept,
    lateOfNeed: tally.lateOfNeed,
    fewestBlocksLeft: tally.fewestBlocksLeft,
    unconfirmedAtL: tally.unconfirmed,
    unconfirmedAtLPartsPerMillion: partsPerMillion(tally.unconfirmedValue),
    affordableAtL: tally.affordableLost,
    largestAffordableAtLSats: `${tally.largestAffordableLost}`,
    uneconomic: tally.uneconomic,
    uneconomicPartsPerMillion: partsPerMillion(tally.uneconomicValue),
    feesSats: `${tally.fees}`,
    valueSats: `${tally.value}`,
    feesPercent: rounded(Number((tally.fees * 1_000_000n) / greatestOf(tally.settledValue, 1n)) / 10_000),
    medianWaitBlocks: quantile(tally.waits, 0.5),
    wait99Blocks: quantile(tally.waits, 0.99),
    looksPerDay: Math.round(looksPerDay),
    mostLooksInABlock: tally.mostLooks + Math.round((fundingLooks * channels) / blocksInYear),
    tableReadsPerDay: Math.round(runsPerDay * queriesPerRun + looksPerDay * readsPerLook),
    lambdaSecondsPerDay: Math.round(runsPerDay * secondsPerRun + looksPerDay * secondsPerLook),
  };
}

function quantile(counts: Uint32Array, part: number): number {
  const all = counts.reduce((total, count) => total + count, 0);
  let seen = 0;
  return counts.findIndex((count) => {
    seen += count;
    return seen >= all * part;
  });
}

function greatestOf(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
