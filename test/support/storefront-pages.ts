import type { Manifest } from '../../shared/dataset/manifest.ts';
import type { Assets } from '../../shared/pages/frame.ts';
import type { Site } from '../../shared/pages/site.ts';
import type { Dataset } from '../../shared/store/dataset-record.ts';

/** What a page is made of, for tests. */
export const SITE: Site = {
  bucket: 'pages',
  url: 'https://d111.cloudfront.example',
  shopUrl: 'https://api.example',
  dataUrl: 'https://data.example',
  network: 'mainnet',
  chainUrls: ['https://one.example/api', 'https://two.example/api'],
};

export const ASSETS: Assets = {
  style: '/assets/style-1.css',
  purchase: '/assets/purchase-1.js',
  worker: '/assets/worker-1.js',
};

export const DATASET: Dataset = {
  manifest: 'ab'.repeat(32),
  folder: 'cd'.repeat(16),
  name: 'weather-2025',
  description: 'Hourly temperature at 4,812 stations, checked against the neighbours of each.',
  licence: 'CC-BY-4.0',
  totalSize: 21 * 2 ** 20,
  chunkSize: 8 * 2 ** 20,
  manifestSignature: '',
  manifestVersion: '',
  pricePerChunk: 5_000n,
};

export const FILES: Pick<Manifest, 'files'> = {
  files: [
    { path: 'a/temperature.parquet', size: 20 * 2 ** 20 },
    { path: 'README.md', size: 2 ** 20 },
  ],
};
