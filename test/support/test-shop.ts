import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { fileContent } from '../../client/seller/file-content.ts';
import type { Publication, PublishPorts } from '../../client/seller/offer-dataset.ts';
import { type PublishRequest, publish } from '../../client/seller/publish.ts';
import { systemClock } from '../../shared/clock.ts';
import { fileStarts, filesOfSpan, segmentSpan } from '../../shared/dataset/layout.ts';
import { hashedFiles, type Manifest, parseManifest, verifyManifest } from '../../shared/dataset/manifest.ts';
import { chunkKey, manifestKey } from '../../shared/dataset/object-keys.ts';
import { OWN_NAMES } from '../../shared/dataset/paths.ts';
import { s3ObjectLinks } from '../../shared/dataset/presigned-links.ts';
import { s3Client, s3ObjectInspector } from '../../shared/dataset/s3-objects.ts';
import { s3ObjectUploader } from '../../shared/dataset/s3-uploads.ts';
import { seedSigner } from '../../shared/signer/seed-signer.ts';
import { chunkObjects } from '../../shared/store/chunk-objects.ts';
import type { SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { BUCKET, IDENTITY, startTestStore, type TestStore } from './object-store.ts';
import { PAYOUT_ADDRESS, PRICES } from './payout.ts';
import { availableTables, type RunningTables } from './tables.ts';

export const SELLER_SECRET = new Uint8Array(32).fill(5);

/** A shop's bucket and table, as a seller publishes into it. */
export interface TestShop {
  readonly store: TestStore;
  readonly table: string;
  readonly datasets: SellerDatasetStore;
  readonly ports: PublishPorts;
  /** Adds up over all publications with `ports`. */
  readonly uploadedParts: () => number;
  /** What the CLI needs to publish here. */
  environment(objectsUrl: string): Readonly<Record<string, string>>;
  /** Uploads that were begun and neither ended nor given up. */
  unfinishedUploads(): Promise<string[]>;
  /** Keys of all objects. */
  objects(): Promise<string[]>;
  /** A dataset as a buyer gets it: fetched by links, every hash checked, files put together again, as `readFolder` has them. */
  fetchDataset(manifest: string): Promise<{ manifest: Manifest; files: Map<string, string> }>;
  end(): Promise<void>;
}

export interface TestShops {
  /** A fresh shop in servers that are running. */
  shop(folder: string): Promise<TestShop>;
  end(): Promise<void>;
}

export async function startTestShops(): Promise<TestShops> {
  const [dynalite] = availableTables();
  if (!dynalite) throw new Error('dynalite is always there');
  const tables = await dynalite.start();
  return {
    shop: (folder) => startShop(tables, folder),
    end: () => tables.stop(),
  };
}

async function startShop(tables: RunningTables, folder: string): Promise<TestShop> {
  const [store, table] = await Promise.all([startTestStore(), tables.createTable()]);
  const client = s3Client({ endpoint: store.store.url, region: IDENTITY.region, credentials: IDENTITY });
  const datasets = dynamoDatasets(tables.client, table);
  const links = s3ObjectLinks(client, BUCKET, systemClock);
  const uploader = s3ObjectUploader(client, BUCKET);
  let parts = 0;
  const counted: typeof uploader.putPart = (...parameters) => {
    parts++;
    return uploader.putPart(...parameters);
  };

  const fetchObject = async (key: string, version: string): Promise<Buffer> => {
    const answer = await fetch((await links.link(key, version)).url);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };

  return {
    store,
    table,
    datasets,
    ports: {
      objects: { ...uploader, putPart: counted, ...s3ObjectInspector(client, BUCKET) },
      datasets,
      signer: seedSigner(SELLER_SECRET),
      prices: PRICES,
      shop: `${BUCKET} ${table}`,
      stateFolder: join(folder, 'state'),
    },
    uploadedParts: () => parts,

    environment: (objectsUrl) => ({
      SPILLWAY_NETWORK: 'regtest',
      SPILLWAY_TABLE: table,
      SPILLWAY_BUCKET: BUCKET,
      SPILLWAY_SELLER_SECRET: Buffer.from(SELLER_SECRET).toString('hex'),
      SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
      AWS_ENDPOINT_URL_S3: objectsUrl,
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_REGION: IDENTITY.region,
      AWS_ACCESS_KEY_ID: IDENTITY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: IDENTITY.secretAccessKey,
    }),

    async unfinishedUploads() {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
      return (Uploads ?? []).map(({ Key }) => Key ?? '');
    },

    async objects() {
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      return (Contents ?? []).map(({ Key }) => Key ?? '').sort();
    },

    async fetchDataset(id) {
      const dataset = await datasets.get(id);
      if (!dataset) throw new Error(`dataset ${id} is not there`);
      const bytes = await fetchObject(manifestKey(dataset.folder), dataset.manifestVersion);
      const manifest = parseManifest(bytes);
      const signature = Buffer.from(dataset.manifestSignature, 'hex');
      const sellerKey = await seedSigner(SELLER_SECRET).publicKey();
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(id);
      expect(verifyManifest(sellerKey, Buffer.from(id, 'hex'), signature)).toBe(true);

      const starts = fileStarts(manifest.files);
      const contents = manifest.files.map(({ size }) => Buffer.alloc(size));
      for (const [chunk, { segments }] of manifest.chunks.entries()) {
        const version = (await chunkObjects(datasets).locate(id, chunk))?.versionId ?? '';
        const object = await fetchObject(chunkKey(dataset.folder, chunk), version);
        for (const [segment, hash] of segments.entries()) {
          const span = segmentSpan(manifest, chunk, segment);
          const offset = segment * manifest.segmentSize;
          const segmentBytes = object.subarray(offset, offset + span.length);
          expect(createHash('sha256').update(segmentBytes).digest('hex')).toBe(hash);
          for (const piece of filesOfSpan(starts, span)) {
            segmentBytes.copy(
              contents[piece.file] ?? Buffer.alloc(0),
              piece.offset,
              piece.at,
              piece.at + piece.length,
            );
          }
        }
      }
      const stated = hashedFiles(manifest)?.map((file) => file.sha256);
      const found = contents.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
      expect(stated ?? found).toEqual(found);
      const named = manifest.files.map(({ path }, index): [string, string] => [
        path,
        contentOf(contents[index] ?? Buffer.alloc(0)),
      ]);
      return { manifest, files: new Map(named) };
    },

    async end() {
      client.destroy();
      await store.end();
    },
  };
}

export interface PathRequest extends PublishRequest {
  readonly source: string;
}

/** Publishes a file or a folder, whose id is always known. */
export async function publishPath(
  { source, ...request }: PathRequest,
  ports: PublishPorts,
): Promise<Publication & { readonly manifest: string }> {
  const result = await publish(request, await fileContent(source, ports.objects), ports);
  return { ...result, manifest: result.manifest ?? '' };
}

/** The objects of a shop, doing something once, right after so many parts are uploaded. */
export function afterPart(
  { putPart, ...objects }: PublishPorts['objects'],
  count: number,
  action: () => Promise<unknown>,
): Pick<PublishPorts, 'objects'> {
  let parts = 0;
  return {
    objects: {
      ...objects,
      putPart: async (...parameters) => {
        const tag = await putPart(...parameters);
        if (++parts === count) await action();
        return tag;
      },
    },
  };
}

/** Every file of a folder but the client's own notes, by its relative path, with its length and hash. */
export async function readFolder(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries.filter((each) => each.isFile())) {
    const location = join(entry.parentPath, entry.name);
    const path = location.slice(folder.length + 1);
    if (!path.startsWith(OWN_NAMES)) files.set(path, contentOf(await readFile(location)));
  }
  return files;
}

/** Short, because jest compares large buffers byte by byte. */
function contentOf(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An empty folder in place of whatever was there. */
export async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return path;
}
