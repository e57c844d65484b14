import { spawnSync } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { type PublishPorts, type PublishRequest, publish } from '../../client/seller/publish.ts';
import { PublishRefused } from '../../client/seller/publish-error.ts';
import { chunkKey } from '../../shared/dataset/object-keys.ts';
import type { ObjectDescription } from '../../shared/dataset/objects.ts';
import { BUCKET, MIB, patterned } from '../support/object-store.ts';
import {
  emptyFolder,
  readFolder,
  startTestShops,
  type TestShop,
  type TestShops,
} from '../support/test-shop.ts';

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

const sell = (request: Partial<PublishRequest> = {}, ports: Partial<PublishPorts> = {}) =>
  publish({ source, pricePerChunk: 5_000n, ...request }, { ...shop.ports, ...ports });

/** Does something once, right after so many parts are uploaded. */
const afterPart = (count: number, action: () => Promise<unknown>): Partial<PublishPorts> => {
  let parts = 0;
  const { putPart, ...objects } = shop.ports.objects;
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
};

describe('what is published is what a buyer gets', () => {
  test('a folder of many tiny files, empty ones, one large, and names of many scripts', async () => {
    await mkdir(join(source, 'tiny'));
    await mkdir(join(source, 'größe/深い'), { recursive: true });
    for (let index = 0; index < 200; index++)
      await writeFile(join(source, 'tiny', `${index}`), `file ${index}`);
    await writeFile(join(source, '.first-and-empty'), '');
    await writeFile(join(source, 'größe/深い/данные ☔.bin'), patterned(11 * MIB + 1, 1));
    await writeFile(join(source, 'größe/empty'), '');
    await writeFile(join(source, 'zz-last-and-empty'), '');
    const result = await sell({ name: 'Many', description: 'all kinds', licence: 'CC0-1.0' });
    expect(result).toMatchObject({
      outcome: 'published',
      name: 'Many',
      files: 204,
      chunks: 3,
      chunkSize: 5 * MIB,
    });
    const { manifest, files } = await shop.fetchDataset(result.manifest);
    expect(files).toEqual(await readFolder(source));
    expect(manifest).toMatchObject({ name: 'Many', description: 'all kinds', licence: 'CC0-1.0' });
    expect(await shop.datasets.get(result.manifest)).toMatchObject({
      folder: result.folder,
      pricePerChunk: 5_000n,
      totalSize: result.bytes,
      chunkSize: 5 * MIB,
    });
    expect(await shop.unfinishedUploads()).toEqual([]);
  });

  test('one file, in chunks of several segments, the last of each shorter', async () => {
    const file = join(source, 'data.bin');
    await writeFile(file, patterned(36 * MIB + 7, 2));
    const result = await sell({ source: file, chunkSize: 32 * MIB });
    expect(result).toMatchObject({ name: 'data.bin', files: 1, chunks: 2, bytes: 36 * MIB + 7 });
    const { manifest, files } = await shop.fetchDataset(result.manifest);
    expect(manifest.chunks.map(({ segments }) => segments.length)).toEqual([2, 1]);
    expect(files).toEqual(await readFolder(source));
  });

  test('one byte', async () => {
    await writeFile(join(source, 'x'), 'x');
    const result = await sell();
    expect(result).toMatchObject({ chunks: 1, chunkSize: 1 });
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('a name that the file system keeps decomposed is composed', async () => {
    await writeFile(join(source, 'u\u0308ber'), 'x');
    const { files } = await shop.fetchDataset((await sell()).manifest);
    expect([...files.keys()]).toEqual(['über']);
  });

  test('never more than four segments are in memory', async () => {
    await writeFile(join(source, 'data.bin'), patterned(30 * MIB, 3));
    let running = 0;
    let most = 0;
    const { putPart, ...objects } = shop.ports.objects;
    const watched: typeof putPart = async (...parameters) => {
      most = Math.max(most, ++running);
      const tag = await putPart(...parameters);
      running--;
      return tag;
    };
    await sell({ chunkSize: 5 * MIB }, { objects: { ...objects, putPart: watched } });
    expect(most).toBe(4);
  });
});

describe('publishing again', () => {
  beforeEach(() => writeFile(join(source, 'data.bin'), patterned(11 * MIB, 4)));

  test('answers the dataset there is, and uploads nothing', async () => {
    const first = await sell();
    const objects = await shop.objects();
    const again = await sell();
    expect(again).toEqual({ ...first, outcome: 'already-published' });
    expect(await shop.objects()).toEqual(objects);
    expect(shop.uploadedParts()).toBe(3);
  });

  test('at another price changes the price, and the old one holds for a while', async () => {
    const first = await sell();
    expect(await sell({ pricePerChunk: 6_000n })).toEqual({
      ...first,
      outcome: 'price-changed',
      pricePerChunk: 6_000n,
    });
    const dataset = await shop.datasets.get(first.manifest);
    expect(dataset?.pricePerChunk).toBe(6_000n);
    expect(dataset?.previousPrice?.pricePerChunk).toBe(5_000n);
    expect(shop.uploadedParts()).toBe(3);
  });

  test('other content of the same name and size is another dataset', async () => {
    const first = await sell();
    await writeFile(join(source, 'data.bin'), patterned(11 * MIB, 5));
    const second = await sell();
    expect(second.outcome).toBe('published');
    expect(second.manifest).not.toBe(first.manifest);
    expect((await shop.datasets.list()).length).toBe(2);
    expect((await shop.fetchDataset(second.manifest)).files).toEqual(await readFolder(source));
  });

  test('where another publication of the same content was quicker, that one is for sale', async () => {
    let other: { manifest: string; folder?: string } | undefined;
    const interfering = afterPart(2, async () => {
      other = await sell({}, { stateFolder: join(folder, 'elsewhere') });
    });
    const result = await sell({}, interfering);
    expect(other?.folder).toMatch(/^[0-9a-f]{32}$/);
    expect(result).toMatchObject({ outcome: 'already-published', folder: other?.folder });
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('a dry run tells the same id and leaves no trace', async () => {
    const dry = await sell({ dryRun: true });
    expect(dry.outcome).toBe('dry-run');
    expect(await shop.objects()).toEqual([]);
    expect(await shop.datasets.list()).toEqual([]);
    expect((await sell()).manifest).toBe(dry.manifest);
  });
});

describe('what is refused', () => {
  const refused = async (reason: string, request: Partial<PublishRequest> = {}) => {
    await expect(sell(request)).rejects.toThrow(PublishRefused);
    await expect(sell(request)).rejects.toThrow(reason);
    expect(await shop.objects()).toEqual([]);
    expect(await shop.datasets.list()).toEqual([]);
  };

  test('a link, to a file or a folder, or as the source itself', async () => {
    await writeFile(join(folder, 'secret'), 'key');
    await writeFile(join(source, 'x'), 'x');
    await symlink(join(folder, 'secret'), join(source, 'link'));
    await refused(`${join(source, 'link')} is a link; publish what it leads to instead`);
    await refused('is a link', { source: join(source, 'link') });
    await rm(join(source, 'link'));
    await symlink(folder, join(source, 'link'));
    await refused(`${join(source, 'link')} is a link; publish what it leads to instead`);
  });

  test('what is neither a file nor a folder', async () => {
    expect(spawnSync('mkfifo', [join(source, 'pipe')]).status).toBe(0);
    await refused(`${join(source, 'pipe')} is neither a file nor a folder`);
  });

  test('nothing to sell', async () => {
    await refused(`there is not one byte to sell in ${source}`);
    await writeFile(join(source, 'empty'), '');
    await refused(`there is not one byte to sell in ${source}`);
    await refused('nowhere is not there', { source: join(folder, 'nowhere') });
  });

  test('names that not every system can hold, or tell apart', async () => {
    await writeFile(join(source, 'a:b'), 'x');
    await refused('path "a:b" has one of the characters');
    await rename(join(source, 'a:b'), join(source, 'README'));
    await writeFile(join(source, 'readme'), 'x');
    await refused('path "readme" is there twice, case apart');
  });

  test('a name that is not UTF-8', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${source}/a`), Buffer.of(0xff)]), 'x');
    await refused('is not UTF-8');
  });

  test('a price, a chunk size or texts that do not do', async () => {
    await writeFile(join(source, 'data.bin'), patterned(11 * MIB, 6));
    await refused('the price is from 1 satoshi to 21 million bitcoin', { pricePerChunk: 0n });
    await refused('chunks are from 5 MiB to 5 GiB', { chunkSize: 4 * MIB });
    await refused('chunks of more than 16 MiB are a multiple of 16 MiB', { chunkSize: 17 * MIB });
    await refused('the dataset needs a name', { name: '' });
    await refused('the description is longer than 10000 characters', { description: 'x'.repeat(10_001) });
  });
});

describe('a source that changes while it is published', () => {
  beforeEach(async () => {
    await writeFile(join(source, 'a'), patterned(11 * MIB, 7));
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
        afterPart(1, () => change(location)),
      ),
    ).rejects.toThrow(new PublishRefused(`${location} changed while it was published`));
    expect(await shop.datasets.list()).toEqual([]);
    expect(await shop.unfinishedUploads()).toEqual([]);
    // The same command once the source is at rest.
    const result = await sell();
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('a file that is gone', async () => {
    const remove = afterPart(1, () => rm(join(source, 'b')));
    await expect(sell({}, remove)).rejects.toThrow(PublishRefused);
    expect(await shop.datasets.list()).toEqual([]);
  });

  test('a file that became a link', async () => {
    const replace = afterPart(1, async () => {
      await rename(join(source, 'b'), join(folder, 'b'));
      await symlink(join(folder, 'b'), join(source, 'b'));
    });
    await expect(sell({}, replace)).rejects.toThrow(`${join(source, 'b')} changed while it was published`);
    expect(await shop.datasets.list()).toEqual([]);
  });
});

describe('a store that holds something else', () => {
  beforeEach(() => writeFile(join(source, 'data.bin'), patterned(20 * MIB, 8)));

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
        const tag = await putPart(key, other, 1, bytes, hash);
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
    const spoiling: typeof putPart = (key, upload, number, bytes) =>
      putPart(key, upload, number, bytes, zeros);
    await expect(sell({}, { objects: { ...objects, putPart: spoiling } })).rejects.toThrow();
    expect(await shop.unfinishedUploads()).toEqual([]);
    expect(await shop.objects()).toEqual([]);
  });
});

describe('after a failure', () => {
  beforeEach(() => writeFile(join(source, 'data.bin'), patterned(20 * MIB + 1, 10)));
  const chunkSize = 5 * MIB;
  const broken = () => Promise.reject(new Error('the line is cut'));

  test('uploads are given up, and the next run uploads only what is missing', async () => {
    await expect(sell({ chunkSize }, afterPart(4, broken))).rejects.toThrow('the line is cut');
    expect(await shop.unfinishedUploads()).toEqual([]);
    const stored = (await shop.objects()).length;
    expect(stored).toBeGreaterThanOrEqual(1);
    const before = shop.uploadedParts();
    const result = await sell({ chunkSize });
    expect(shop.uploadedParts() - before).toBe(5 - stored);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
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
