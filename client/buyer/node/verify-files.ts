import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import {
  fileStarts,
  filesOfSpan,
  segmentAt,
  segmentSpan,
  segmentTotal,
} from '../../../shared/dataset/layout.ts';
import type { Manifest } from '../../../shared/dataset/manifest.ts';
import { BuyerError } from '../errors.ts';
import { isInside, isWhole } from '../safe-paths.ts';

export interface FilesReport {
  /** Found and right, to the byte. */
  readonly checked: number;
  /** Not there, or in another size: none of them was looked into. */
  readonly missing: readonly string[];
}

/**
 * Hashes a dataset's files and holds them against its manifest: by the files' hashes where it has them, else by segments, of
 * which those count that lie in files that are there.
 * @throws BuyerError bad-data for a file that is not what the manifest says
 */
export async function verifyFiles(manifest: Manifest, folder: string): Promise<FilesReport> {
  const isThere = await Promise.all(
    manifest.files.map(
      async ({ path, size }) => (await isWhole(join(folder, path), size)) && (await isInside(folder, path)),
    ),
  );
  if (manifest.format === 'spillway-manifest/2') {
    for (const [index, { path, size, sha256 }] of manifest.files.entries()) {
      if (!isThere[index]) continue;
      const found = await hashOf([{ path: join(folder, path), offset: 0, length: size }]);
      if (found !== sha256) throw wrong(path, sha256, found);
    }
  } else await verifySegments(manifest, folder, isThere);
  const missing = manifest.files.filter((_, index) => !isThere[index]).map(({ path }) => path);
  return { checked: manifest.files.length - missing.length, missing };
}

async function verifySegments(
  manifest: Manifest,
  folder: string,
  isThere: readonly boolean[],
): Promise<void> {
  const starts = fileStarts(manifest.files);
  for (let index = 0; index < segmentTotal(manifest); index++) {
    const { chunk, segment } = segmentAt(manifest, index);
    const pieces = filesOfSpan(starts, segmentSpan(manifest, chunk, segment));
    if (!pieces.every(({ file }) => isThere[file])) continue;
    const paths = pieces.map(({ file }) => manifest.files[file]?.path ?? '');
    const found = await hashOf(
      pieces.map(({ offset, length }, at) => ({ path: join(folder, paths[at] ?? ''), offset, length })),
    );
    const expected = manifest.chunks[chunk]?.segments[segment] ?? '';
    if (found !== expected) throw wrong(paths.join(', '), expected, found);
  }
}

interface Piece {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

async function hashOf(pieces: readonly Piece[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, offset, length } of pieces) {
    if (length === 0) continue;
    for await (const part of createReadStream(path, { start: offset, end: offset + length - 1 }))
      hash.update(part);
  }
  return hash.digest('hex');
}

function wrong(path: string, expected: string, found: string): BuyerError {
  return new BuyerError('bad-data', `${path} is not what the manifest says.`, {
    money: 'This command moves no money.',
    next: 'Delete it and run `spillway buy` again: what is paid is fetched again for nothing.',
    evidence: { path, expected, found },
  });
}
