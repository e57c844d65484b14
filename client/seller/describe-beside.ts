import { createHash } from 'node:crypto';
import { checksumLines } from '../../shared/dataset/checksum-list.ts';
import { croissantLines } from '../../shared/dataset/croissant.ts';
import { hashedFiles, type Manifest } from '../../shared/dataset/manifest.ts';
import { checksumsKey, croissantKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectUploader } from '../../shared/dataset/objects.ts';

/**
 * Puts beside a dataset's objects what common tools read of it: lines for `sha256sum -c` and a description in Croissant, for
 * the seller's own pages. Buyers need neither, they make them of the manifest that they have checked.
 * @param id the dataset's, hex
 */
export async function describeBeside(
  objects: Pick<ObjectUploader, 'put'>,
  folder: string,
  manifest: Manifest,
  id: string,
): Promise<void> {
  const hashed = hashedFiles(manifest);
  if (hashed) await putText(objects, checksumsKey(folder), checksumLines(hashed));
  await putText(objects, croissantKey(folder), croissantLines(manifest, { manifestId: id, base: '' }));
}

async function putText(objects: Pick<ObjectUploader, 'put'>, key: string, lines: Iterable<string>) {
  const bytes = Buffer.from([...lines].join(''));
  await objects.put(key, bytes, createHash('sha256').update(bytes).digest());
}
