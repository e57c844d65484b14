import { segmentCount, segmentSpan } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { backgroundSync } from './background-sync.ts';
import type { DatasetFiles } from './dataset-files.ts';
import { interrupted } from './errors.ts';
import { fetchSegment } from './fetch-segment.ts';
import { renewableLink } from './renewable-link.ts';
import type { RetryOptions } from './retry.ts';
import type { TransferPool } from './transfer/transfer-pool.ts';

export interface ChunkDownload {
  readonly manifest: Manifest;
  readonly files: DatasetFiles;
  /** The purchase's, shared by all chunks that come at the same time. */
  readonly pool: TransferPool;
  /** The dataset's chunk. */
  readonly chunk: number;
  /** True where an earlier run may have left some of it on the disk. */
  readonly begun: boolean;
  /** Segments that an earlier run synced: they are on the disk for good, and not looked at again. */
  readonly synced?: ReadonlySet<number>;
  /** A link to it; asked again with `true` when the last one has ended. */
  readonly link: (renew: boolean) => Promise<string>;
  readonly retry: RetryOptions;
  readonly signal?: AbortSignal;
  /** Told of bytes as they arrive, and of bytes found on the disk. */
  readonly onBytes?: (count: number) => void;
  /** Told of segments that are on the disk for good, while more of the chunk is to come. */
  readonly onSynced?: (segments: readonly number[]) => Promise<void>;
}

/** Bytes that the journal is told of together, and at most hashed again after a kill. */
const TELL_EVERY = 128 * 1024 * 1024;

/**
 * Brings one chunk to the disk: its segments in parallel, each hashed as it arrives and written where it belongs. Segments
 * that an earlier run left on the disk are hashed there instead of fetched, and one that it left half goes on from there.
 * Returns once all of it is checked and synced. May run for several chunks at the same time, on one pool.
 * @throws SegmentWrong where a segment's bytes are wrong twice; nothing was paid for it
 */
export async function downloadChunk(download: ChunkDownload): Promise<void> {
  const { manifest, files, chunk, synced, onSynced = async () => undefined } = download;
  const spanOf = (segment: number) => segmentSpan(manifest, chunk, segment);
  const stop = new AbortController();
  const signal = download.signal ? AbortSignal.any([download.signal, stop.signal]) : stop.signal;
  // Each segment listens; only Node counts and complains.
  globalThis.process?.getBuiltinModule?.('node:events').setMaxListeners(0, signal);
  const link = renewableLink(download.link);
  const steps = { sync: (some: readonly number[]) => files.sync(some.map(spanOf)), onSynced };
  const sync = backgroundSync(steps, TELL_EVERY);
  const segments = Array.from({ length: segmentCount(manifest, chunk) }, async (_, segment) => {
    const { length } = spanOf(segment);
    if (synced?.has(segment)) return download.onBytes?.(length);
    await fetchSegment(download, segment, link, signal);
    sync.add(segment, length);
  });
  try {
    await Promise.all(segments);
  } catch (error) {
    stop.abort();
    await Promise.allSettled([...segments, sync.end()]);
    if (download.signal?.aborted) throw interrupted();
    throw error;
  }
  await sync.end();
}
