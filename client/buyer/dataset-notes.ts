import { constants } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checksumLines } from '../../shared/dataset/checksum-list.ts';
import { croissantLines } from '../../shared/dataset/croissant.ts';
import { HASHED_MANIFEST_FORMAT, hashedFiles, type Manifest } from '../../shared/dataset/manifest.ts';
import { OWN_NAMES } from '../../shared/dataset/paths.ts';
import type { DatasetFiles } from './dataset-files.ts';
import { syncFolder } from './durable-files.ts';
import { isWhole, makeFolders, openNoFollow } from './safe-paths.ts';

/** What is saved beside the data for others' tools: paths relative to the output folder. */
export interface DatasetNotes {
  /** For `sha256sum -c`, run in the output folder; absent where the seller's manifest has no hashes of files. */
  readonly checksums?: string;
  /** The description in Croissant. */
  readonly description: string;
}

const FLUSH_CHARACTERS = 256 * 1024;

/** Where the notes of a dataset are: below a name that no dataset may use, apart from those of others in the same folder. */
export function notesOf(manifestId: string, manifest: Manifest): DatasetNotes {
  const folder = `${OWN_NAMES}/${manifestId.slice(0, 12)}`;
  const hashed = hashedFiles(manifest) !== undefined;
  return { ...(hashed && { checksums: `${folder}/SHA256SUMS` }), description: `${folder}/croissant.json` };
}

/**
 * Writes them anew.
 * @param output the output folder, resolved
 * @param url where the dataset was bought
 */
export async function writeNotes(
  output: string,
  manifestId: string,
  manifest: Manifest,
  url: string,
): Promise<void> {
  const { checksums, description } = notesOf(manifestId, manifest);
  await makeFolders(output, description, new Set());
  const hashed = hashedFiles(manifest);
  if (checksums !== undefined && hashed) await writeLines(join(output, checksums), checksumLines(hashed));
  const base = '../'.repeat(description.split('/').length - 1);
  await writeLines(join(output, description), croissantLines(manifest, { manifestId, base, url }));
}

/** The manifest without the files that were not bought. */
export async function whatIsThere(
  { output }: Pick<DatasetFiles, 'output'>,
  manifest: Manifest,
  isAsked: (file: number) => boolean,
): Promise<Manifest> {
  const there = new Set<string>();
  for (const [index, { path, size }] of manifest.files.entries()) {
    if (isAsked(index) && (await isWhole(join(output, path), size))) there.add(path);
  }
  if (there.size === manifest.files.length) return manifest;
  const kept = <F extends { readonly path: string }>(files: readonly F[]) =>
    files.filter(({ path }) => there.has(path));
  return manifest.format === HASHED_MANIFEST_FORMAT
    ? { ...manifest, files: kept(manifest.files) }
    : { ...manifest, files: kept(manifest.files) };
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const temporary = `${path}.new`;
  const file = await openNoFollow(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    let text = '';
    for (const line of lines) {
      text += line;
      if (text.length < FLUSH_CHARACTERS) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
