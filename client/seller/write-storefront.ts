import { bytesToHex } from '@noble/hashes/utils.js';
import { type Manifest, manifestId, parseManifest } from '../../shared/dataset/manifest.ts';
import { manifestKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectSource, SiteStore } from '../../shared/dataset/objects.ts';
import { inOrder } from '../../shared/in-order.ts';
import { cataloguePage } from '../../shared/pages/catalogue-page.ts';
import { datasetPage, type Sample } from '../../shared/pages/dataset-page.ts';
import { notFoundPage, robotsText, siteMap } from '../../shared/pages/other-pages.ts';
import { datasetPath, SAMPLE_NAME, type Site, samplesPath } from '../../shared/pages/site.ts';
import type { Dataset, DatasetStore } from '../../shared/store/dataset-record.ts';
import type { StorefrontFiles } from './storefront-files.ts';

export interface StorefrontPorts {
  readonly site: Site;
  readonly pages: SiteStore;
  /** The bucket of the datasets, and its reader: pages list the files of manifests. */
  readonly bucket: string;
  readonly source: Pick<ObjectSource, 'find' | 'list' | 'read'>;
  readonly datasets: Pick<DatasetStore, 'list'>;
  readonly built: StorefrontFiles;
}

/** Their names change with their content. */
const FOR_GOOD = 'public, max-age=31536000, immutable';
/** A price that was changed is seen within a minute; the old one still opens channels for an hour. */
const A_MINUTE = 'public, max-age=60';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
};
const PAGES_AT_ONCE = 4;

/**
 * Writes the storefront as the catalogue is now: what pages refer to before the pages, and each dataset's page before the
 * list that links to it. May be repeated at any time; two at once are the same seller's, and not kept apart.
 * @param changed the datasets whose pages are to be written, by their ids; by default all of them
 * @returns how many pages of datasets were written
 */
export async function writeStorefront(ports: StorefrontPorts, changed?: readonly string[]): Promise<number> {
  const { site, pages, datasets, built } = ports;
  const { assets, files } = built;
  const put = (path: string, content: string | Uint8Array, cache = A_MINUTE) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    return pages.put(path.slice(1), bytes, { type: typeOf(path), cache });
  };
  for (const { path, bytes } of files) await put(path, bytes, FOR_GOOD);
  const all = await datasets.list();
  const written = changed === undefined ? all : all.filter(({ manifest }) => changed.includes(manifest));
  await inOrder(written.length, PAGES_AT_ONCE, async (index) => {
    const dataset = written[index];
    if (!dataset) return undefined;
    const manifest = await readManifest(ports, dataset);
    const samples = await samplesOf(ports, dataset.manifest);
    return () => put(datasetPath(dataset.manifest), datasetPage(site, assets, dataset, manifest, samples));
  });
  await put('/not-found.html', notFoundPage(site, assets));
  await put('/robots.txt', robotsText(site));
  await put('/sitemap.xml', siteMap(site, all));
  await put('/index.html', cataloguePage(site, assets, all));
  return written.length;
}

/** The bucket itself says what there is; what has another kind of name was put there by somebody else. */
async function samplesOf({ site, source }: StorefrontPorts, manifest: string): Promise<Sample[]> {
  const folder = samplesPath(manifest).slice(1);
  const objects = await source.list(site.bucket, folder);
  const samples = objects.map(({ key, size }) => ({ name: key.slice(folder.length), size }));
  return samples.filter(({ name }) => SAMPLE_NAME.test(name));
}

/** A dataset's page has no ending. */
function typeOf(path: string): string {
  const ending = /\.([a-z]+)$/.exec(path)?.[1] ?? 'html';
  return TYPES[ending] ?? 'application/octet-stream';
}

async function readManifest({ bucket, source }: StorefrontPorts, dataset: Dataset): Promise<Manifest> {
  const object = await source.find(bucket, manifestKey(dataset.folder));
  if (!object) throw new Error(`the manifest of ${dataset.name} is gone`);
  const bytes = new Uint8Array(object.size);
  await source.read(object, 0, bytes);
  if (bytesToHex(manifestId(bytes)) !== dataset.manifest) {
    throw new Error(`the manifest of ${dataset.name} is another than was published`);
  }
  return parseManifest(bytes);
}
