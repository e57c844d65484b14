import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { VersionSummary } from './objects.ts';
import type { ByteRange } from './ranges.ts';
import type { Bucket } from './storage.ts';

const READ_BYTES = 1024 * 1024;

/** A stretch of one part's file, `end` included. */
interface Piece extends ByteRange {
  readonly path: string;
}

async function piecesOf({ objects }: Bucket, version: VersionSummary, range: ByteRange): Promise<Piece[]> {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const part of await objects.parts(version)) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, part.size - 1);
    if (start <= end) pieces.push({ path: objects.path(version, part.file), start, end });
    offset += part.size;
  }
  return pieces;
}

/** The object's bytes in the range, one buffer at a time. A version deleted meanwhile ends in an error, not in silence. */
export async function* readObject(
  bucket: Bucket,
  version: VersionSummary,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  for (const { path, start, end } of await piecesOf(bucket, version, range)) {
    const handle = await open(path);
    yield* createReadStream(path, { fd: handle, start, end, highWaterMark: READ_BYTES });
  }
}
