import fc from 'fast-check';
import { costOfChannel, priceOfRun, runsToBuy, selectFiles } from '../../../client/buyer/selection.ts';
import { describeData, patternBytes } from '../../support/buyer-world.ts';

const MIB = 1024 * 1024;
const FILES = [
  { path: 'a/one', size: 3 * MIB },
  { path: 'a/two', size: 4 * MIB },
  { path: 'a2', size: 9 * MIB },
  { path: 'empty', size: 0 },
  { path: 'größe/z', size: 5 * MIB },
];
/** Five chunks, the last one of 1 MiB. */
const manifest = describeData(patternBytes(21 * MIB), FILES, 5 * MIB);
const chosen = (...only: string[]) => {
  const { chunks, files, isWanted } = selectFiles(manifest, only);
  return { chunks, files, paths: FILES.filter((_, file) => isWanted(file)).map(({ path }) => path) };
};

test('a file is chosen by its path, a folder by its, in any form of Unicode', () => {
  expect(chosen('a/two')).toEqual({ chunks: [0, 1], files: 1, paths: ['a/two'] });
  expect(chosen('./a/')).toEqual({ chunks: [0, 1], files: 2, paths: ['a/one', 'a/two'] });
  expect(chosen('gro\u0308ße', 'a/one')).toEqual({
    chunks: [0, 3, 4],
    files: 2,
    paths: ['a/one', 'größe/z'],
  });
  expect(chosen('empty')).toEqual({ chunks: [], files: 1, paths: ['empty'] });
  expect(selectFiles(manifest, undefined)).toMatchObject({
    isWhole: true,
    files: 5,
    chunks: [0, 1, 2, 3, 4],
  });
});

test('a file that ends with a chunk does not take the next one along', () => {
  const files = [
    { path: 'first', size: 5 * MIB },
    { path: 'none', size: 0 },
    { path: 'second', size: 5 * MIB },
  ];
  const whole = describeData(patternBytes(10 * MIB), files, 5 * MIB);
  const chunksOf = (path: string) => selectFiles(whole, [path]).chunks;
  expect(['first', 'none', 'second'].map(chunksOf)).toEqual([[0], [], [1]]);
});

test.each(['b', 'a/t', 'A/one', '', '..', '/a/one', 'a2/x'])('%j is not in the dataset', (path) => {
  expect(() => chosen('a/one', path)).toThrow(`The dataset has no file or folder ${JSON.stringify(path)}.`);
});

const wish = {
  shape: manifest,
  pricePerChunk: 5_000n,
  isPaid: (_: number) => false,
  channelCost: 0n,
  minimumFirstPrice: 1_000n,
};

test('chunks between two runs are bought along where that costs no more than a channel', () => {
  const chunks = [0, 2, 4];
  const runs = [
    { first: 0, end: 1 },
    { first: 2, end: 3 },
    { first: 4, end: 5 },
  ];
  expect(runsToBuy({ ...wish, chunks, channelCost: 4_999n })).toEqual(runs);
  expect(runsToBuy({ ...wish, chunks, channelCost: 5_000n })).toEqual([{ first: 0, end: 5 }]);
  expect(runsToBuy({ ...wish, chunks, channelCost: 5_000n, isPaid: (chunk) => chunk === 1 })).toEqual([
    { first: 0, end: 1 },
    { first: 2, end: 5 },
  ]);
});

test('a last chunk too cheap for the shop takes the one before along', () => {
  const dear = { ...wish, minimumFirstPrice: 2_000n };
  expect(runsToBuy({ ...dear, chunks: [4] })).toEqual([{ first: 3, end: 5 }]);
  expect(runsToBuy({ ...dear, chunks: [2, 4] })).toEqual([{ first: 2, end: 5 }]);
  expect(runsToBuy({ ...dear, chunks: [4], isPaid: (chunk) => chunk === 3 })).toEqual([{ first: 4, end: 5 }]);
  expect(runsToBuy({ ...wish, minimumFirstPrice: 5_001n, chunks: [0] })).toEqual([{ first: 0, end: 1 }]);
});

test('a channel costs its funding and its settlement', () => {
  expect([1_000n, 25_500n, 25_501n].map(costOfChannel)).toEqual([322n, 8_211n, 8_212n]);
});

test('whatever is wanted and paid: all of it is bought, nothing twice, and no cheaper way by fewer channels is left', () => {
  const shape = { totalSize: 40 * 5 * MIB, chunkSize: 5 * MIB };
  const some = fc.uniqueArray(fc.nat(39), { maxLength: 20 });
  const money = fc.bigInt({ min: 0n, max: 40_000n });
  fc.assert(
    fc.property(some, some, money, (wanted, paid, channelCost) => {
      const chunks = [...wanted].sort((a, b) => a - b);
      const isPaid = (chunk: number) => paid.includes(chunk);
      const runs = runsToBuy({ ...wish, shape, chunks, isPaid, channelCost });
      const bought = runs.flatMap(({ first, end }) =>
        Array.from({ length: end - first }, (_, at) => first + at),
      );
      expect(bought).toEqual([...new Set(bought)].sort((a, b) => a - b));
      expect(bought.filter(isPaid)).toEqual([]);
      expect(chunks.filter((chunk) => !isPaid(chunk) && !bought.includes(chunk))).toEqual([]);
      for (const [index, { end }] of runs.entries()) {
        const next = runs[index + 1];
        if (!next) continue;
        const gap = { first: end, end: next.first };
        const open = Array.from({ length: gap.end - gap.first }, (_, at) => gap.first + at).every(
          (each) => !isPaid(each),
        );
        if (open) expect(priceOfRun({ shape, pricePerChunk: 5_000n }, gap)).toBeGreaterThan(channelCost);
      }
    }),
  );
});
