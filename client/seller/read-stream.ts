import { createHash } from 'node:crypto';
import type { ObjectUploader } from '../../shared/dataset/objects.ts';
import type { TakenSpan } from './content.ts';
import { segmentBuffers } from './segment-buffers.ts';
import { spanInMemory } from './send-part.ts';

/** A stream, a segment at a time. */
export interface StreamReader {
  /** The next segment, the last one shorter; undefined at the end. */
  next(): Promise<TakenSpan | undefined>;
  /** Bytes that have come so far. */
  size(): number;
  /** At the end: SHA-256 of all of it. */
  hash(): Uint8Array;
}

export function readStream(
  stream: AsyncIterable<Uint8Array>,
  segmentSize: number,
  objects: Pick<ObjectUploader, 'putPart'>,
): StreamReader {
  const pieces = stream[Symbol.asyncIterator]();
  const buffers = segmentBuffers();
  const hash = createHash('sha256');
  let rest: Uint8Array = new Uint8Array(0);
  let size = 0;

  async function fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      if (rest.length === 0) {
        const piece = await pieces.next();
        if (piece.done === true) break;
        rest = piece.value;
      }
      const taken = rest.subarray(0, target.length - filled);
      target.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
    }
    return filled;
  }

  return {
    async next() {
      const buffer = buffers.lend(segmentSize);
      const filled = await fill(buffer);
      if (filled === 0) return undefined;
      const bytes = buffer.subarray(0, filled);
      hash.update(bytes);
      size += filled;
      return spanInMemory(objects, buffers, bytes);
    },
    size: () => size,
    hash: () => new Uint8Array(hash.digest()),
  };
}
