import { parseArgs } from 'node:util';
import { CHANNEL_MODEL } from './simulation/channels.ts';
import { MARKET_MODEL, marketYear } from './simulation/market.ts';
import { type Mode, simulate } from './simulation/run.ts';
import { LATE_BLOCKS, type ModeReport, report, SWEEP_ASSUMPTIONS } from './simulation/tally.ts';

/** npm run simulate -- --channels 1000000 --seed 1 --json */

const MODES: readonly Mode[] = [
  { name: 'alone', batches: false, waitBlocks: 0 },
  { name: 'with what is due', batches: true, waitBlocks: 0 },
  { name: 'waiting up to 36 blocks', batches: true, waitBlocks: 36 },
];

const MAX_CHANNELS = 10_000_000;

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const channels = integer('channels', values.channels, MAX_CHANNELS);
const seed = integer('seed', values.seed, 2 ** 31 - 1);

const started = performance.now();
const year = marketYear(seed, 2 * CHANNEL_MODEL.lifetime);
const reports = MODES.map((mode) => {
  const begun = performance.now();
  const result = report(mode.name, simulate(seed, channels, year, mode), channels, year);
  process.stderr.write(`${mode.name}: ${((performance.now() - begun) / 1_000).toFixed(1)} s\n`);
  return result;
});
if (values.json) {
  const models = { market: MARKET_MODEL, channels: CHANNEL_MODEL, sweep: SWEEP_ASSUMPTIONS };
  process.stdout.write(`${JSON.stringify({ seed, blocks: year.blocksInYear, models, modes: reports })}\n`);
} else process.stdout.write(table(reports));
const peak = Math.round(process.resourceUsage().maxRSS / 1_024);
process.stderr.write(`${((performance.now() - started) / 1_000).toFixed(1)} s, ${peak} MiB at most\n`);

function integer(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > most) {
    process.stderr.write(`--${name} must be an integer from 1 to ${most}\n`);
    process.exit(2);
  }
  return value;
}

function table(modes: readonly ModeReport[]): string {
  const rows: readonly (readonly [string, (mode: ModeReport) => string | number])[] = [
    ['channels', ({ channels: count }) => count],
    ['settled', ({ settled }) => settled],
    [`settled after T_close + ${LATE_BLOCKS}`, ({ late }) => late],
    ['of these, uneconomic until then', ({ lateAfterUneconomic }) => lateAfterUneconomic],
    ['of these, all but dust was not mined in time', ({ lateOfNeed }) => lateOfNeed],
    ['fewest blocks left to L', ({ fewestBlocksLeft }) => fewestBlocksLeft],
    ['signed and not confirmed at L', ({ unconfirmedAtL }) => unconfirmedAtL],
    ['of the value, ppm', ({ unconfirmedAtLPartsPerMillion }) => unconfirmedAtLPartsPerMillion],
    ['of these, all but dust would have been mined', ({ affordableAtL }) => affordableAtL],
    ['the largest such share, sat', ({ largestAffordableAtLSats }) => largestAffordableAtLSats],
    ['never worth its cost', ({ uneconomic }) => uneconomic],
    ['of the value, ppm', ({ uneconomicPartsPerMillion }) => uneconomicPartsPerMillion],
    ['share of value to fees', ({ feesPercent }) => `${feesPercent} %`],
    ['transactions', ({ transactions }) => transactions],
    ['channels a transaction', ({ channelsPerTransaction }) => channelsPerTransaction],
    ['bumps', ({ bumps }) => bumps],
    ['batches split', ({ splits }) => splits],
    ['blocks from due to confirmed, median', ({ medianWaitBlocks }) => medianWaitBlocks],
    ['the same, 99 %', ({ wait99Blocks }) => wait99Blocks],
    ['looks a day', ({ looksPerDay }) => looksPerDay],
    ['most looks with one block', ({ mostLooksInABlock }) => mostLooksInABlock],
    ['table reads a day', ({ tableReadsPerDay }) => tableReadsPerDay],
    ['Lambda seconds a day', ({ lambdaSecondsPerDay }) => lambdaSecondsPerDay],
  ];
  const head = `| | ${modes.map(({ mode }) => mode).join(' | ')} |\n|---|${modes.map(() => '---:|').join('')}\n`;
  return head + rows.map(([label, of]) => `| ${label} | ${modes.map(of).join(' | ')} |\n`).join('');
}
