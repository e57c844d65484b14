import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { PAGE_BYTES } from './aligned-memory.ts';

/** A file that parts of a dataset are written to. */
export interface PieceFile {
  /** @param position in the file */
  write(bytes: Uint8Array, position: number): void;
  close(): void;
}

/** Fewer go by the page cache: they would keep the disk waiting for each other. */
const DIRECT_LEAST = 256 * 1024;

/** Linux has it; 0 on macOS and Windows. */
const DIRECT: number = constants.O_DIRECT ?? 0;

/**
 * Writes whole pages past the page cache, where memory and file allow it: to copy them there costs as much processor time as
 * to hash them, and the disk must have them all before they are paid for.
 * @param file a descriptor, closed with it
 * @param size the whole file's, bytes
 */
export function pieceFile(file: number, size: number): PieceFile {
  let direct: number | undefined;
  let mayBeDirect = DIRECT !== 0 && size >= DIRECT_LEAST;

  /** @returns bytes written, from the first */
  const writeDirectly = (pages: Uint8Array, position: number): number => {
    direct ??= openDirectly(file);
    if (direct === undefined) {
      mayBeDirect = false;
      return 0;
    }
    try {
      return writeSync(direct, pages, 0, pages.length, position);
    } catch (error) {
      // A disk that wants other borders (open(2), O_DIRECT).
      if (systemCode(error) !== 'EINVAL') throw error;
      mayBeDirect = false;
      return 0;
    }
  };
  return {
    write(bytes, position) {
      const head = (PAGE_BYTES - (position % PAGE_BYTES)) % PAGE_BYTES;
      const pages = bytes.length - head - ((bytes.length - head) % PAGE_BYTES);
      const isAligned = (bytes.byteOffset + head) % PAGE_BYTES === 0;
      if (!mayBeDirect || !isAligned || pages < DIRECT_LEAST) return writeWhole(file, bytes, position);
      writeWhole(file, bytes.subarray(0, head), position);
      const done = head + writeDirectly(bytes.subarray(head, head + pages), position + head);
      writeWhole(file, bytes.subarray(done), position + done);
    },
    close() {
      if (direct !== undefined) closeSync(direct);
      closeSync(file);
    },
  };
}

/** The very file that is open, whatever has its name by now (proc(5), /proc/self/fd); undefined where it cannot be had like that. */
function openDirectly(file: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${file}`, constants.O_WRONLY | DIRECT);
  } catch {
    return undefined;
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}
