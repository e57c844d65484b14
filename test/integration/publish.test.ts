import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PublishPorts } from '../../client/seller/offer-dataset.ts';
import { PublishRefused } from '../../client/seller/publish-error.ts';
import { MIB, patterned } from '../support/object-store.ts';
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
    expect(manifest).toMatchObject({
      format: 'spillway-manifest/2',
      name: 'Many',
      description: 'all kinds',
      licence: 'CC0-1.0',
    });
    expect(await shop.datasets.get(result.manifest)).toMatchObject({
      folder: result.folder,
      pricePerChunk: 5_000n,
      totalSize: result.bytes,
      chunkSize: 5 * MIB,
    });
    expect(await shop.unfinishedUploads()).toEqual([]);
    const beside = (await shop.objects()).filter((key) => !key.includes('/chunks/'));
    const names = ['SHA256SUMS', 'croissant.json', 'manifest.json'];
    expect(beside).toEqual(names.map((name) => `datasets/${result.folder}/${name}`));
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
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
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

  test('puts back on sale what was taken off, and uploads nothing', async () => {
    const first = await sell();
    await shop.datasets.takeOffSale(first.manifest);
    expect(await sell({ pricePerChunk: 6_000n })).toEqual({
      ...first,
      outcome: 'back-on-sale',
      pricePerChunk: 6_000n,
    });
    const [dataset, ...more] = await shop.datasets.list();
    expect([dataset?.manifest, dataset?.forSaleUntil, more]).toEqual([first.manifest, undefined, []]);
    expect(shop.uploadedParts()).toBe(3);
  });

  test('other content under a name that is for sale is refused, before anything is uploaded', async () => {
    const first = await sell();
    await writeFile(join(source, 'data.bin'), patterned(11 * MIB, 5));
    const refusal = new PublishRefused(
      `"source" is the name of a dataset with other content or another description that is for sale: publish under another --name, or take that one off sale first with: spillway unpublish ${first.manifest}`,
    );
    await expect(sell()).rejects.toThrow(refusal);
    await expect(sell({ dryRun: true })).rejects.toThrow(refusal);
    await expect(sell({ description: 'the same bytes' })).rejects.toThrow(refusal);
    expect(shop.uploadedParts()).toBe(3);
    const second = await sell({ name: 'other' });
    expect((await shop.datasets.list()).length).toBe(2);
    expect((await shop.fetchDataset(second.manifest)).files).toEqual(await readFolder(source));
  });

  test('a name that is off sale may have other content', async () => {
    const first = await sell();
    await shop.datasets.takeOffSale(first.manifest);
    await writeFile(join(source, 'data.bin'), patterned(11 * MIB, 5));
    const second = await sell();
    expect(second.outcome).toBe('published');
    expect(second.manifest).not.toBe(first.manifest);
    // Back again it may not come now.
    await writeFile(join(source, 'data.bin'), patterned(11 * MIB, 4));
    await expect(sell()).rejects.toThrow('publish under another --name');
  });

  test('a name that is taken while the bytes are under way is refused at the end, and costs no byte again', async () => {
    const other = await emptyFolder(join(folder, 'other'));
    await writeFile(join(other, 'x'), 'x');
    const interfering = afterPart(shop.ports.objects, 2, () => sell({ source: other, name: 'source' }));
    await expect(sell({}, interfering)).rejects.toThrow('publish under another --name');
    const before = shop.uploadedParts();
    const result = await sell({ name: 'mine' });
    expect(shop.uploadedParts()).toBe(before);
    expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  });

  test('where another publication of the same content was quicker, that one is for sale', async () => {
    let other: { manifest: string; folder?: string } | undefined;
    const interfering = afterPart(shop.ports.objects, 2, async () => {
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
  const refused = async (reason: string, request: Partial<PathRequest> = {}) => {
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
    await refused('nobody could buy: by its policy this shop opens channels at 1139 to 100000000', {
      pricePerChunk: 1_138n,
    });
    await refused('chunks are from 5 MiB to 5 GiB', { chunkSize: 4 * MIB });
    await refused('chunks of more than 16 MiB are a multiple of 16 MiB', { chunkSize: 17 * MIB });
    await refused('the dataset needs a name', { name: '' });
    await refused('the description is longer than 10000 characters', { description: 'x'.repeat(10_001) });
  });
});
