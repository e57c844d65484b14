import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { chunkSpan, segmentCount, segmentSpan } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { DatasetFiles } from './dataset-files.ts';
import { BuyerError, interrupted } from './errors.ts';
import { LinkExpired, type RangedGet, TransferFailed } from './ranged-get.ts';
import { type RetryOptions, retry } from './retry.ts';
import type { TransferPool } from './transfer-pool.ts';

export interface ChunkDownload {
  readonly manifest: Manifest;
  readonly files: DatasetFiles;
  /** The purchase's, shared by all chunks that come at the same time. */
  readonly pool: TransferPool;
  /** The dataset's chunk. */
  readonly chunk: number;
  /** A link to it; asked again with `true` when the last one has ended. */
  readonly link: (renew: boolean) => Promise<string>;
  readonly retry: RetryOptions;
  readonly signal?: AbortSignal;
  /** Told of bytes as they arrive, and of bytes found on the disk. */
  readonly onBytes?: (count: number) => void;
}

/** Links asked for one chunk in a row: fewer than a shop gives for an unpaid chunk. */
const MAX_RENEWALS = 4;

/**
 * Brings one chunk to the disk: its segments in parallel, each hashed as it arrives and written where it belongs. Segments
 * that an earlier run left on the disk are hashed there instead of fetched. Returns once all of it is checked and synced.
 * May run for several chunks at the same time, on one pool.
 * @throws BuyerError bad-data where a segment's bytes are wrong twice; nothing was paid for it
 */
export async function downloadChunk(download: ChunkDownload): Promise<void> {
  const { manifest, files, chunk } = download;
  const missing: number[] = [];
  for (let segment = 0; segment < segmentCount(manifest, chunk); segment++) {
    if (download.signal?.aborted) throw interrupted();
    const span = segmentSpan(manifest, chunk, segment);
    if ((await files.hash(span)) === expectedHash(manifest, chunk, segment)) download.onBytes?.(span.length);
    else missing.push(segment);
  }
  if (missing.length > 0) await fetchSegments(download, missing);
  await files.sync(chunkSpan(manifest, chunk));
}

async function fetchSegments(download: ChunkDownload, missing: readonly number[]): Promise<void> {
  const stop = new AbortController();
  const signal = download.signal ? AbortSignal.any([download.signal, stop.signal]) : stop.signal;
  // Each segment listens.
  setMaxListeners(0, signal);
  const link = renewableLink(download.link);
  const transfers = missing.map((segment) => fetchSegment(download, segment, link, signal));
  try {
    await Promise.all(transfers);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(transfers);
    if (download.signal?.aborted) throw interrupted();
    throw error;
  }
}

interface RenewableLink {
  current(): Promise<string>;
  /** Asks for a new link, once for all connections that find the same one ended. */
  renew(ended: string): void;
}

function renewableLink(ask: (renew: boolean) => Promise<string>): RenewableLink {
  let url = ask(false);
  // It is awaited by whoever needs it; until then a failure must not count as nobody's.
  url.catch(() => undefined);
  let last: string | undefined;
  let renewals = 0;
  return {
    async current() {
      last = await url;
      return last;
    },
    renew(ended) {
      if (ended !== last) return;
      renewals += 1;
      last = undefined;
      url =
        renewals > MAX_RENEWALS
          ? Promise.reject(new BuyerError('bad-data', 'The object store refuses one link after another.'))
          : ask(true);
      url.catch(() => undefined);
    },
  };
}

async function fetchSegment(
  download: ChunkDownload,
  segment: number,
  link: RenewableLink,
  signal: AbortSignal,
): Promise<void> {
  const expected = expectedHash(download.manifest, download.chunk, segment);
  // One wrong answer may be a broken proxy or disk on the way; two are the shop's word.
  const first = await fetchOnce(download, segment, link, signal);
  if (first === expected) return;
  const second = await fetchOnce(download, segment, link, signal);
  if (second === expected) return;
  throw new BuyerError(
    'bad-data',
    `Segment ${segment} of chunk ${download.chunk} is not what the manifest says.`,
    {
      next: 'Nothing was paid for this chunk. Tell the seller, or take the rest back with `spillway refund`.',
      evidence: { chunk: download.chunk, segment, expected, found: second },
    },
  );
}

/** @returns the hash of what came, hex */
function fetchOnce(
  { manifest, files, pool, chunk, retry: retries, onBytes }: ChunkDownload,
  segment: number,
  link: RenewableLink,
  signal: AbortSignal,
): Promise<string> {
  const span = segmentSpan(manifest, chunk, segment);
  const { start, length } = chunkSpan(manifest, chunk);
  const transfer = async (get: RangedGet) => {
    const url = await link.current();
    const hash = createHash('sha256');
    const writer = files.writer(span);
    let received = 0;
    try {
      const range = { start: span.start - start, length: span.length };
      await get.get(url, range, length, signal, async (bytes) => {
        hash.update(bytes);
        await writer.write(bytes);
        received += bytes.length;
        onBytes?.(bytes.length);
      });
    } catch (error) {
      // What comes again is not counted twice.
      onBytes?.(-received);
      if (error instanceof LinkExpired) link.renew(url);
      throw error;
    } finally {
      await writer.close();
    }
    return hash.digest('hex');
  };
  const attempt = () => pool.run(span.start, signal, transfer);
  return retry(attempt, retries, signal, isWorthRetrying).catch((error: unknown) => {
    if (!isWorthRetrying(error)) throw error;
    throw new BuyerError('shop-unreachable', 'The object store does not deliver.', {
      next: 'Run the same command again later; what is on the disk is kept.',
      cause: error,
    });
  });
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof TransferFailed || error instanceof LinkExpired;
}

function expectedHash(manifest: Manifest, chunk: number, segment: number): string {
  const hash = manifest.chunks[chunk]?.segments[segment];
  if (hash === undefined) throw new RangeError(`the manifest has no segment ${segment} of chunk ${chunk}`);
  return hash;
}
