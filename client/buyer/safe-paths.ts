import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from './durable-files.ts';
import { BuyerError, systemCode } from './errors.ts';

/** Opening and making what a stranger has named: nothing goes through a link. */

/** Windows has no O_NOFOLLOW; there the check of the folders has to do. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

export async function openNoFollow(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | NO_FOLLOW, 0o644);
  } catch (error) {
    throw new BuyerError('disk', `${path} cannot be opened.`, { cause: error });
  }
}

export async function isWhole(path: string, size: number): Promise<boolean> {
  const found = await statOf(path);
  return found?.isFile() === true && found.size === size;
}

export async function exists(path: string): Promise<boolean> {
  return (await statOf(path)) !== undefined;
}

async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) {
      return undefined;
    }
    throw error;
  }
}

/** Makes the folders that a path needs below `root`, each checked to be a folder and no link. */
export async function makeFolders(root: string, path: string, made: Set<string>): Promise<void> {
  for (const folder of foldersOf(root, path)) {
    if (made.has(folder)) continue;
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST')
        throw new BuyerError('disk', `${folder} cannot be made.`, { cause: error });
    });
    if (!(await lstat(folder)).isDirectory()) throw throughLink(folder);
    await syncFolder(dirname(folder));
    made.add(folder);
  }
}

export async function isInside(root: string, path: string): Promise<boolean> {
  for (const folder of foldersOf(root, path)) {
    if (!(await lstat(folder)).isDirectory()) return false;
  }
  return true;
}

/** `root` and the folders below it that lead to a path, outermost first. */
export function foldersOf(root: string, path: string): string[] {
  const components = path.split('/').slice(0, -1);
  return [root, ...components.map((_, index) => join(root, ...components.slice(0, index + 1)))];
}

export function throughLink(path: string): BuyerError {
  return new BuyerError('disk', `${path} is not a folder: nothing is written through links.`);
}
