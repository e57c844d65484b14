import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import { PAGE_BYTES } from './aligned-memory.ts';

/** A file that parts of a dataset are written to. */
export interface PieceFile {
  /**
   * @param position in the file
   * @param mayWait false where the bytes must not be looked at afterwards
   * @returns when they are written, where they are not yet: until then they must stay as they are
   */
  write(bytes: Uint8Array, position: number, mayWait: boolean): Promise<void> | undefined;
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
  let writing = 0;
  let closing = false;
  const closeIfDone = () => {
    if (!closing || writing > 0) return;
    if (direct !== undefined) closeSync(direct);
    closeSync(file);
  };

  const writeDirectly = async (descriptor: number, pages: Uint8Array, position: number): Promise<void> => {
    writing += 1;
    try {
      // Less than all, as it may be; the rest goes as before.
      const done = await writeSome(descriptor, pages, position);
      mayBeDirect &&= done > 0;
      writeWhole(file, pages.subarray(done), position + done);
    } finally {
      writing -= 1;
      closeIfDone();
    }
  };
  return {
    write(bytes, position, mayWait) {
      const head = (PAGE_BYTES - (position % PAGE_BYTES)) % PAGE_BYTES;
      const length = bytes.length - head - ((bytes.length - head) % PAGE_BYTES);
      const isAligned = (bytes.byteOffset + head) % PAGE_BYTES === 0;
      const wanted = mayWait && mayBeDirect && isAligned && length >= DIRECT_LEAST;
      if (wanted) direct ??= openDirectly(file);
      if (!wanted || direct === undefined) {
        mayBeDirect &&= !wanted;
        writeWhole(file, bytes, position);
        return undefined;
      }
      const end = head + length;
      writeWhole(file, bytes.subarray(0, head), position);
      writeWhole(file, bytes.subarray(end), position + end);
      return writeDirectly(direct, bytes.subarray(head, end), position + head);
    },
    close() {
      closing = true;
      closeIfDone();
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

/** Meanwhile this thread receives and hashes what comes next. @returns bytes written, from the first */
function writeSome(file: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error, count) => {
      // A disk that wants other borders (open(2), O_DIRECT).
      if (error?.code === 'EINVAL') resolve(0);
      else if (error) reject(error);
      else resolve(count);
    });
  });
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}
