import type { Manifest } from './manifest.ts';

/**
 * A dataset's description in Croissant 1.0 (mlcommons.org/croissant/1.0), which is JSON-LD of a schema.org Dataset: what
 * catalogues and the loaders of machine learning read. Creator and date of publication, which Croissant asks for too, are
 * not in a manifest and are not made up.
 */
export interface CroissantPlace {
  /** The dataset's id, hex. */
  readonly manifestId: string;
  /** The way from the description to the dataset's folder: '' where it lies in it. */
  readonly base: string;
  /** Where the dataset is for sale. */
  readonly url?: string;
}

const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  dct: 'http://purl.org/dc/terms/',
  sc: 'https://schema.org/',
};

/** By the end of a file's name; anything else is bytes. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  avro: 'application/vnd.apache.avro',
  csv: 'text/csv',
  gz: 'application/gzip',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  jsonl: 'application/jsonl',
  md: 'text/markdown',
  parquet: 'application/vnd.apache.parquet',
  pdf: 'application/pdf',
  png: 'image/png',
  tar: 'application/x-tar',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  xml: 'application/xml',
  zip: 'application/zip',
};

/** The description in pieces of text, one a file: a dataset may have half a million of them. */
export function* croissantLines(manifest: Manifest, place: CroissantPlace): Generator<string> {
  const { name, description, licence, files } = manifest;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const head = JSON.stringify({
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name,
    ...(description !== '' && { description }),
    ...(licence !== '' && { license: licence }),
    ...(place.url !== undefined && { url: place.url }),
    identifier: `sha256:${place.manifestId}`,
    contentSize: `${bytes} B`,
  });
  yield `${head.slice(0, -1)},"distribution":[\n`;
  for (const [index, file] of files.entries()) {
    yield `${index === 0 ? '' : ',\n'}${JSON.stringify(fileObject(file, place))}`;
  }
  yield '\n]}\n';
}

function fileObject(file: Manifest['files'][number], { base }: CroissantPlace) {
  // Both are IRIs, and a path has any letter of any script.
  const address = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    '@type': 'cr:FileObject',
    '@id': address,
    name: file.path,
    contentUrl: `${base}${address}`,
    contentSize: `${file.size} B`,
    encodingFormat: mediaType(file.path),
    ...('sha256' in file && { sha256: file.sha256 }),
  };
}

function mediaType(path: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return MEDIA_TYPES[ending] ?? 'application/octet-stream';
}
