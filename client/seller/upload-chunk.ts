import { createHash } from 'node:crypto';
import { chunkSpan, type Shape, segmentCount, segmentSpan } from '../../shared/dataset/layout.ts';
import { chunkRoot } from '../../shared/dataset/manifest.ts';
import type { ObjectInspector, ObjectUploader } from '../../shared/dataset/objects.ts';
import { inParallel } from './in-parallel.ts';
import { PublishRefused } from './publish-error.ts';

export type SegmentReader = (span: { start: number; length: number }) => Promise<Uint8Array>;

/** A chunk that the store holds. */
export interface StoredChunk {
  readonly versionId: string;
  /** SHA-256 of each segment, raw. */
  readonly segments: readonly Uint8Array[];
}

export interface ChunkUpload {
  readonly objects: ObjectUploader & ObjectInspector;
  readonly shape: Shape;
  readonly chunk: number;
  readonly key: string;
  readonly read: SegmentReader;
  /** Segments in memory at once. */
  readonly width: number;
  /** Called as soon as there is something that must be given up if this never ends. */
  onStart(upload: string): Promise<void>;
  onSegment(bytes: number): void;
}

/** Hashes a chunk's segments without keeping them. */
export async function hashChunk(
  upload: Pick<ChunkUpload, 'shape' | 'chunk' | 'read' | 'width' | 'onSegment'>,
): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  await inParallel(segmentCount(upload.shape, upload.chunk), upload.width, async (segment) => {
    const bytes = await upload.read(segmentSpan(upload.shape, upload.chunk, segment));
    hashes[segment] = sha256(bytes);
    upload.onSegment(bytes.length);
  });
  return hashes;
}

/**
 * Uploads a chunk, each segment read once and checked by the store as it arrives, then asks the store what it holds.
 * @throws PublishRefused where the store holds anything else
 */
export async function uploadChunk(upload: ChunkUpload): Promise<StoredChunk> {
  const { objects, shape, chunk, key } = upload;
  const id = await objects.startParts(key);
  const parts: { tag: string; sha256: Uint8Array }[] = [];
  let versionId: string;
  try {
    await upload.onStart(id);
    await inParallel(segmentCount(shape, chunk), upload.width, async (segment) => {
      const bytes = await upload.read(segmentSpan(shape, chunk, segment));
      const hash = sha256(bytes);
      parts[segment] = { tag: await objects.putPart(key, id, segment + 1, bytes, hash), sha256: hash };
      upload.onSegment(bytes.length);
    });
    versionId = await objects.finishParts(key, id, parts, chunkRoot(parts.map((part) => part.sha256)));
  } catch (error) {
    // What went wrong is of more interest than what then went wrong with tidying up.
    await objects.abortParts(key, id).catch(() => {});
    throw error;
  }
  const stored = { versionId, segments: parts.map((part) => part.sha256) };
  const problem = await storedChunkProblem(objects, shape, chunk, key, stored);
  if (problem) throw new PublishRefused(`chunk ${chunk} is not in the store as it was sent: ${problem}`);
  return stored;
}

/** How what the store holds differs from a chunk, by the store's own hashes of it; undefined where it does not. */
export async function storedChunkProblem(
  objects: ObjectInspector,
  shape: Shape,
  chunk: number,
  key: string,
  stored: StoredChunk,
): Promise<string | undefined> {
  const there = await objects.describe(key, stored.versionId);
  if (!there) return 'there is no such object with SHA-256 of its parts';
  const { length } = chunkSpan(shape, chunk);
  if (there.size !== length) return `it has ${there.size} bytes, not ${length}`;
  if (there.parts.length !== stored.segments.length) {
    return `it has ${there.parts.length} parts, not ${stored.segments.length}`;
  }
  for (const [segment, hash] of stored.segments.entries()) {
    const part = there.parts[segment];
    const size = segmentSpan(shape, chunk, segment).length;
    if (part?.size !== size) return `segment ${segment} has ${part?.size} bytes, not ${size}`;
    if (!same(part.sha256, hash)) return `segment ${segment} has another hash`;
  }
  return same(there.composite, chunkRoot(stored.segments)) ? undefined : 'its root is another';
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
