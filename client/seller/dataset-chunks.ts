import { type Shape, segmentAt, segmentSpan, segmentTotal } from '../../shared/dataset/layout.ts';
import { chunkKey, chunksPrefix } from '../../shared/dataset/object-keys.ts';
import { type ObjectInspector, type ObjectUploader, UploadLost } from '../../shared/dataset/objects.ts';
import { inOrder } from '../../shared/in-order.ts';
import { chunkCount } from '../../shared/protocol/price.ts';
import type { Passage } from './content.ts';
import type { PublishJournal } from './publish-journal.ts';
import { beginChunk, type ChunkUpload, type StoredChunk } from './upload-chunk.ts';

/** Segments in memory at once: enough to keep a line to S3 busy, 64 MiB at most. */
export const SEGMENTS_AT_ONCE = 4;
/** How often a store may lose an upload under our hands before that is no accident. */
const LOSSES_BORNE = 3;

/** Sizes are bytes. */
export type PublishEvent =
  | { readonly type: 'listed'; readonly files: number; readonly shape: Shape; readonly chunks: number }
  | { readonly type: 'hashing' }
  | { readonly type: 'uploading'; readonly folder: string; readonly resumed: boolean }
  /** An earlier upload that is not gone on with, as its source is another by now; its complete chunks stay where they are. */
  | { readonly type: 'abandoned'; readonly folder: string; readonly chunks: number }
  /** A stream cannot be gone on with: its uploads were given up, but for chunks that were complete. */
  | { readonly type: 'given-up'; readonly folder: string; readonly chunks: number }
  /** Of a stream nobody knows the total. */
  | { readonly type: 'bytes'; readonly done: number; readonly total?: number }
  | { readonly type: 'chunk'; readonly chunk: number; readonly chunks: number; readonly reused: boolean };

export type OnProgress = (event: PublishEvent) => void;

/** Hashes every segment of every chunk. */
export async function hashChunks(
  passage: Passage,
  shape: Shape,
  onProgress: OnProgress,
): Promise<Uint8Array[][]> {
  const chunks = Array.from({ length: chunkCount(shape) }, (): Uint8Array[] => []);
  const counted = byteCounter(shape, onProgress);
  await inOrder(segmentTotal(shape), SEGMENTS_AT_ONCE, async (index) => {
    const { chunk, segment } = segmentAt(shape, index);
    const span = segmentSpan(shape, chunk, segment);
    const taken = await passage.take(span);
    return async () => {
      const hash = await taken.hash();
      if (chunks[chunk]) chunks[chunk][segment] = hash;
      counted(span.length);
    };
  });
  return chunks;
}

export interface ChunksUpload {
  readonly objects: ObjectUploader & ObjectInspector;
  readonly passage: Passage;
  readonly journal: PublishJournal;
  readonly shape: Shape;
  readonly onProgress: OnProgress;
}

/**
 * Uploads every segment that the store does not hold already from an earlier run. What the store loses meanwhile is
 * begun again, the rest is not.
 */
export async function uploadChunks(upload: ChunksUpload): Promise<StoredChunk[]> {
  if (upload.journal.resumed) await abortUnknown(upload);
  for (let losses = 0; ; losses++) {
    try {
      return await uploadMissing(upload);
    } catch (error) {
      if (!(error instanceof UploadLost) || losses === LOSSES_BORNE) throw error;
    }
  }
}

/** An upload that was begun an instant before the journal could say so. */
async function abortUnknown({ objects, journal }: ChunksUpload): Promise<void> {
  const known = new Set([...journal.uploads.values()].map(({ upload }) => upload));
  for (const { key, upload } of await objects.listUploads(chunksPrefix(journal.folder))) {
    if (!known.has(upload)) await objects.abortParts(key, upload);
  }
}

async function uploadMissing(upload: ChunksUpload): Promise<StoredChunk[]> {
  const { shape, journal, onProgress } = upload;
  const chunks: StoredChunk[] = [];
  const count = chunkCount(shape);
  const total = segmentTotal(shape);
  const begun = new Map<number, Promise<ChunkUpload>>();
  const counted = byteCounter(shape, onProgress);
  const begin = (chunk: number): Promise<ChunkUpload> => {
    const beginning =
      begun.get(chunk) ?? beginChunk({ ...upload, chunk, key: chunkKey(journal.folder, chunk) });
    begun.set(chunk, beginning);
    return beginning;
  };
  // Segments in one row over the chunks' ends, so that the line does not idle while a chunk is begun or completed.
  await inOrder(total, SEGMENTS_AT_ONCE, async (index) => {
    const { chunk, segment } = segmentAt(shape, index);
    const soon = segmentAt(shape, Math.min(index + SEGMENTS_AT_ONCE, total - 1)).chunk;
    // Its failure is met when its turn comes.
    begin(soon).catch(() => {});
    const { bring, reused } = await begin(chunk);
    const brought = await bring(segment);
    return async () => {
      const stored = await brought();
      counted(segmentSpan(shape, chunk, segment).length);
      if (!stored) return;
      chunks[chunk] = stored;
      onProgress({ type: 'chunk', chunk, chunks: count, reused });
    };
  });
  return chunks;
}

function byteCounter(shape: Shape, onProgress: OnProgress): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress({ type: 'bytes', done, total: shape.totalSize });
  };
}
