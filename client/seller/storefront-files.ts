import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import type { Assets } from '../../shared/pages/frame.ts';

/** Beside the parts of the built command, where this code lies too: `scripts/build.mjs` puts it there. */
const BUILT = fileURLToPath(new URL('./storefront/', import.meta.url));
const NAMES = 'assets.json';

export interface StorefrontFiles {
  readonly assets: Assets;
  /** Where each lies on the site, and its bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

/** The built style and scripts of the storefront, on the site under `/assets/`. */
export async function storefrontFiles(folder = BUILT): Promise<StorefrontFiles> {
  const schema = v.strictObject({ style: v.string(), purchase: v.string(), worker: v.string() });
  const assets = v.parse(schema, JSON.parse(await readFile(join(folder, NAMES), 'utf8')));
  const names = (await readdir(folder)).filter((name) => name !== NAMES);
  const files = names.map(async (name) => ({
    path: pathOf(name),
    bytes: await readFile(join(folder, name)),
  }));
  return {
    assets: { style: pathOf(assets.style), purchase: pathOf(assets.purchase), worker: pathOf(assets.worker) },
    files: await Promise.all(files),
  };
}

function pathOf(name: string): string {
  return `/assets/${name}`;
}
