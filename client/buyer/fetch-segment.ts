import { chunkSpan, segmentSpan } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { ChunkDownload } from './download.ts';
import { BuyerError, type Evidence } from './errors.ts';
import type { RenewableLink } from './renewable-link.ts';
import { retry } from './retry.ts';
import type { FetchOutcome } from './transfer/outcome.ts';
import { TransferBroken } from './transfer/transfer-errors.ts';

/** A segment whose bytes were wrong twice. */
export class SegmentWrong extends BuyerError {
  override readonly name = 'SegmentWrong';
}

/** Bytes that a series of tries must bring for another series to follow: a bad line gets there, a dead one ends. */
const WORTH_ANOTHER_SERIES = 64 * 1024;

/**
 * Brings one segment of a chunk to the disk, whatever an earlier run left of it.
 * @throws SegmentWrong; BuyerError bad-data, shop-unreachable, disk; what the link throws
 */
export async function fetchSegment(
  download: ChunkDownload,
  segment: number,
  link: RenewableLink,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, chunk } = download;
  const transfer = segmentTransfer(download, segment, link, signal);
  const expected = expectedHash(manifest, chunk, segment);
  if (download.begun && (await transfer.isThere(expected))) return;
  const first = await transfer.receive();
  if (first.hash === expected) return;
  // One wrong answer may be a broken proxy, memory or disk on the way, or what a power cut left; two are the shop's word.
  transfer.startAgain();
  const second = await transfer.receive();
  if (second.hash === expected) return;
  throw new SegmentWrong('bad-data', `Segment ${segment} of chunk ${chunk} is not what the manifest says.`, {
    next: 'No more is paid to this shop. Tell the seller, or take the rest back with `spillway refund`.',
    evidence: {
      chunk,
      segment,
      expected,
      found: second.hash,
      foundBefore: first.hash,
      ...objectOf(second.url),
    },
  });
}

interface SegmentTransfer {
  /** Looks at what is on the disk: all of it, or what the rest can be added to. */
  isThere(hash: string): Promise<boolean>;
  /** Fetches what is missing. @returns the hash of all of it, hex, and where the last of it came from */
  receive(): Promise<{ readonly hash: string; readonly url: string }>;
  /** What is on the disk counts for nothing; a connection of its own brings it again. */
  startAgain(): void;
}

function segmentTransfer(
  { manifest, files, pool, chunk, retry: retries, onBytes }: ChunkDownload,
  segment: number,
  link: RenewableLink,
  signal: AbortSignal,
): SegmentTransfer {
  const span = segmentSpan(manifest, chunk, segment);
  const { start, length: objectSize } = chunkSpan(manifest, chunk);
  let held = 0;
  let newConnection = false;
  /** Bytes that were told of; what comes again is not counted twice. */
  let counted = 0;
  const count = (bytes: number) => {
    counted += bytes;
    onBytes?.(bytes);
  };
  const hold = (bytes: number) => {
    held = bytes;
    if (counted !== held) count(held - counted);
  };

  const once = async (): Promise<{ outcome: FetchOutcome; url: string }> => {
    // A chunk whose link is still to come takes no connection from others.
    await link.current();
    let url = '';
    const fetch = async () => {
      url = await link.current();
      const place = files.place(span);
      return { url, objectSize, start: span.start - start, length: span.length, held, newConnection, place };
    };
    const outcome = await pool.fetch(span.start, signal, fetch, count);
    if (outcome.kind === 'received') hold(span.length);
    else hold(outcome.held);
    return { outcome, url };
  };
  const attempt = async (): Promise<{ hash: string; url: string }> => {
    for (;;) {
      const { outcome, url } = await once();
      switch (outcome.kind) {
        case 'received':
          link.worked();
          return { hash: outcome.hash, url };
        case 'link-ended':
          link.renew(url);
          break;
        case 'broken':
          throw new TransferBroken(outcome.reason);
        case 'refused':
          throw new BuyerError('bad-data', `The object store ${outcome.reason}.`, {
            next: 'No more is paid until the data come. If a proxy is in the way, try without it.',
          });
      }
    }
  };

  return {
    async isThere(hash) {
      const place = () => files.place(span);
      const found = await pool.look(span.start, signal, place, span.length);
      const whole = found.hash === hash;
      // One that is whole and wrong is fetched anew; of one that is not whole, the rest.
      hold(whole ? span.length : found.length < span.length ? found.length : 0);
      return whole;
    },
    async receive() {
      for (;;) {
        const before = held;
        try {
          return await retry(attempt, retries, signal, (error) => error instanceof TransferBroken);
        } catch (error) {
          if (!(error instanceof TransferBroken)) throw error;
          if (held - before >= WORTH_ANOTHER_SERIES) continue;
          throw new BuyerError('shop-unreachable', `The object store ${error.message}.`, {
            next: 'Run the same command again later; what is on the disk is kept.',
            cause: error,
          });
        }
      }
    },
    startAgain() {
      hold(0);
      newConnection = true;
    },
  };
}

/** Which object a link is to, without what makes it a link. */
function objectOf(url: string): Evidence {
  const { host, pathname, searchParams } = new URL(url);
  const version = searchParams.get('versionId');
  return { host, object: pathname, ...(version !== null && { version }) };
}

function expectedHash(manifest: Manifest, chunk: number, segment: number): string {
  const hash = manifest.chunks[chunk]?.segments[segment];
  if (hash === undefined) throw new RangeError(`the manifest has no segment ${segment} of chunk ${chunk}`);
  return hash;
}
