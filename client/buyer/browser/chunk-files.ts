import { BuyerError } from '../errors.ts';
import type { FilePiece, SegmentPlace } from '../transfer/outcome.ts';

/**
 * Data in the page's own file system, seen from a worker, where alone a file can be written at an offset and flushed
 * (https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle). A segment is one piece of its chunk's file.
 */
export interface ChunkFiles {
  /** Returns once the bytes are on the disk. */
  write(place: SegmentPlace, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** What is there of a segment: all of it, or undefined. */
  read(place: SegmentPlace, length: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** What TypeScript's types of a page do not have, since only workers do. */
interface SyncAccessHandle {
  read(buffer: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  write(buffer: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}
type WritableFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

/** @param folderOf finds the folder of a place by its name */
export function chunkFiles(folderOf: (name: string) => Promise<FileSystemDirectoryHandle>): ChunkFiles {
  /** Only one may have a file open: segments of one chunk wait for each other, which takes no longer than the disk does. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(path: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(path) ?? Promise.resolve()).then(work);
    turns.set(
      path,
      turn.catch(() => undefined),
    );
    return turn;
  };
  const withFile = <T>(
    { output }: SegmentPlace,
    { path }: FilePiece,
    work: (file: SyncAccessHandle) => T,
  ): Promise<T> =>
    inTurn(`${output}/${path}`, async () => {
      const folder = await folderOf(output);
      const handle = (await folder.getFileHandle(path, { create: true })) as WritableFile;
      const file = await handle.createSyncAccessHandle();
      try {
        return work(file);
      } finally {
        file.close();
      }
    });

  return {
    async write(place, bytes) {
      const piece = onlyPiece(place);
      try {
        await withFile(place, piece, (file) => {
          const count = file.write(bytes, { at: piece.offset });
          if (count !== bytes.length) throw new Error(`${count} of ${bytes.length} bytes were written`);
          file.flush();
        });
      } catch (error) {
        throw new BuyerError('disk', `The browser cannot keep the data: ${String(error)}.`, {
          next: 'Make room on the disk, or remove what is bought and saved already; then go on.',
          cause: error,
        });
      }
    },
    async read(place, length) {
      const piece = onlyPiece(place);
      const bytes = new Uint8Array(length);
      const count = await withFile(place, piece, (file) => file.read(bytes, { at: piece.offset }));
      return count === length ? bytes : undefined;
    },
  };
}

function onlyPiece({ pieces }: SegmentPlace): FilePiece {
  const [piece, ...others] = pieces;
  if (!piece || others.length > 0) throw new Error('a segment lies in one piece of its chunk');
  return piece;
}
