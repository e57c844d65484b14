import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { bucketContent } from '../../client/seller/bucket-content.ts';
import type { Publication, PublishPorts } from '../../client/seller/offer-dataset.ts';
import { type PublishRequest, publish } from '../../client/seller/publish.ts';
import { s3Client } from '../../shared/dataset/s3-objects.ts';
import { s3ObjectSource } from '../../shared/dataset/s3-source.ts';
import { IDENTITY, MIB, patterned, sha256 } from '../support/object-store.ts';
import { startTestShops, type TestShop, type TestShops } from '../support/test-shop.ts';

const SOURCE = 'archive';

let shops: TestShops;
let shop: TestShop;
let folder: string;
let read: number;

beforeAll(async () => {
  shops = await startTestShops();
});
afterAll(() => shops.end());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-publish-'));
  shop = await shops.shop(folder);
  await shop.store.client.send(new CreateBucketCommand({ Bucket: SOURCE }));
  read = 0;
});
afterEach(async () => {
  await shop.end();
  await rm(folder, { recursive: true, force: true });
});

const put = (Key: string, Body: Uint8Array) =>
  shop.store.client.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body }));

async function sell(
  from: string,
  request: Partial<PublishRequest> = {},
  objects: PublishPorts['objects'] = shop.ports.objects,
): Promise<Publication> {
  const client = s3Client({ endpoint: shop.store.store.url, region: IDENTITY.region, credentials: IDENTITY });
  const source = s3ObjectSource(client);
  const counting: typeof source = {
    ...source,
    read(object, offset, target) {
      read += target.length;
      return source.read(object, offset, target);
    },
  };
  try {
    const content = await bucketContent(from, counting, objects);
    return await publish({ pricePerChunk: 5_000n, ...request }, content, { ...shop.ports, objects });
  } finally {
    client.destroy();
  }
}

const described = (bytes: Uint8Array) => `${bytes.length} bytes, ${sha256(bytes).toString('hex')}`;

test('one object is copied by the store, not a byte of it passes here', async () => {
  const bytes = patterned(37 * MIB + 5, 40);
  await put('weather/2025.bin', bytes);
  const dry = await sell(`s3://${SOURCE}/weather/2025.bin`, { chunkSize: 16 * MIB, dryRun: true });
  expect(dry).toMatchObject({
    outcome: 'dry-run',
    name: '2025.bin',
    chunks: 3,
    estimate: { transferred: 0 },
  });
  expect(dry.manifest).toBeUndefined();
  const result = await sell(`s3://${SOURCE}/weather/2025.bin`, { chunkSize: 16 * MIB });
  expect([result.outcome, read, shop.uploadedParts()]).toEqual(['published', 0, 0]);
  const { manifest, files } = await shop.fetchDataset(result.manifest ?? '');
  expect(files).toEqual(new Map([['2025.bin', described(bytes)]]));
  // Nobody here has read the file, so nobody says its hash.
  expect(manifest.format).toBe('spillway-manifest/1');
});

test('where objects meet, and of small ones, segments are read and sent; all else is copied', async () => {
  const objects = new Map([
    ['a.bin', patterned(11 * MIB, 41)],
    ['empty', new Uint8Array(0)],
    ['sub/größe', patterned(3 * MIB, 42)],
    ['sub/z', patterned(12 * MIB + 3, 43)],
  ]);
  for (const [path, bytes] of objects) await put(`data/${path}`, bytes);
  await put('data/', new Uint8Array(0));
  await put('database', patterned(10, 44));
  const from = `s3://${SOURCE}/data/`;
  const chunkSize = 5 * MIB;
  // In 5 MiB: a, a, the rest of a with all of sub/größe and the beginning of sub/z, and three of sub/z.
  const { estimate } = await sell(from, { chunkSize, dryRun: true });
  expect(estimate?.transferred).toBe(5 * MIB);
  const result = await sell(from, { chunkSize });
  expect(result).toMatchObject({ outcome: 'published', name: 'data', files: 4, chunks: 6 });
  expect([read, shop.uploadedParts()]).toEqual([5 * MIB, 1]);
  const { files } = await shop.fetchDataset(result.manifest ?? '');
  expect(files).toEqual(new Map([...objects].map(([path, bytes]) => [path, described(bytes)])));
});

test('an object that changes meanwhile ends it, and nothing is for sale', async () => {
  await put('a', patterned(16 * MIB, 45));
  const { copyPart, ...objects } = shop.ports.objects;
  let copied = 0;
  const changing: typeof copyPart = async (...parameters) => {
    if (++copied === 2) await put('a', patterned(16 * MIB, 46));
    return copyPart(...parameters);
  };
  await expect(
    sell(`s3://${SOURCE}/a`, { chunkSize: 5 * MIB }, { ...objects, copyPart: changing }),
  ).rejects.toThrow(`s3://${SOURCE}/a changed while it was published`);
  expect(await shop.datasets.list()).toEqual([]);
  expect(await shop.unfinishedUploads()).toEqual([]);
});

test('after an interruption nothing is copied twice', async () => {
  await put('a', patterned(21 * MIB, 47));
  const { copyPart, ...objects } = shop.ports.objects;
  let copied = 0;
  const failing: typeof copyPart = async (...parameters) => {
    if (copied === 2) throw new Error('the line is cut');
    copied++;
    return copyPart(...parameters);
  };
  const from = `s3://${SOURCE}/a`;
  await expect(sell(from, { chunkSize: 5 * MIB }, { ...objects, copyPart: failing })).rejects.toThrow('cut');
  let again = 0;
  const counting: typeof copyPart = async (...parameters) => {
    again++;
    return copyPart(...parameters);
  };
  const result = await sell(from, { chunkSize: 5 * MIB }, { ...objects, copyPart: counting });
  expect([result.outcome, copied + again]).toEqual(['published', 5]);
});

test.each([
  ['s3:/archive/a', 'is not of the form s3://bucket/key or s3://bucket/prefix/'],
  ['s3://Archive/a', 'is not of the form s3://bucket/key or s3://bucket/prefix/'],
  ['s3://archive/none', 's3://archive/none is not there; a prefix ends in a slash'],
  ['s3://archive/none/', 'there is not one byte to sell in s3://archive/none/'],
  ['s3://archive/bad/', 'path "x//y" has an empty component'],
])('%s is refused', async (from, reason) => {
  await put('bad/x//y', patterned(1, 48));
  await expect(sell(from)).rejects.toThrow(reason);
});
