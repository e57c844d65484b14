import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SizedFile } from '../../shared/dataset/layout.ts';
import { pathsProblem } from '../../shared/dataset/paths.ts';
import { MAX_DATASET_BYTES, MAX_FILES } from '../../shared/limits.ts';
import { PublishRefused } from './publish-error.ts';

/** A file to publish, as it was when it was listed. */
export interface SourceFile {
  /** Its path in the dataset. */
  readonly path: string;
  /** Where it is on this machine. */
  readonly location: string;
  /** Bytes. */
  readonly size: number;
  /** Changes whenever the file does: inode, size and time of modification (a device's number may change with a reboot). */
  readonly identity: string;
}

/**
 * Lists a file, or all files of a folder, sorted by path. Links are not followed: what they lead to is not the seller's
 * folder, and may be its keys.
 * @throws PublishRefused for links and special files, paths no dataset may have, and datasets without bytes
 */
export async function listSourceFiles(source: string): Promise<SourceFile[]> {
  const stats = await statsOf(source);
  const files = stats.isDirectory() ? await filesOfFolder(source) : [fileOf(source, basename(source), stats)];
  orderFiles(files, source);
  return files;
}

/**
 * Puts files in their order in the dataset.
 * @param source what they are of, for the message
 * @throws PublishRefused where no dataset can be made of them
 */
export function orderFiles(files: SizedFile[], source: string): void {
  if (files.length > MAX_FILES) throw new PublishRefused(`a dataset has at most ${MAX_FILES} files`);
  // By code units, as everywhere the same: the order is part of the dataset's id.
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  const problem = pathsProblem(files.map((file) => file.path));
  if (problem) throw new PublishRefused(problem);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total === 0) throw new PublishRefused(`there is not one byte to sell in ${source}`);
  if (total > MAX_DATASET_BYTES) throw new PublishRefused(`a dataset has at most ${MAX_DATASET_BYTES} bytes`);
}

/**
 * Makes sure that files are still as they were listed.
 * @throws PublishRefused that names the first that is not
 */
export async function checkUnchanged(files: readonly SourceFile[]): Promise<void> {
  for (const file of files) {
    const stats = await statsOf(file.location);
    if (identityOf(stats) !== file.identity) throw changed(file);
  }
}

export function changed(file: SourceFile): PublishRefused {
  return new PublishRefused(`${file.location} changed while it was published`);
}

/** One text for a list of files: the same as long as none of them changes. */
export function fingerprint(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(JSON.stringify([file.path, file.size, file.identity]));
  return hash.digest('hex');
}

async function filesOfFolder(root: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await readdir(join(root, folder))) {
      // What Node puts where a name is not UTF-8; such a file could not be opened by that name.
      if (name.includes('\ufffd')) {
        throw new PublishRefused(`the name ${JSON.stringify(name)} in ${join(root, folder)} is not UTF-8`);
      }
      const relative = folder === '' ? name : `${folder}/${name}`;
      const location = join(root, relative);
      const stats = await statsOf(location);
      if (stats.isDirectory()) folders.push(relative);
      // Some file systems store names decomposed; in a dataset they are composed.
      else files.push(fileOf(location, relative.normalize('NFC'), stats));
    }
  }
  return files;
}

function fileOf(location: string, path: string, stats: BigIntStats): SourceFile {
  if (stats.isSymbolicLink())
    throw new PublishRefused(`${location} is a link; publish what it leads to instead`);
  if (!stats.isFile()) throw new PublishRefused(`${location} is neither a file nor a folder`);
  return { path, location, size: Number(stats.size), identity: identityOf(stats) };
}

export function identityOf(stats: BigIntStats): string {
  return [stats.ino, stats.size, stats.mtimeNs].join(':');
}

async function statsOf(location: string): Promise<BigIntStats> {
  return lstat(location, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new PublishRefused(`${location} is not there`) : error;
  });
}
