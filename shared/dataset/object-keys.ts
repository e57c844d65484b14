/** Where a dataset's objects are in the bucket. */

const FOLDER = /^[0-9a-f]{32}$/;

/** @param folder 32 hex characters */
export function manifestKey(folder: string): string {
  return `datasets/${checked(folder)}/manifest.json`;
}

/** What travels with the data, for the seller to publish where it likes: no function hands it out. */
export function checksumsKey(folder: string): string {
  return `datasets/${checked(folder)}/SHA256SUMS`;
}

export function croissantKey(folder: string): string {
  return `datasets/${checked(folder)}/croissant.json`;
}

/** @param chunk the chunk's index in the dataset */
export function chunkKey(folder: string, chunk: number): string {
  if (!Number.isSafeInteger(chunk) || chunk < 0) throw new RangeError(`${chunk} is no chunk's number`);
  return `${chunksPrefix(folder)}${chunk}`;
}

/** What the keys of all chunks begin with. */
export function chunksPrefix(folder: string): string {
  return `datasets/${checked(folder)}/chunks/`;
}

function checked(folder: string): string {
  if (!FOLDER.test(folder)) throw new RangeError('a folder is 32 hex characters');
  return folder;
}
