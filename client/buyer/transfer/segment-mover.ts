import { createHash } from 'node:crypto';
import { PAGE_BYTES } from './aligned-memory.ts';
import type { Take } from './block-buffer.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from './outcome.ts';
import type { ProxyEnvironment } from './proxy.ts';
import { rateLimit, type SharedRate } from './rate-limit.ts';
import { readSegment, segmentWriter } from './segment-files.ts';
import { AnswerRefused, ConnectionLost, LinkEnded, RangeIgnored, TransferBroken } from './transfer-errors.ts';

/** Moves whole segments from the socket to the disk: what arrives is hashed and written before more is read. */
export interface SegmentMover {
  /** Looks at what the disk holds of a segment of so many bytes. */
  look(place: SegmentPlace, length: number): Held;
  /**
   * @param onBytes told of bytes as they are written
   * @throws BuyerError usage or disk, or the system's error, where the files cannot be written
   */
  fetch(fetch: SegmentFetch, signal: AbortSignal, onBytes: (count: number) => void): Promise<FetchOutcome>;
  close(): void;
}

export interface MoverOptions {
  readonly environment: ProxyEnvironment;
  /** Milliseconds in which something must come. */
  readonly stallTimeout: number;
  readonly limit?: SharedRate;
}

export function segmentMover({ environment, stallTimeout, limit }: MoverOptions): SegmentMover {
  const rate = limit && rateLimit(limit);
  const readBytes = rate?.readBytes ?? Number.POSITIVE_INFINITY;
  const options: ConnectionOptions = { environment, stallTimeout, readBytes };
  const idle: Connection[] = [];

  const takeIdle = (origin: string): Connection | undefined => {
    const index = idle.findIndex((one) => one.origin === origin && one.isOpen());
    return index < 0 ? undefined : idle.splice(index, 1)[0];
  };
  const request = async (
    connection: Connection,
    { url, start, length, objectSize, place }: SegmentFetch,
    from: number,
    signal: AbortSignal,
    take: Take,
  ) => {
    const stop = () => connection.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const wanted = { start: start + from, length: length - from, objectSize };
      await connection.get(new URL(url), wanted, take, leadOf(place, from));
      if (connection.isOpen()) idle.push(connection);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };

  return {
    look,
    async fetch(fetch, signal, onBytes) {
      const { place, url } = fetch;
      const known = hashHeld(place, fetch.held);
      const { hash } = known;
      let held = known.length;
      const writer = segmentWriter(place, held);
      const take: Take = (bytes, mayWait) => {
        hash.update(bytes);
        const written = writer.write(bytes, mayWait);
        held += bytes.length;
        onBytes(bytes.length);
        return { wait: rate?.take(bytes.length) ?? 0, written };
      };
      try {
        const used = fetch.newConnection ? undefined : takeIdle(new URL(url).origin);
        const gone =
          used && (await isGone(request(used, fetch, held, signal, take), () => held > known.length));
        if (!used || gone) {
          const connection = await openConnection(new URL(url), options, signal);
          await request(connection, fetch, held, signal, take);
        }
        await writer.close();
        if (held !== fetch.length) throw new Error(`a transfer of ${fetch.length} bytes brought ${held}`);
        return { kind: 'received', hash: hash.digest('hex') };
      } catch (error) {
        await writer.close();
        return outcomeOf(error, fetch, held);
      }
    },
    close() {
      for (const connection of idle.splice(0)) connection.close();
    },
  };
}

/** Bytes of the page, in its file, that are before what comes next: it lies in memory as it will on the disk. */
function leadOf({ pieces }: SegmentPlace, from: number): number {
  let before = 0;
  for (const { offset, length } of pieces) {
    if (from < before + length) return (offset + from - before) % PAGE_BYTES;
    before += length;
  }
  return 0;
}

/** True where a connection that had waited for work was closed before it brought anything: no failure, another one does it. */
async function isGone(transfer: Promise<void>, hasBegun: () => boolean): Promise<boolean> {
  try {
    await transfer;
    return false;
  } catch (error) {
    if (error instanceof ConnectionLost && !hasBegun()) return true;
    throw error;
  }
}

function look(place: SegmentPlace, length: number): Held {
  const hash = createHash('sha256');
  let seen = 0;
  let written = 0;
  const read = readSegment(place, length, (bytes) => {
    hash.update(bytes);
    const last = lastNonZero(bytes);
    if (last >= 0) written = seen + last + 1;
    seen += bytes.length;
  });
  return { hash: read === length ? hash.digest('hex') : undefined, length: written };
}

/** What an earlier transfer brought, hashed on the disk; nothing of it counts where the disk holds less than it should. */
function hashHeld(
  place: SegmentPlace,
  held: number,
): { hash: ReturnType<typeof createHash>; length: number } {
  const hash = createHash('sha256');
  const read = readSegment(place, held, (bytes) => void hash.update(bytes));
  return read === held ? { hash, length: held } : { hash: createHash('sha256'), length: 0 };
}

const ZEROS = Buffer.alloc(4096);

/** @returns the index of the last byte that is not zero, -1 if there is none */
function lastNonZero(bytes: Uint8Array): number {
  let end = bytes.length;
  // Whole blocks by one comparison each: most of an unwritten segment is zeros.
  while (end > 0) {
    const start = Math.max(0, end - ZEROS.length);
    if (ZEROS.compare(bytes, start, end, 0, end - start) !== 0) break;
    end = start;
  }
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end - 1;
}

function outcomeOf(error: unknown, { start, length, objectSize }: SegmentFetch, held: number): FetchOutcome {
  if (error instanceof LinkEnded) return { kind: 'link-ended', reason: error.message, held };
  if (error instanceof TransferBroken) {
    return { kind: 'broken', reason: error.message, busy: error.busy, held };
  }
  // The rest of a whole object was asked for; all of it may be had.
  if (error instanceof RangeIgnored && start === 0 && length === objectSize) {
    return { kind: 'broken', reason: error.message, busy: false, held: 0 };
  }
  if (error instanceof AnswerRefused) return { kind: 'refused', reason: error.message, held };
  throw error;
}
