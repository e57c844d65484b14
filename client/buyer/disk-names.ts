import { constants } from 'node:fs';
import { lstat, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chunkSpan, fileStarts, filesOfSpan, type SizedFile } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { BuyerError, systemCode } from './errors.ts';
import { makeFolders, NO_FOLLOW } from './safe-paths.ts';
import type { Selection } from './selection.ts';

/** How systems say that a name is too long or has a character that they cannot store; Windows says ENOENT. */
const NOT_A_NAME = new Set(['ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ENOENT']);

/** The files that are written for a selection: its own, and what lies in the same chunks. */
export function filesWritten(manifest: Manifest, selection: Selection): SizedFile[] {
  const starts = fileStarts(manifest.files);
  const spans = selection.chunks.map((chunk) => chunkSpan(manifest, chunk));
  const touched = new Set(spans.flatMap((span) => filesOfSpan(starts, span).map(({ file }) => file)));
  return manifest.files.filter((_, file) => selection.isWanted(file) || touched.has(file));
}

/**
 * Tries whether the disk takes the names of these files, by making empty ones in a folder that is removed again: what it
 * refuses would otherwise show when it is paid for.
 * @param output the output folder, which is there
 * @param partial the longest beginning that paths get in it
 * @throws BuyerError disk that names a file it does not take
 */
export async function refuseNamesTheDiskRefuses(
  output: string,
  partial: string,
  files: readonly SizedFile[],
): Promise<void> {
  const own = `${partial}-names`;
  // One that a killed run left is the same, and goes with it.
  await makeFolders(output, `${own}/name`, new Set());
  try {
    const paths = files.map(({ path }) => path);
    for (const name of tellingNames(paths)) {
      await tryName(join(output, own, name)).catch((error: unknown) => {
        throw NOT_A_NAME.has(systemCode(error) ?? '') ? untakeable(output, name, error) : error;
      });
    }
    const [path = ''] = paths.sort((one, other) => bytesOf(other) - bytesOf(one));
    await lstat(join(output, partial, path)).catch((error: unknown) => {
      if (systemCode(error) === 'ENAMETOOLONG') throw untakeable(output, path, error);
    });
  } finally {
    await rmdir(join(output, own));
  }
}

async function tryName(path: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | NO_FOLLOW, 0o600);
  await file.close();
  await rm(path);
}

/** A disk refuses a name for its length or for a character, so each name that is longer, or has another one, is tried. */
function tellingNames(paths: readonly string[]): string[] {
  const characters = new Set<string>();
  let longest = 0;
  return [...new Set(paths.flatMap((path) => path.split('/')))].filter((name) => {
    const others = [...name].filter((character) => !characters.has(character));
    for (const character of others) characters.add(character);
    const isLonger = bytesOf(name) > longest;
    if (isLonger) longest = bytesOf(name);
    return isLonger || others.length > 0;
  });
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

function untakeable(output: string, name: string, cause: unknown): BuyerError {
  return new BuyerError('disk', `${output} is on a disk that cannot hold ${JSON.stringify(name)}.`, {
    next: 'Nothing is paid for it. Choose another folder with --output, or the other files with --only.',
    cause,
  });
}
