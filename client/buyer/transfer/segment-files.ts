import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { BuyerError, systemCode } from '../errors.ts';
import { foldersOf, isOpenAt, NO_FOLLOW, throughLink } from '../safe-paths.ts';
import type { FilePiece, SegmentPlace } from './outcome.ts';
import { type PieceFile, pieceFile } from './piece-file.ts';

/** A worker's view of the files: it does nothing else meanwhile, so its calls wait for the disk. Nothing goes through a link. */

export interface SegmentWriter {
  /**
   * Writes what comes next of the segment.
   * @param mayWait false where the bytes must not be looked at afterwards
   * @returns when they are written, where they are not yet: until then they must stay as they are
   */
  write(bytes: Uint8Array, mayWait: boolean): Promise<void> | undefined;
  /** @throws what a write threw, once all have ended */
  close(): Promise<void>;
}

const READ_BYTES = 256 * 1024;

/**
 * Opens a segment for writing; its files and folders are made as they are needed, each file in its full size.
 * @param from bytes of the segment that are there already
 */
export function segmentWriter(place: SegmentPlace, from: number): SegmentWriter {
  let index = 0;
  /** Bytes of the current piece that are behind us. */
  let done = from;
  let file: PieceFile | undefined;
  let open = false;
  const pending: Promise<void>[] = [];

  const leave = () => {
    file?.close();
    file = undefined;
    open = false;
  };
  return {
    write(bytes, mayWait) {
      const before = pending.length;
      for (let at = 0; at < bytes.length; ) {
        const piece = place.pieces[index];
        if (!piece) throw new RangeError('more bytes than the segment holds');
        if (done >= piece.length) {
          leave();
          done -= piece.length;
          index += 1;
          continue;
        }
        if (!open) {
          const descriptor = openForWriting(place, piece);
          file = descriptor === undefined ? undefined : pieceFile(descriptor, piece.size);
          open = true;
        }
        const length = Math.min(bytes.length - at, piece.length - done);
        // A finished file is whole and checked: what comes again for its neighbours' sake is dropped.
        const written = file?.write(bytes.subarray(at, at + length), piece.offset + done, mayWait);
        if (written !== undefined) pending.push(written);
        at += length;
        done += length;
      }
      return pending.length === before ? undefined : allOf(pending.slice(before));
    },
    close() {
      leave();
      return allOf(pending);
    },
  };
}

/** Waits for all, also where one fails: nothing of them goes on then. */
async function allOf(tasks: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(tasks)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

/**
 * Reads what the disk holds of a segment, in order, until it is all read or something is missing.
 * @param most bytes to read
 * @returns bytes read
 */
export function readSegment(place: SegmentPlace, most: number, take: (bytes: Uint8Array) => void): number {
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, most));
  let total = 0;
  for (const piece of place.pieces) {
    if (total === most) break;
    const file = openForReading(place, piece);
    if (file === undefined) return total;
    try {
      for (let done = 0; done < piece.length && total < most; ) {
        const want = Math.min(buffer.length, piece.length - done, most - total);
        const count = readSync(file, buffer, 0, want, piece.offset + done);
        if (count === 0) return total;
        take(buffer.subarray(0, count));
        done += count;
        total += count;
      }
    } finally {
      closeSync(file);
    }
  }
  return total;
}

function openForWriting({ output, partial }: SegmentPlace, { path, size }: FilePiece): number | undefined {
  if (isWhole(join(output, path), size)) return undefined;
  makeFolders(partial, path);
  const location = join(partial, path);
  const file = openNoFollow(location, constants.O_RDWR | constants.O_CREAT);
  const { size: found, nlink } = fstatSync(file);
  // Another name of the same file is a link, too: what is behind it is not ours to write over.
  if (nlink !== 1 || !isOpenAt(file, location)) {
    closeSync(file);
    throw throughLink(location);
  }
  if (found !== size) ftruncateSync(file, size);
  return file;
}

function openForReading({ output, partial }: SegmentPlace, { path, size }: FilePiece): number | undefined {
  for (const root of [output, partial]) {
    const isThere = isWhole(join(root, path), size) && foldersOf(root, path).every(isFolder);
    if (isThere) return openNoFollow(join(root, path), constants.O_RDONLY);
  }
  return undefined;
}

function isWhole(path: string, size: number): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true && found.size === size;
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function isFolder(path: string): boolean {
  return lstatSync(path).isDirectory();
}

/** Made where they are missing; what is there must be a folder. */
function makeFolders(root: string, path: string): void {
  for (const folder of foldersOf(root, path)) {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) makeFolder(folder);
    if (!isFolder(folder)) throw throughLink(folder);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another worker was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function openNoFollow(path: string, flags: number): number {
  try {
    return openSync(path, flags | NO_FOLLOW, 0o644);
  } catch (error) {
    throw new BuyerError('disk', `${path} cannot be opened.`, { cause: error });
  }
}
