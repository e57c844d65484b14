import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { filesOfSpan, type Span } from '../../shared/dataset/layout.ts';
import { inOrder } from '../../shared/in-order.ts';
import { changed, identityOf, type SourceFile } from './source-files.ts';

/** Absent on Windows, where opening a link for reading is not a way out of the folder that lstat misses. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Opening a small file takes longer than reading it. */
const FILES_AT_ONCE = 8;

/**
 * Reads a run of bytes of the dataset that `files` laid end to end are.
 * @param starts as `fileStarts` answers for the same files
 * @param bytes as long as the span
 * @throws PublishRefused where a file is not as it was listed
 */
export async function readSpan(
  files: readonly SourceFile[],
  starts: Float64Array,
  span: Span,
  bytes: Uint8Array,
): Promise<void> {
  const pieces = filesOfSpan(starts, span);
  await inOrder(pieces.length, FILES_AT_ONCE, async (index) => async () => {
    const piece = pieces[index];
    const file = piece && files[piece.file];
    if (!file) throw new RangeError(`there is no piece ${index}`);
    const handle = await openUnchanged(file);
    try {
      await fill(handle, bytes.subarray(piece.at, piece.at + piece.length), piece.offset, file);
    } finally {
      await handle.close();
    }
  });
}

async function openUnchanged(file: SourceFile): Promise<FileHandle> {
  const handle = await open(file.location, constants.O_RDONLY | NO_FOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      // Gone, or a link now.
      if (error.code === 'ENOENT' || error.code === 'ELOOP') {
        throw changed(file);
      }
      throw error;
    },
  );
  if (identityOf(await handle.stat({ bigint: true })) === file.identity) return handle;
  await handle.close();
  throw changed(file);
}

async function fill(handle: FileHandle, target: Uint8Array, offset: number, file: SourceFile): Promise<void> {
  for (let filled = 0; filled < target.length; ) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, offset + filled);
    if (bytesRead === 0) throw changed(file);
    filled += bytesRead;
  }
}
