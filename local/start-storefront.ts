import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { storefrontFiles } from '../client/seller/storefront-files.ts';
import { writeStorefront } from '../client/seller/write-storefront.ts';
import { s3SiteStore } from '../shared/dataset/s3-site.ts';
import { s3ObjectSource } from '../shared/dataset/s3-source.ts';
import type { Site } from '../shared/pages/site.ts';
import { dynamoDatasets } from '../shared/store/dynamo-datasets.ts';
import { startEsploraFacade } from './chain/esplora-facade.ts';
import type { LocalServer } from './listen.ts';
import { startPageServer } from './page-server.ts';

export const STOREFRONT_BUCKET = 'spillway-storefront';

export interface LocalStorefrontOptions {
  readonly shopUrl: string;
  readonly dataUrl: string;
  /** The chain's node, credentials included. */
  readonly chainUrl: string;
  readonly ports: { readonly pages: number; readonly esplora: number };
  readonly client: S3Client;
  readonly table: { readonly client: DynamoDBClient; readonly name: string };
  readonly datasetBucket: string;
}

export interface LocalStorefront {
  readonly site: Site;
  readonly ports: { readonly pages: number; readonly esplora: number };
  stop(): Promise<void>;
}

/** The shop's pages on an address of their own, and the chain as a browser can see it. */
export async function startStorefront(options: LocalStorefrontOptions): Promise<LocalStorefront> {
  const { shopUrl, dataUrl, client, table } = options;
  const esplora = await startEsploraFacade(options.chainUrl, options.ports.esplora);
  const chainUrls = [esplora.url];
  let site: Site = {
    bucket: STOREFRONT_BUCKET,
    url: shopUrl,
    shopUrl,
    dataUrl,
    network: 'regtest',
    chainUrls,
  };
  const server: LocalServer = await startPageServer(client, options.ports.pages, () => site);
  site = { ...site, url: server.url };
  await writeStorefront({
    site,
    pages: s3SiteStore(client, site.bucket),
    bucket: options.datasetBucket,
    source: s3ObjectSource(client),
    datasets: dynamoDatasets(table.client, table.name),
    built: await storefrontFiles(),
  });
  return {
    site,
    ports: { pages: server.port, esplora: esplora.port },
    async stop() {
      await Promise.all([server.stop(), esplora.stop()]);
    },
  };
}
