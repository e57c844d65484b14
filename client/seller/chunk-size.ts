import { isChunkSize } from '../../shared/dataset/manifest.ts';
import { MAX_DATASET_CHUNKS, MIN_CHUNK_BYTES, SEGMENT_BYTES } from '../../shared/limits.ts';

const MEBIBYTE = 1024 * 1024;
/** One gigabyte a payment, as the product says. */
const LARGEST_DEFAULT = 1024 * MEBIBYTE;
/** Fewer chunks would make the one that is delivered before its payment too large a share of the dataset. */
const CHUNKS_WANTED = 16;

/**
 * The chunk size that suits a dataset, bytes: 1 GiB, or less where that gives fewer than 16 chunks, or more where it would
 * give more chunks than a dataset may have; whole segments from 16 MiB on.
 */
export function suitableChunkSize(totalSize: number): number {
  if (totalSize < MIN_CHUNK_BYTES) return totalSize;
  const wanted = Math.min(LARGEST_DEFAULT, Math.floor(totalSize / CHUNKS_WANTED));
  if (wanted < SEGMENT_BYTES) return Math.max(MIN_CHUNK_BYTES, roundDown(wanted, MEBIBYTE));
  const least = Math.ceil(totalSize / MAX_DATASET_CHUNKS / SEGMENT_BYTES) * SEGMENT_BYTES;
  return Math.max(roundDown(wanted, SEGMENT_BYTES), least);
}

/** What is wrong with a chunk size that a seller asks for, or undefined. */
export function chunkSizeProblem(chunkSize: number, totalSize: number): string | undefined {
  if (!isChunkSize(chunkSize, totalSize)) return 'chunks are from 5 MiB to 5 GiB';
  if (chunkSize > SEGMENT_BYTES && chunkSize % SEGMENT_BYTES !== 0) {
    return 'chunks of more than 16 MiB are a multiple of 16 MiB';
  }
  if (Math.ceil(totalSize / chunkSize) > MAX_DATASET_CHUNKS) {
    return `a dataset has at most ${MAX_DATASET_CHUNKS} chunks`;
  }
  return undefined;
}

function roundDown(size: number, unit: number): number {
  return Math.floor(size / unit) * unit;
}
