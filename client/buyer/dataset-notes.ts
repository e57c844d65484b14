import { checksumLines } from '../../shared/dataset/checksum-list.ts';
import { croissantLines } from '../../shared/dataset/croissant.ts';
import { HASHED_MANIFEST_FORMAT, hashedFiles, type Manifest } from '../../shared/dataset/manifest.ts';
import { OWN_NAMES } from '../../shared/dataset/paths.ts';
import type { OutputFiles } from './outputs.ts';

/** What is saved beside the data for others' tools: paths relative to the output folder. */
export interface DatasetNotes {
  /** For `sha256sum -c`, run in the output folder; absent where the seller's manifest has no hashes of files. */
  readonly checksums?: string;
  /** The description in Croissant. */
  readonly description: string;
}

/** Where the notes of a dataset are: below a name that no dataset may use, apart from those of others in the same folder. */
export function notesOf(manifestId: string, manifest: Manifest): DatasetNotes {
  const folder = `${OWN_NAMES}/${manifestId.slice(0, 12)}`;
  const hashed = hashedFiles(manifest) !== undefined;
  return { ...(hashed && { checksums: `${folder}/SHA256SUMS` }), description: `${folder}/croissant.json` };
}

/**
 * Writes them anew.
 * @param url where the dataset was bought
 */
export async function writeNotes(
  files: Pick<OutputFiles, 'writeNote'>,
  manifestId: string,
  manifest: Manifest,
  url: string,
): Promise<void> {
  const { checksums, description } = notesOf(manifestId, manifest);
  const hashed = hashedFiles(manifest);
  if (checksums !== undefined && hashed) await files.writeNote(checksums, checksumLines(hashed));
  const base = '../'.repeat(description.split('/').length - 1);
  await files.writeNote(description, croissantLines(manifest, { manifestId, base, url }));
}

/** The manifest without the files that were not bought. */
export async function whatIsThere(
  files: Pick<OutputFiles, 'isFinished'>,
  manifest: Manifest,
  isAsked: (file: number) => boolean,
): Promise<Manifest> {
  const there = new Set<string>();
  for (const [index, { path }] of manifest.files.entries()) {
    if (isAsked(index) && (await files.isFinished(index))) there.add(path);
  }
  if (there.size === manifest.files.length) return manifest;
  const kept = <F extends { readonly path: string }>(all: readonly F[]) =>
    all.filter(({ path }) => there.has(path));
  return manifest.format === HASHED_MANIFEST_FORMAT
    ? { ...manifest, files: kept(manifest.files) }
    : { ...manifest, files: kept(manifest.files) };
}
