import { chunkSpan, fileStarts, filesOfSpan } from '../../shared/dataset/layout.ts';
import type { Purchase as PreparedPurchase } from '../buyer/buyer-context.ts';

/** A chunk whose every byte was checked against the manifest and is on the disk. */
export interface VerifiedChunk {
  /** Counted within the dataset. */
  readonly number: number;
  /** Where it lies in the dataset, whose files are laid end to end; bytes. */
  readonly start: number;
  readonly length: number;
  /** The files that were asked for, as far as they lie in it, in the dataset's order. */
  readonly files: readonly ChunkFile[];
  /** The bytes of `files`, one after the other, read from the disk in pieces of at most 1 MiB or what the browser gives. */
  read(): AsyncIterable<Uint8Array>;
}

/** A run of bytes of a file. */
export interface ChunkFile {
  readonly path: string;
  /** Where the run begins in the file, and how long it is. */
  readonly offset: number;
  readonly length: number;
}

/** Makes them by their numbers. */
export function verifiedChunks({
  manifest,
  selection,
  files,
}: Pick<PreparedPurchase, 'manifest' | 'selection' | 'files'>): (number: number) => VerifiedChunk {
  const starts = fileStarts(manifest.files);
  return (number) => {
    const span = chunkSpan(manifest, number);
    const pieces = filesOfSpan(starts, span).filter(({ file }) => selection.isWanted(file));
    return {
      number,
      ...span,
      files: pieces.map(({ file, offset, length }) => {
        return { path: manifest.files[file]?.path ?? '', offset, length };
      }),
      async *read() {
        for (const { file, offset, length } of pieces) yield* files.read(file, offset, length);
      },
    };
  };
}
