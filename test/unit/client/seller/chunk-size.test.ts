import { chunkSizeProblem, suitableChunkSize } from '../../../../client/seller/chunk-size.ts';
import { MAX_DATASET_BYTES } from '../../../../shared/limits.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

test.each([
  [1, 1],
  [5 * MIB - 1, 5 * MIB - 1],
  [5 * MIB, 5 * MIB],
  [79 * MIB, 5 * MIB],
  [95 * MIB, 5 * MIB],
  [129 * MIB, 8 * MIB],
  [256 * MIB, 16 * MIB],
  [500 * MIB, 16 * MIB],
  [10 * GIB, 640 * MIB],
  [16 * GIB, GIB],
  [1024 * GIB, GIB],
  [150_000 * GIB, 1.5 * GIB],
  [MAX_DATASET_BYTES, 5 * GIB],
])('%d bytes are cut into chunks of %d', (totalSize, chunkSize) => {
  expect(suitableChunkSize(totalSize)).toBe(chunkSize);
  expect(chunkSizeProblem(chunkSize, totalSize)).toBeUndefined();
});

test('there are 16 chunks wherever 5 MiB each allow it', () => {
  for (let mebibytes = 80; mebibytes < 3_000; mebibytes += 7) {
    const totalSize = mebibytes * MIB + 3;
    expect(Math.ceil(totalSize / suitableChunkSize(totalSize))).toBeGreaterThanOrEqual(16);
  }
});

test.each([
  [5 * MIB - 1, 10 * MIB, 'chunks are from 5 MiB to 5 GiB'],
  [5 * GIB + 1, 10 * GIB, 'chunks are from 5 MiB to 5 GiB'],
  [5.5, 10 * GIB, 'chunks are from 5 MiB to 5 GiB'],
  [20 * MIB, GIB, 'chunks of more than 16 MiB are a multiple of 16 MiB'],
  [5 * MIB, 1024 * GIB, 'a dataset has at most 100000 chunks'],
])('chunks of %d of %d bytes: %s', (chunkSize, totalSize, problem) => {
  expect(chunkSizeProblem(chunkSize, totalSize)).toBe(problem);
});
