import { createHash } from 'node:crypto';
import { SEGMENT_BYTES } from '../../shared/limits.ts';
import { inParallel } from './in-parallel.ts';
import type { SegmentReader } from './upload-chunk.ts';

/** Files at once; a file's own hash can only be made from its first byte to its last. */
const FILES_AT_ONCE = 4;

/**
 * SHA-256 of every file, raw, in their order.
 * @param starts as `fileStarts` answers
 */
export async function hashFiles(starts: Float64Array, read: SegmentReader): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  await inParallel(starts.length - 1, FILES_AT_ONCE, async (file) => {
    const hash = createHash('sha256');
    const end = starts[file + 1] ?? 0;
    for (let start = starts[file] ?? 0; start < end; start += SEGMENT_BYTES) {
      hash.update(await read({ start, length: Math.min(SEGMENT_BYTES, end - start) }));
    }
    hashes[file] = new Uint8Array(hash.digest());
  });
  return hashes;
}
