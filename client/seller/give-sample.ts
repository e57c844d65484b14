import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SiteStore } from '../../shared/dataset/objects.ts';
import { MAX_SAMPLE_BYTES } from '../../shared/limits.ts';
import { SAMPLE_NAME, samplesPath } from '../../shared/pages/site.ts';
import { SellerError } from './seller-error.ts';

/** A file that a seller gives away, so that buyers see what the rest is like. */
export interface SampleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @throws SellerError usage where it can be no sample; before anything is published */
export async function readSample(path: string): Promise<SampleFile> {
  const name = basename(path);
  if (!SAMPLE_NAME.test(name)) {
    throw new SellerError(
      'usage',
      `The sample's name, ${name}, cannot stand in an address.`,
      'Nothing was published. Copy it under a name of letters, digits, dots, dashes and underscores.',
    );
  }
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_SAMPLE_BYTES) {
    throw new SellerError(
      'usage',
      `The sample, ${path}, is no file of at most ${MAX_SAMPLE_BYTES} bytes.`,
      'Nothing was published. A sample is given away, and every fetch of it costs the shop.',
    );
  }
  return { name, bytes: await readFile(path) };
}

/** It may change under the same name, so browsers ask again after a minute. May run twice. */
export async function giveSample(
  pages: SiteStore,
  manifest: string,
  { name, bytes }: SampleFile,
): Promise<void> {
  const key = `${samplesPath(manifest).slice(1)}${name}`;
  await pages.put(key, bytes, { type: 'application/octet-stream', cache: 'public, max-age=60' });
}
