import type { Manifest } from '../../shared/dataset/manifest.ts';
import { savedDataset } from '../buyer/browser/index.ts';
import { download } from './view.ts';

/** What TypeScript's types of a page do not have yet (https://wicg.github.io/file-system-access/). */
type Pickers = {
  readonly showDirectoryPicker?: (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
};

/** Whether a whole folder can be written; otherwise files are handed out one by one, as downloads. */
export function canWriteFolders(): boolean {
  return 'showDirectoryPicker' in window;
}

/**
 * Writes all files of a dataset into a folder that the person chooses.
 * @returns false where it chose none
 */
export async function saveIntoFolder(
  id: string,
  manifest: Manifest,
  onFile: (index: number) => void,
): Promise<boolean> {
  const root = await (window as Pickers)
    .showDirectoryPicker?.({ mode: 'readwrite' })
    .catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') return undefined;
      throw error;
    });
  if (!root) return false;
  const saved = savedDataset(id, manifest);
  for (const [index, { path }] of manifest.files.entries()) {
    onFile(index);
    const names = path.split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
    const handle = await folder.getFileHandle(names.at(-1) ?? '', { create: true });
    const target = await handle.createWritable();
    await (await saved.file(index)).stream().pipeTo(target);
  }
  return true;
}

/** Hands out one file as a download, under its own name without its folders. */
export async function saveFile(id: string, manifest: Manifest, index: number): Promise<void> {
  const name = manifest.files[index]?.path.split('/').at(-1) ?? 'file';
  download(await savedDataset(id, manifest).file(index), name);
}
