import { writeFileSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { PublishPorts } from '../../client/seller/offer-dataset.ts';
import { PublishRefused } from '../../client/seller/publish-error.ts';
import { chunkKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectDescription } from '../../shared/dataset/objects.ts';
import { BUCKET, MIB, patterned } from '../support/object-store.ts';
import {
  afterPart,
  emptyFolder,
  type PathRequest,
  publishPath,
  readFolder,
  startTestShops,
  type TestShop,
  type TestShops,
} from '../support/test-shop.ts';

/** Made once: that takes longer than publishing it. */
const BYTES = patterned(20 * MIB + 1, 10);

let shops: TestShops;
let shop: TestShop;
let folder: string;
let source: string;

beforeAll(async () => {
  shops = await startTestShops();
});
afterAll(() => shops.end());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-publish-'));
  source = await emptyFolder(join(folder, 'source'));
  shop = await shops.shop(folder);
});
afterEach(async () => {
  await shop.end();
  await rm(folder, { recursive: true, force: true });
});

const sell = (request: Partial<PathRequest> = {}, ports: Partial<PublishPorts> = {}) =>
  publishPath({ source, pricePerChunk: 5_000n, ...request }, { ...shop.ports, ...ports });

describe('a source that changes while it is published', () => {
  beforeEach(async () => {
    await writeFile(join(source, 'a'), BYTES.subarray(0, 11 * MIB));
    await writeFile(join(source, 'b'), 'small');
  });

  test.each<[string, string, (path: string) => Promise<unknown>]>([
    ['a file that grew, behind what was read', 'a', (path) => appendFile(path, 'more')],
    ['a file that was written again at the same length', 'b', (path) => writeFile(path, 'other')],
    ['a file that was cut', 'a', (path) => truncate(path, 6 * MIB)],
    ['a file that was touched', 'a', (path) => utimes(path, 1, 1)],
  ])('%s', async (_, name, change) => {
    const location = join(source, name);
    await expect(
      sell(
        {},
        afterPart(shop.ports.objects, 1, () => change(location)),
      ),
    ).rejects.toThrow(new PublishRefused(`${location} changed while it was published`));
    expect(await shop.datasets.list()).toEqual([]);
    expect(await shop.unfinishedUploads()).toEqual([]);
    // The same command once the source is at rest.
    const result = await sell();
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('a dry run', async () => {
    const onProgress = ({ type }: { type: string }) =>
      type === 'bytes' && writeFileSync(join(source, 'b'), 'other');
    await expect(sell({ dryRun: true }, { onProgress })).rejects.toThrow('b changed while it was published');
  });

  test('a file that is gone', async () => {
    const remove = afterPart(shop.ports.objects, 1, () => rm(join(source, 'b')));
    await expect(sell({}, remove)).rejects.toThrow(PublishRefused);
    expect(await shop.datasets.list()).toEqual([]);
  });

  test('a file that became a link', async () => {
    const replace = afterPart(shop.ports.objects, 1, async () => {
      await rename(join(source, 'b'), join(folder, 'b'));
      await symlink(join(folder, 'b'), join(source, 'b'));
    });
    await expect(sell({}, replace)).rejects.toThrow(`${join(source, 'b')} changed while it was published`);
    expect(await shop.datasets.list()).toEqual([]);
  });
});

describe('a store that holds something else', () => {
  beforeEach(() => writeFile(join(source, 'data.bin'), BYTES.subarray(0, 20 * MIB)));

  /** What the store says of every object, changed. */
  const telling = (
    change: (said: ObjectDescription) => ObjectDescription | undefined,
  ): Partial<PublishPorts> => {
    const { describe, ...objects } = shop.ports.objects;
    return {
      objects: {
        ...objects,
        describe: async (...parameters) => {
          const said = await describe(...parameters);
          return said && change(said);
        },
      },
    };
  };
  const zeros = new Uint8Array(32);

  test('bytes that were swapped on their way are noticed by the hashes of the store', async () => {
    const { putPart, finishParts, ...objects } = shop.ports.objects;
    const swapping: PublishPorts['objects'] = {
      ...objects,
      putPart,
      // Another object takes the chunk's place, complete and with hashes of its own.
      async finishParts(key, upload, parts, composite) {
        await finishParts(key, upload, parts, composite);
        const other = await objects.startParts(key);
        const bytes = patterned(5 * MIB, 9);
        const hash = Buffer.from(await crypto.subtle.digest('SHA-256', bytes));
        const tag = await putPart({ key, upload: other, number: 1 }, bytes, hash);
        const root = Buffer.from(await crypto.subtle.digest('SHA-256', hash));
        return finishParts(key, other, [{ tag, sha256: hash }], root);
      },
    };
    await expect(sell({ chunkSize: 5 * MIB }, { objects: swapping })).rejects.toThrow(
      /^chunk \d is not in the store as it was sent: segment 0 has another hash$/,
    );
    expect(await shop.datasets.list()).toEqual([]);
  });

  test.each<[string, (said: ObjectDescription) => ObjectDescription | undefined, string]>([
    ['no such object', () => undefined, 'there is no such object with SHA-256 of its parts'],
    ['another size', (said) => ({ ...said, size: 1 }), 'it has 1 bytes, not 20971520'],
    ['a part less', (said) => ({ ...said, parts: said.parts.slice(1) }), 'it has 1 parts, not 2'],
    [
      'parts of other sizes',
      (said) => ({ ...said, parts: said.parts.map((part) => ({ ...part, size: part.size + 1 })) }),
      'segment 0 has 16777217 bytes, not 16777216',
    ],
    [
      'another hash of the last part',
      (said) => ({
        ...said,
        parts: said.parts.map((part, index) => (index === 1 ? { ...part, sha256: zeros } : part)),
      }),
      'segment 1 has another hash',
    ],
    ['another root', (said) => ({ ...said, composite: zeros }), 'its root is another'],
  ])('%s', async (_, change, reason) => {
    await expect(sell({ chunkSize: 32 * MIB }, telling(change))).rejects.toThrow(
      new PublishRefused(`chunk 0 is not in the store as it was sent: ${reason}`),
    );
    expect(await shop.datasets.list()).toEqual([]);
  });

  test('the store refuses a part whose hash is not that of its bytes', async () => {
    const { putPart, ...objects } = shop.ports.objects;
    const spoiling: typeof putPart = (target, bytes) => putPart(target, bytes, zeros);
    await expect(sell({}, { objects: { ...objects, putPart: spoiling } })).rejects.toThrow(
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
    expect(await shop.objects()).toEqual([]);
  });
});

describe('after a failure', () => {
  beforeEach(() => writeFile(join(source, 'data.bin'), BYTES));
  const chunkSize = 5 * MIB;
  const broken = () => Promise.reject(new Error('the line is cut'));

  test('the next run sends only the parts that are missing', async () => {
    await expect(sell({ chunkSize }, afterPart(shop.ports.objects, 4, broken))).rejects.toThrow(
      'the line is cut',
    );
    const result = await sell({ chunkSize });
    // The fourth had arrived, though nobody heard of it.
    expect(shop.uploadedParts()).toBe(5);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
    expect(await shop.unfinishedUploads()).toEqual([]);
  });

  test('what the store loses meanwhile is begun again, and only that', async () => {
    const { abortParts } = shop.ports.objects;
    const upload = { objects: shop.ports.objects };
    // Of the second chunk one part is there already when the store forgets its upload.
    const losing: PublishPorts['objects'] = {
      ...upload.objects,
      async putPart(target, bytes, hash) {
        const lost = !losses.has(target.key) && target.key.endsWith('/1') && target.number === 2;
        if (lost) await abortParts(target.key, target.upload);
        if (lost) losses.add(target.key);
        return upload.objects.putPart(target, bytes, hash);
      },
    };
    const losses = new Set<string>();
    await writeFile(join(source, 'data.bin'), patterned(70 * MIB, 13));
    const result = await sell({ chunkSize: 32 * MIB }, { objects: losing });
    expect(losses.size).toBe(1);
    // Five parts, the one that was lost with its upload, and the one that found it lost.
    expect(shop.uploadedParts()).toBe(7);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
    expect(await shop.unfinishedUploads()).toEqual([]);
  });

  test('a store that loses every upload is not served for ever', async () => {
    const { putPart, abortParts, ...objects } = shop.ports.objects;
    const losing: typeof putPart = async (target, bytes, hash) => {
      await abortParts(target.key, target.upload);
      return putPart(target, bytes, hash);
    };
    await expect(
      sell({ chunkSize: 32 * MIB }, { objects: { ...objects, abortParts, putPart: losing } }),
    ).rejects.toThrow('the store has given the upload up');
    expect(await shop.datasets.list()).toEqual([]);
  });

  test('a chunk that is no longer in the store is uploaded again', async () => {
    const { objects } = shop.ports;
    await expect(sell({ chunkSize }, { objects: { ...objects, put: broken } })).rejects.toThrow(
      'the line is cut',
    );
    const keys = await shop.objects();
    expect(keys.length).toBe(5);
    const lost = chunkKey(keys[0]?.split('/')[1] ?? '', 3);
    // Deleting without a version would leave the version there, and it would rightly be used.
    const version = await versionOf(lost);
    await shop.store.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: lost, VersionId: version }));
    const before = shop.uploadedParts();
    const result = await sell({ chunkSize });
    expect(shop.uploadedParts() - before).toBe(1);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('a source that changed in between is uploaded anew', async () => {
    const { objects } = shop.ports;
    await expect(sell({ chunkSize }, { objects: { ...objects, put: broken } })).rejects.toThrow(
      'the line is cut',
    );
    await writeFile(join(source, 'data.bin'), patterned(20 * MIB + 1, 11));
    const before = shop.uploadedParts();
    const result = await sell({ chunkSize });
    expect(shop.uploadedParts() - before).toBe(5);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  const versionOf = async (key: string): Promise<string> => {
    const { VersionId } = await shop.store.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }));
    return VersionId ?? '';
  };
});
