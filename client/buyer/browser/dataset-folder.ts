/** Where a dataset's chunks lie in the page's own file system, each in a file named by its number. */

/** @param manifestId the folder is the dataset's, whoever sells it: what is in it is checked by the manifest's hashes alone */
export async function datasetFolder(manifestId: string): Promise<FileSystemDirectoryHandle> {
  return (await allDatasets()).getDirectoryHandle(manifestId, { create: true });
}

export async function removeDatasetFolder(manifestId: string): Promise<void> {
  await datasetFolder(manifestId);
  await (await allDatasets()).removeEntry(manifestId, { recursive: true });
}

export function chunkFileName(chunk: number): string {
  return chunk.toString();
}

/** A name of its own in the dataset's folder: paths have slashes. */
export function noteFileName(path: string): string {
  return `note ${path.replaceAll('/', ' ')}`;
}

/** @returns undefined where there is no such file */
export async function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

async function allDatasets(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle('spillway', { create: true });
}
