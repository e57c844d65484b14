import { constants, existsSync, readlinkSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Nothing can be where a name is too long to be there. */
async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '')) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Makes the folders that a path needs below `root`, each checked to be a folder and no link. Their names last once the
 * folders that they are in are synced: `made` has them all, `root` too.
 */
export async function makeFolders(root: string, path: string, made: Set<string>): Promise<void> {
  for (const folder of foldersOf(root, path)) {
    if (made.has(folder)) continue;
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST')
        throw new BuyerError('disk', `${folder} cannot be made.`, { cause: error });
    });
    if (!(await lstat(folder)).isDirectory()) throw throughLink(folder);
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
  return new BuyerError('disk', `${path} leads through a link: nothing is written there.`);
}

/**
 * Whether an open file or folder is where it was asked for: a link that was put in the way of its path after the folders were
 * looked at shows here. Only Linux tells (proc(5), /proc/self/fd); elsewhere the look at the folders has to do.
 * @param file a descriptor
 * @param path absolute, without links
 */
export function isOpenAt(file: number, path: string): boolean {
  return !TELLS_PATHS || readlinkSync(`/proc/self/fd/${file}`) === path;
}

const TELLS_PATHS = process.platform === 'linux' && existsSync('/proc/self/fd');

/** Folders that are held open, so that what happens to their names meanwhile changes nothing. For one user at a time. */
export interface HeldFolders {
  /** A path to an entry of a folder; good until the next but seven. */
  entry(folder: string, name: string): Promise<string>;
  close(): Promise<void>;
}

const MOST_HELD = 8;

export function heldFolders(): HeldFolders {
  const held = new Map<string, FileHandle>();
  return {
    async entry(folder, name) {
      if (!TELLS_PATHS) return join(folder, name);
      const handle = held.get(folder) ?? (await holdFolder(folder));
      held.delete(folder);
      held.set(folder, handle);
      const [oldest] = held;
      if (held.size > MOST_HELD && oldest) {
        held.delete(oldest[0]);
        await oldest[1].close();
      }
      return `/proc/self/fd/${handle.fd}/${name}`;
    },
    async close() {
      for (const handle of held.values()) await handle.close();
    },
  };
}

async function holdFolder(path: string): Promise<FileHandle> {
  const handle = await openNoFollow(path, constants.O_RDONLY | constants.O_DIRECTORY);
  if (isOpenAt(handle.fd, path)) return handle;
  await handle.close();
  throw throughLink(path);
}
