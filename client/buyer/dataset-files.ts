import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, realpath, rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileStarts, filesOfSpan, type SizedFile, type Span } from '../../shared/dataset/layout.ts';
import { syncFolder } from './durable-files.ts';
import { BuyerError, systemCode } from './errors.ts';
import { exists, foldersOf, isInside, isWhole, makeFolders, openNoFollow } from './safe-paths.ts';

/**
 * A dataset's files as they come in. Until a file is whole and checked it lives under a folder of its own, so that nobody
 * takes half a file for the file. Nothing outside the output folder is touched and no link is followed.
 */
export interface DatasetFiles {
  /** The output folder, resolved. */
  readonly output: string;
  /** Opens a run of bytes for writing, in order from its start. */
  writer(span: Span): SpanWriter;
  /** SHA-256 of what the disk holds there, hex; undefined where it holds less. */
  hash(span: Span): Promise<string | undefined>;
  /** True where every file of the run is there in its size. */
  isThere(span: Span): Promise<boolean>;
  /** Returns once the bytes of a run are on the disk, whatever happens to the machine. */
  sync(span: Span): Promise<void>;
  /** Gives every file that is not finished yet its final name. All data must be there and checked. */
  finish(): Promise<void>;
}

export interface SpanWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const READ_BYTES = 1024 * 1024;

/**
 * @param folder where to put them; made if it is not there
 * @param files paths as the manifest's check lets through
 * @param name of the folder for unfinished files, one path component
 */
export async function datasetFiles(
  folder: string,
  files: readonly SizedFile[],
  name: string,
): Promise<DatasetFiles> {
  const output = await makeOutput(folder);
  const partial = join(output, name);
  const starts = fileStarts(files);
  const madeFolders = new Set<string>();

  const pieces = (span: Span) =>
    filesOfSpan(starts, span).map((piece) => ({ ...piece, ...fileAt(files, piece.file) }));

  const writable = async (file: SizedFile): Promise<FileHandle | undefined> => {
    if (await isWhole(join(output, file.path), file.size)) return undefined;
    await makeFolders(partial, file.path, madeFolders);
    const path = join(partial, file.path);
    const handle = await openNoFollow(path, constants.O_RDWR | constants.O_CREAT);
    if ((await handle.stat()).size < file.size) {
      await handle.truncate(file.size);
      await syncFolder(dirname(path));
    }
    return handle;
  };
  const readable = async (file: SizedFile): Promise<FileHandle | undefined> => {
    for (const root of [output, partial]) {
      const path = join(root, file.path);
      if ((await isWhole(path, file.size)) && (await isInside(root, file.path))) {
        return openNoFollow(path, constants.O_RDONLY);
      }
    }
    return undefined;
  };

  return {
    output,
    writer(span) {
      const rest = pieces(span);
      let handle: FileHandle | undefined;
      let done = 0;
      const next = async () => {
        await handle?.close();
        handle = undefined;
        rest.shift();
        done = 0;
      };
      return {
        async write(bytes) {
          for (let at = 0; at < bytes.length; ) {
            const [piece] = rest;
            if (!piece) throw new RangeError('more bytes than the span holds');
            if (done === 0) handle = await writable(piece);
            const length = Math.min(bytes.length - at, piece.length - done);
            await writeWhole(handle, bytes.subarray(at, at + length), piece.offset + done);
            at += length;
            done += length;
            if (done === piece.length) await next();
          }
        },
        async close() {
          await handle?.close();
          handle = undefined;
        },
      };
    },
    async hash(span) {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, span.length));
      for (const piece of pieces(span)) {
        const handle = await readable(piece);
        if (!handle) return undefined;
        try {
          for (let at = 0; at < piece.length; ) {
            const want = Math.min(buffer.length, piece.length - at);
            const { bytesRead } = await handle.read(buffer, 0, want, piece.offset + at);
            if (bytesRead === 0) return undefined;
            hash.update(buffer.subarray(0, bytesRead));
            at += bytesRead;
          }
        } finally {
          await handle.close();
        }
      }
      return hash.digest('hex');
    },
    async isThere(span) {
      for (const piece of pieces(span)) {
        const whole = await Promise.all(
          [output, partial].map((root) => isWhole(join(root, piece.path), piece.size)),
        );
        if (!whole.includes(true)) return false;
      }
      return true;
    },
    async sync(span) {
      for (const piece of pieces(span)) {
        const handle = await readable(piece);
        if (!handle) throw new BuyerError('disk', `${piece.path} disappeared while it was being written.`);
        try {
          await handle.datasync();
        } finally {
          await handle.close();
        }
      }
    },
    async finish() {
      const folders = new Set<string>();
      for (const file of files) {
        const final = join(output, file.path);
        if (await isWhole(final, file.size)) continue;
        if (await exists(final)) throw wouldOverwrite(file.path);
        if (file.size === 0) await (await writable(file))?.close();
        await makeFolders(output, file.path, folders);
        await rename(join(partial, file.path), final);
      }
      for (const path of [output, ...folders]) await syncFolder(path);
      await removeFolders(partial, madeFolders, files);
    },
  };
}

async function makeOutput(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await realpath(folder);
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
    throw new BuyerError('usage', `${folder} is there already and is no folder.`, {
      next: 'Name a folder with --output.',
    });
  }
}

/** @throws BuyerError usage where a file of the dataset is in the folder already: nothing of the buyer's is written over */
export async function refuseOverwriting(folder: string, files: readonly SizedFile[]): Promise<void> {
  for (const { path } of files) if (await exists(join(folder, path))) throw wouldOverwrite(path);
}

function wouldOverwrite(path: string): BuyerError {
  return new BuyerError('usage', `${path} is there already.`, {
    next: 'Choose another folder with --output, or move the file away.',
  });
}

function fileAt(files: readonly SizedFile[], index: number): SizedFile {
  const file = files[index];
  if (!file) throw new RangeError(`there is no file ${index}`);
  return file;
}

async function writeWhole(
  handle: FileHandle | undefined,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  // A finished file is whole and checked: what comes again for its neighbours' sake is dropped.
  if (!handle) return;
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** What is left of the folder for unfinished files; one that holds anything else stays. */
async function removeFolders(
  partial: string,
  made: ReadonlySet<string>,
  files: readonly SizedFile[],
): Promise<void> {
  const all = new Set([...made, ...files.flatMap(({ path }) => foldersOf(partial, path))]);
  const deepestFirst = [...all].sort((a, b) => b.length - a.length);
  for (const folder of deepestFirst) await rmdir(folder).catch(() => undefined);
}
