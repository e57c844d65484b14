import { chunkSpan, type Shape, segmentCount, segmentSpan } from '../../shared/dataset/layout.ts';
import { chunkRoot } from '../../shared/dataset/manifest.ts';
import type { ObjectInspector, ObjectUploader, StoredPart } from '../../shared/dataset/objects.ts';
import type { Passage } from './content.ts';
import { PublishRefused } from './publish-error.ts';
import type { PublishJournal } from './publish-journal.ts';
import { sameBytes } from './send-part.ts';

/** A chunk that the store holds. */
export interface StoredChunk {
  readonly versionId: string;
  /** SHA-256 of each segment, raw. */
  readonly segments: readonly Uint8Array[];
}

export interface ChunkTask {
  readonly objects: ObjectUploader & ObjectInspector;
  readonly passage: Passage;
  readonly journal: PublishJournal;
  readonly shape: Shape;
  readonly chunk: number;
  readonly key: string;
}

/** One chunk on its way into the store. */
export interface ChunkUpload {
  /** Whether an earlier run had brought all of it into the store. */
  readonly reused: boolean;
  /**
   * Has a segment brought into the store. Segments are asked for in their order, what is answered may be done at once.
   * @returns what then answers the chunk, once this was the last segment that it lacked
   */
  bring(segment: number): Promise<() => Promise<StoredChunk | undefined>>;
}

type Listed = ReadonlyMap<number, StoredPart & { readonly size: number }>;

/**
 * Begins a chunk's upload, or goes on with the one that an earlier run began. A part is not sent again where the journal
 * has the hash that was sent and the store lists the same.
 * @throws UploadLost, PublishRefused where the store holds anything else than was sent
 */
export async function beginChunk(task: ChunkTask): Promise<ChunkUpload> {
  const { passage, journal, shape, chunk, key } = task;
  const before = await storedBefore(task);
  let left = segmentCount(shape, chunk);
  if (before) {
    return {
      reused: true,
      async bring(segment) {
        await passage.pass(segmentSpan(shape, chunk, segment));
        return async () => (--left === 0 ? before : undefined);
      },
    };
  }
  const { upload, listed } = await openUpload(task);
  const acknowledged = journal.uploads.get(chunk)?.parts ?? new Map<number, StoredPart>();
  const parts: StoredPart[] = [];
  const keep = async (segment: number, part: StoredPart) => {
    parts[segment] = part;
    return --left === 0 ? finish(task, upload, parts) : undefined;
  };
  return {
    reused: false,
    async bring(segment) {
      const span = segmentSpan(shape, chunk, segment);
      const target = { key, upload, number: segment + 1 };
      const listedPart = listed.get(target.number);
      const there = listedPart?.size === span.length ? listedPart : undefined;
      const sent = acknowledged.get(segment);
      if (there && sent && sameBytes(there.sha256, sent.sha256)) {
        await passage.pass(span);
        return () => keep(segment, there);
      }
      const taken = await passage.take(span);
      return async () => {
        const part = await taken.send(target, there);
        await journal.sent(chunk, segment, part);
        return keep(segment, part);
      };
    },
  };
}

async function finish(task: ChunkTask, upload: string, parts: readonly StoredPart[]): Promise<StoredChunk> {
  const { journal, chunk } = task;
  const stored = await completeChunk(task, upload, parts);
  await journal.finished(chunk, stored);
  return stored;
}

/**
 * Makes the parts one object, then asks the store what it holds.
 * @throws UploadLost, PublishRefused where it holds anything else
 */
export async function completeChunk(
  { objects, shape, chunk, key }: Pick<ChunkTask, 'objects' | 'shape' | 'chunk' | 'key'>,
  upload: string,
  parts: readonly StoredPart[],
): Promise<StoredChunk> {
  const segments = parts.map((part) => part.sha256);
  const versionId = await objects.finishParts(key, upload, parts, chunkRoot(segments));
  const stored = { versionId, segments };
  const problem = await storedChunkProblem(objects, shape, chunk, key, stored);
  if (problem) throw new PublishRefused(`chunk ${chunk} is not in the store as it was sent: ${problem}`);
  return stored;
}

/** The chunk, if an earlier run had completed it and the store still holds it. */
async function storedBefore(task: ChunkTask): Promise<StoredChunk | undefined> {
  const { objects, journal, shape, chunk, key } = task;
  const stored = journal.stored.get(chunk) ?? (await completedUnrecorded(task));
  if (!stored || (await storedChunkProblem(objects, shape, chunk, key, stored))) return undefined;
  if (!journal.stored.has(chunk)) await journal.finished(chunk, stored);
  return stored;
}

/** A run that ended between an upload's completion and its record leaves an object of which the parts' hashes are known. */
async function completedUnrecorded({
  objects,
  journal,
  shape,
  chunk,
  key,
}: ChunkTask): Promise<StoredChunk | undefined> {
  const parts = journal.uploads.get(chunk)?.parts;
  const count = segmentCount(shape, chunk);
  if (parts?.size !== count) return undefined;
  const versionId = await objects.latestVersion(key);
  if (versionId === undefined) return undefined;
  const hashes = Array.from({ length: count }, (_, segment) => parts.get(segment)?.sha256);
  const segments = hashes.filter((hash) => hash !== undefined);
  return segments.length === count ? { versionId, segments } : undefined;
}

async function openUpload({
  objects,
  journal,
  chunk,
  key,
}: ChunkTask): Promise<{ readonly upload: string; readonly listed: Listed }> {
  const begun = journal.uploads.get(chunk);
  const listed = begun && (await objects.listParts(key, begun.upload));
  if (listed) return { upload: begun.upload, listed };
  const upload = await objects.startParts(key);
  await journal.started(chunk, upload);
  return { upload, listed: new Map() };
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
    if (!sameBytes(part.sha256, hash)) return `segment ${segment} has another hash`;
  }
  return sameBytes(there.composite, chunkRoot(stored.segments)) ? undefined : 'its root is another';
}
