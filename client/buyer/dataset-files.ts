import { constants } from 'node:fs';
import { type FileHandle, mkdir, realpath, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileStarts, filesOfSpan, type SizedFile, type Span } from '../../shared/dataset/layout.ts';
import { inOrder } from '../../shared/in-order.ts';
import { BuyerError, systemCode } from './errors.ts';
import { syncFolder } from './node/durable-files.ts';
import {
  exists,
  foldersOf,
  heldFolders,
  isInside,
  isWhole,
  makeFolders,
  openNoFollow,
} from './safe-paths.ts';
import type { SegmentPlace } from './transfer/outcome.ts';

/**
 * A dataset's files as they come in. Until a file is whole and checked it lives under a folder of its own, so that nobody
 * takes half a file for the file. Nothing outside the output folder is touched and no link is followed.
 */
export interface DatasetFiles {
  /** The output folder, resolved. */
  readonly output: string;
  /** Where a segment lies. */
  place(segment: Span): SegmentPlace;
  /** True where every wanted file of the run is there in its size. */
  isThere(span: Span): Promise<boolean>;
  /** Returns once what was written to these runs is on the disk, whatever happens to the machine. */
  sync(spans: readonly Span[]): Promise<void>;
  /** Gives every wanted file that is not finished yet its final name. All their data must be there and checked. */
  finish(): Promise<void>;
  /** Takes away what came of other files for their neighbours' sake. */
  discard(spans: readonly Span[], isKept: (file: number) => boolean): Promise<void>;
}

/** Files or folders that are worked on at the same time: a file system writes its own journal once for many. */
const AT_ONCE = 16;
/** Folders whose files get their names at the same time. */
const FOLDERS_AT_ONCE = 4;

/**
 * @param folder where to put them; made if it is not there
 * @param files paths as the manifest's check lets through
 * @param name of the folder for unfinished files, one path component
 * @param isWanted tells of a file's index whether it gets its name in the end
 */
export async function datasetFiles(
  folder: string,
  files: readonly SizedFile[],
  name: string,
  isWanted: (file: number) => boolean = () => true,
): Promise<DatasetFiles> {
  const output = await makeOutput(folder);
  const partial = join(output, name);
  const starts = fileStarts(files);
  const madeFolders = new Set<string>();
  /** Files whose names this run has synced. */
  const named = new Set<number>();

  const pieces = (span: Span) =>
    filesOfSpan(starts, span).map((piece) => ({ ...piece, ...fileAt(files, piece.file) }));

  const makeEmpty = async ({ path }: SizedFile): Promise<void> => {
    await makeFolders(partial, path, madeFolders);
    await (await openNoFollow(join(partial, path), constants.O_RDWR | constants.O_CREAT)).close();
  };
  const checkFinished = async ({ path, size }: SizedFile): Promise<void> => {
    if ((await isWhole(join(output, path), size)) && (await isInside(output, path))) return;
    throw new BuyerError('disk', `${path} disappeared before it got its name.`, {
      next: 'Run the same command again: what is paid is fetched again for nothing.',
    });
  };
  /** The files of one folder: it is held open once for all of them, where it is and where they go. */
  const giveNames = async (group: readonly SizedFile[], folders: Set<string>): Promise<void> => {
    const unnamed: SizedFile[] = [];
    await each(group, async (file) => {
      if (file.size === 0 && !(await exists(join(output, file.path)))) await makeEmpty(file);
      if (await exists(join(partial, file.path))) unnamed.push(file);
      else await checkFinished(file);
    });
    const [first] = unnamed;
    if (!first) return;
    const [from, to] = [join(partial, dirname(first.path)), join(output, dirname(first.path))];
    await makeFolders(output, first.path, folders);
    const held = heldFolders();
    try {
      await inOrder(unnamed.length, AT_ONCE, async (index) => {
        const { path } = fileAt(unnamed, index);
        const [source, target] = [
          await held.entry(from, basename(path)),
          await held.entry(to, basename(path)),
        ];
        return async () => {
          if (await exists(target)) throw wouldOverwrite(path);
          await rename(source, target);
        };
      });
    } finally {
      await held.close();
    }
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

  const syncFile = async (file: SizedFile): Promise<void> => {
    const handle = await readable(file);
    if (!handle) throw new BuyerError('disk', `${file.path} disappeared while it was being written.`);
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  };

  return {
    output,
    place(segment) {
      const found = filesOfSpan(starts, segment).map(({ file, offset, length }) => ({
        ...fileAt(files, file),
        offset,
        length,
      }));
      return { output, partial, pieces: found };
    },
    async isThere(span) {
      for (const piece of pieces(span)) {
        if (!isWanted(piece.file)) continue;
        const whole = await Promise.all(
          [output, partial].map((root) => isWhole(join(root, piece.path), piece.size)),
        );
        if (!whole.includes(true)) return false;
      }
      return true;
    },
    async sync(spans) {
      const touched = new Set(spans.flatMap((span) => filesOfSpan(starts, span).map(({ file }) => file)));
      const folders = new Set<string>();
      const fresh = [...touched].filter((index) => !named.has(index));
      for (const index of fresh)
        for (const folder of foldersOf(partial, fileAt(files, index).path)) folders.add(folder);
      await each([...touched], (index) => syncFile(fileAt(files, index)));
      // The names too, once: a file that was made must be found again.
      if (fresh.length > 0)
        for (const folder of [output, ...folders]) if (await exists(folder)) await syncFolder(folder);
      for (const index of fresh) named.add(index);
    },
    async finish() {
      const folders = new Set<string>();
      const groups = byFolder(files.filter((_, index) => isWanted(index)));
      await each(groups, (group) => giveNames(group, folders), FOLDERS_AT_ONCE);
      await each([output, ...folders], syncFolder);
      await removeFolders(partial, madeFolders, files);
    },
    async discard(spans, isKept) {
      const touched = new Set(spans.flatMap((span) => filesOfSpan(starts, span).map(({ file }) => file)));
      const held = heldFolders();
      try {
        for (const index of touched) {
          const { path } = fileAt(files, index);
          if (isKept(index) || !(await exists(join(partial, path)))) continue;
          await unlink(await held.entry(join(partial, dirname(path)), basename(path)));
        }
      } finally {
        await held.close();
      }
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
  await each(byFolder(files), async (group) => {
    const [first] = group;
    // Where the folder is missing, so is all that would be in it.
    if (!first || !(await exists(join(folder, dirname(first.path))))) return;
    await each(group, async ({ path }) => {
      if (await exists(join(folder, path))) throw wouldOverwrite(path);
    });
  });
}

function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width: number = AT_ONCE,
): Promise<void> {
  return inOrder(items.length, width, async (index) => () => work(items[index] as T));
}

function byFolder(files: readonly SizedFile[]): SizedFile[][] {
  const groups = new Map<string, SizedFile[]>();
  for (const file of files) {
    const group = groups.get(dirname(file.path));
    if (group) group.push(file);
    else groups.set(dirname(file.path), [file]);
  }
  return [...groups.values()];
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
