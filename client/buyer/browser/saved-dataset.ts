import { fileStarts, type SizedFile, type Span } from '../../../shared/dataset/layout.ts';
import { BuyerError } from '../errors.ts';
import { chunkFileName, datasetFolder, fileIn, noteFileName, removeDatasetFolder } from './dataset-folder.ts';

/** What was bought and checked, as the page hands it to the person. */
export interface SavedDataset {
  /**
   * A file of the dataset by its index: nothing of it is read before it is saved or sent on, so its size does not matter.
   * @throws BuyerError disk where not all of it is here
   */
  file(index: number): Promise<Blob>;
  /** What was written beside the files. @param path as the purchase's result names it */
  note(path: string): Promise<Blob | undefined>;
  /** Takes all of it away, once it is saved elsewhere. Buying the rest of it later would fetch it again, for nothing. */
  remove(): Promise<void>;
}

export function savedDataset(
  manifestId: string,
  manifest: { readonly files: readonly SizedFile[]; readonly chunkSize: number },
): SavedDataset {
  const starts = fileStarts(manifest.files);
  return {
    async file(index) {
      const [start = 0, end = 0] = starts.subarray(index, index + 2);
      const blob = await storedBytes(manifestId, manifest.chunkSize, { start, length: end - start });
      return blob ?? notHere(manifest.files[index]?.path ?? '');
    },
    note: async (path) => fileIn(await datasetFolder(manifestId), noteFileName(path)),
    remove: () => removeDatasetFolder(manifestId),
  };
}

/** A run of the dataset's bytes, out of the chunks it lies in; undefined where one of them is not here so far. */
export async function storedBytes(
  manifestId: string,
  chunkSize: number,
  { start, length }: Span,
): Promise<Blob | undefined> {
  const folder = await datasetFolder(manifestId);
  const parts: Blob[] = [];
  for (let at = start; at < start + length; ) {
    const chunk = Math.floor(at / chunkSize);
    const from = at - chunk * chunkSize;
    const to = Math.min(chunkSize, from + start + length - at);
    const stored = await fileIn(folder, chunkFileName(chunk));
    if (!stored || stored.size < to) return undefined;
    parts.push(stored.slice(from, to));
    at += to - from;
  }
  return new Blob(parts);
}

export function notHere(path: string): never {
  throw new BuyerError('disk', `${path} is not in this browser, or not all of it.`, {
    next: 'Go on with the purchase: what is paid is fetched again for nothing.',
  });
}
