import { type Shape, segmentCount } from '../../shared/dataset/layout.ts';
import { chunkKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectInspector, ObjectUploader } from '../../shared/dataset/objects.ts';
import { chunkCount, chunkSizeAt } from '../../shared/protocol/price.ts';
import { inParallel } from './in-parallel.ts';
import type { PublishJournal } from './publish-journal.ts';
import {
  hashChunk,
  type SegmentReader,
  type StoredChunk,
  storedChunkProblem,
  uploadChunk,
} from './upload-chunk.ts';

/** Segments in memory at once: enough to keep a line to S3 busy, 64 MiB at most. */
const SEGMENTS_AT_ONCE = 4;

/** Sizes are bytes. */
export type PublishEvent =
  | { readonly type: 'listed'; readonly files: number; readonly shape: Shape; readonly chunks: number }
  | { readonly type: 'hashing' }
  | { readonly type: 'uploading'; readonly folder: string; readonly resumed: boolean }
  | { readonly type: 'bytes'; readonly done: number; readonly total: number }
  | { readonly type: 'chunk'; readonly chunk: number; readonly chunks: number; readonly reused: boolean };

/** The dataset's bytes, cut. */
export interface ChunkSource {
  readonly shape: Shape;
  readonly read: SegmentReader;
  readonly onProgress: (event: PublishEvent) => void;
}

/** Hashes every segment of every chunk. */
export async function hashChunks(source: ChunkSource): Promise<Uint8Array[][]> {
  const { shape, read } = source;
  const { chunksAtOnce, segmentsAtOnce } = widths(shape);
  const chunks: Uint8Array[][] = [];
  const onSegment = byteCounter(source);
  await inParallel(chunkCount(shape), chunksAtOnce, async (chunk) => {
    chunks[chunk] = await hashChunk({ shape, chunk, read, width: segmentsAtOnce, onSegment });
  });
  return chunks;
}

/** Uploads every chunk that the store does not hold already from an earlier run. */
export async function uploadChunks(
  source: ChunkSource,
  objects: ObjectUploader & ObjectInspector,
  journal: PublishJournal,
): Promise<StoredChunk[]> {
  const { shape, read, onProgress } = source;
  const { chunksAtOnce, segmentsAtOnce } = widths(shape);
  const chunks: StoredChunk[] = [];
  const count = chunkCount(shape);
  const onSegment = byteCounter(source);
  await inParallel(count, chunksAtOnce, async (chunk) => {
    const key = chunkKey(journal.folder, chunk);
    const before = journal.stored.get(chunk);
    const reused = before && !(await storedChunkProblem(objects, shape, chunk, key, before));
    if (reused) {
      chunks[chunk] = before;
      onSegment(chunkSizeAt(shape, chunk));
    } else {
      const onStart = (upload: string) => journal.started(chunk, upload);
      const upload = { objects, shape, chunk, key, read, width: segmentsAtOnce, onStart, onSegment };
      const stored = await uploadChunk(upload);
      await journal.finished(chunk, stored);
      chunks[chunk] = stored;
    }
    onProgress({ type: 'chunk', chunk, chunks: count, reused: reused === true });
  });
  return chunks;
}

/** Chunks side by side only where one has too few segments to keep the line busy. */
function widths(shape: Shape): { chunksAtOnce: number; segmentsAtOnce: number } {
  const chunksAtOnce = Math.max(1, Math.floor(SEGMENTS_AT_ONCE / segmentCount(shape, 0)));
  return { chunksAtOnce, segmentsAtOnce: Math.floor(SEGMENTS_AT_ONCE / chunksAtOnce) };
}

function byteCounter(source: ChunkSource): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    source.onProgress({ type: 'bytes', done, total: source.shape.totalSize });
  };
}
