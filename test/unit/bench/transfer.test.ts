import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contestant, Run } from '../../../bench/transfer/contest.ts';
import { datasetBytes, writeChunks, writeDataset } from '../../../bench/transfer/data.ts';
import { memoryOverTime } from '../../../bench/transfer/memory-over-time.ts';
import { readOptions } from '../../../bench/transfer/options.ts';
import { rowOf, standing } from '../../../bench/transfer/report.ts';

const MIB = 2 ** 20;

const contestant = (tool: string, verified: boolean): Contestant => ({
  tool,
  verified,
  needs: [],
  run: () => Promise.reject(new Error('nothing runs here')),
});
const run = (seconds: number, cpuSeconds = 1): Run => ({
  seconds: seconds + 0.5,
  transferSeconds: seconds,
  cpuSeconds,
  peakBytes: 50e6,
  stdout: '',
});

test('the chunks that nginx serves, laid end to end, are the file that is published', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-bench-data-'));
  try {
    const length = 19 * MIB + 5;
    await writeDataset(join(folder, 'whole'), length);
    await writeChunks((chunk) => join(folder, `${chunk}`), length, 5 * MIB);
    const chunks = await Promise.all([0, 1, 2, 3].map((chunk) => readFile(join(folder, `${chunk}`))));
    expect(chunks.map((bytes) => bytes.length)).toEqual([5 * MIB, 5 * MIB, 5 * MIB, 4 * MIB + 5]);
    const whole = await readFile(join(folder, 'whole'));
    expect(Buffer.concat(chunks).equals(whole)).toBe(true);
    expect(Buffer.concat([...datasetBytes(length)]).equals(whole)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a tool stands for its median run, and we for our ratio to the fastest', () => {
  const row = (tool: string, verified: boolean, runs: readonly Run[]) =>
    rowOf('plain', contestant(tool, verified), runs, 1e9);
  const ours = row('ours', true, [run(2), run(100), run(1)]);
  expect(ours).toMatchObject({ mbps: 500, commandMbps: 400, cpuSeconds: 1, peakMb: 50 });
  const peers = [row('fast', false, [run(0.5), run(1.5)]), row('checks', true, [run(4)])];
  expect(peers.map(({ mbps }) => mbps)).toEqual([1000, 250]);
  const floors = [row('processor', true, [run(1, 0.8)]), row('disk', false, [run(1)])];
  expect(standing(ours, peers, floors)).toEqual({
    toBest: 0.5,
    toBestVerified: 2,
    cpuToFloor: 1.25,
    toDisk: 0.5,
  });
  expect(standing(ours, [], [])).toEqual({});
});

test('memory over time: what grows shows in the quarters', () => {
  const samples = [0, ...Array.from({ length: 8 }, (_, index) => (index + 1) * 10e6), 0];
  expect(memoryOverTime(samples)).toEqual({
    minimum: 10,
    median: 50,
    maximum: 80,
    quarters: [20, 40, 60, 80],
  });
});

test('options of a benchmark that mean nothing are refused', () => {
  expect(readOptions(['--only', 'tls', '--bytes', '1GiB', '--runs', '3', '--json'])).toEqual({
    bytes: 2 ** 30,
    runs: 3,
    modes: ['tls'],
    json: true,
  });
  expect(() => readOptions(['--only', 'ftp'])).toThrow('--only is one of plain, tls, publish');
  expect(() => readOptions(['--bytes', '1MiB'])).toThrow('--bytes is a size from 64MiB to 64GiB, not 1MiB');
  expect(() => readOptions(['--runs', '0'])).toThrow('--runs is a number from 1 to 99, not 0');
});
