import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PublishPorts } from '../../client/seller/offer-dataset.ts';
import { publishStream, type StreamRequest } from '../../client/seller/publish-stream.ts';
import { MIB, patterned, sha256 } from '../support/object-store.ts';
import { afterPart, startTestShops, type TestShop, type TestShops } from '../support/test-shop.ts';

const BYTES = patterned(40 * MIB, 61);

let shops: TestShops;
let shop: TestShop;
let folder: string;

beforeAll(async () => {
  shops = await startTestShops();
});
afterAll(() => shops.end());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-publish-'));
  shop = await shops.shop(folder);
});
afterEach(async () => {
  await shop.end();
  await rm(folder, { recursive: true, force: true });
});

/** So many bytes in pieces as a pipe brings them, some of them empty; then the failure, if one is given. */
async function* pipe(length: number, failure?: Error): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < length; start += 700_001) {
    yield BYTES.subarray(start, Math.min(length, start + 700_001));
    yield new Uint8Array(0);
  }
  if (failure) throw failure;
}

const sell = (
  stream: AsyncIterable<Uint8Array>,
  request: Partial<StreamRequest> = {},
  ports: Partial<PublishPorts> = {},
) =>
  publishStream({ name: 'dump.bin', pricePerChunk: 5_000n, chunkSize: 5 * MIB, ...request }, stream, {
    ...shop.ports,
    ...ports,
  });

test.each([
  ['less than a chunk', 1, 5 * MIB, [1]],
  ['chunks without a rest', 10 * MIB, 5 * MIB, [1, 1]],
  ['chunks and a byte', 10 * MIB + 1, 5 * MIB, [1, 1, 1]],
  ['chunks of several segments', 37 * MIB, 32 * MIB, [2, 1]],
])('%s', async (_, length, chunkSize, segments) => {
  const dry = await sell(pipe(length), { chunkSize, dryRun: true });
  expect(await shop.objects()).toEqual([]);
  const result = await sell(pipe(length), { chunkSize });
  expect(result).toMatchObject({ outcome: 'published', bytes: length, files: 1, chunkSize });
  expect(result.manifest).toBe(dry.manifest);
  const { manifest, files } = await shop.fetchDataset(result.manifest ?? '');
  expect(manifest.chunks.map((chunk) => chunk.segments.length)).toEqual(segments);
  const expected = `${length} bytes, ${sha256(BYTES.subarray(0, length)).toString('hex')}`;
  expect(files).toEqual(new Map([['dump.bin', expected]]));
  expect(await readdir(join(folder, 'state'))).toEqual([]);
});

test('chunks of a gigabyte, where nobody says otherwise', async () => {
  const request = { name: 'dump.bin', pricePerChunk: 5_000n };
  const result = await publishStream(request, pipe(20 * MIB), shop.ports);
  expect(result).toMatchObject({ chunks: 1, chunkSize: 1024 * MIB, bytes: 20 * MIB });
});

test('never more than four segments are on their way, and the stream waits for them', async () => {
  let pulled = 0;
  let stored = 0;
  let most = 0;
  async function* counted() {
    for await (const piece of pipe(40 * MIB)) {
      pulled += piece.length;
      most = Math.max(most, pulled - stored);
      yield piece;
    }
  }
  const { putPart, ...objects } = shop.ports.objects;
  const slow: typeof putPart = async (target, bytes, hash) => {
    const tag = await putPart(target, bytes, hash);
    stored += bytes.length;
    return tag;
  };
  await sell(counted(), {}, { objects: { ...objects, putPart: slow } });
  // Four under way, one being filled, and a piece of the pipe.
  expect(most).toBeLessThanOrEqual(5 * 5 * MIB + 700_001);
});

type Failing = (cut: Error, ports: Partial<PublishPorts>) => Promise<unknown>;
test.each<[string, Failing]>([
  ['a stream that breaks off', (cut, ports) => sell(pipe(12 * MIB, cut), {}, ports)],
  [
    'a line to the store that is cut',
    (cut, ports) =>
      sell(pipe(30 * MIB), {}, { ...ports, ...afterPart(shop.ports.objects, 3, () => Promise.reject(cut)) }),
  ],
])('%s leaves nothing, and says that it cannot be gone on with', async (_, failing) => {
  const told: string[] = [];
  const onProgress = ({ type }: { readonly type: string }) => void told.push(type);
  await expect(failing(new Error('cut'), { onProgress })).rejects.toThrow('cut');
  expect(told.at(-1)).toBe('given-up');
  expect(await shop.unfinishedUploads()).toEqual([]);
  expect(await shop.objects()).toEqual([]);
  expect(await shop.datasets.list()).toEqual([]);
  expect(await readdir(join(folder, 'state'))).toEqual([]);
});

test.each<[string, Partial<StreamRequest>, string]>([
  [
    'a name that no file may have',
    { name: 'a:b' },
    'a stream is a file of the dataset\'s name, and "a:b" has one of the characters',
  ],
  ['a chunk size that does not do', { chunkSize: 4 * MIB }, 'chunks are from 5 MiB to 5 GiB'],
  ['a price that does not do', { pricePerChunk: 0n }, 'at 0 satoshis for a full chunk nobody could buy'],
])('%s is refused before a byte is read', async (_, request, reason) => {
  async function* untouched(): AsyncGenerator<Uint8Array> {
    yield await Promise.reject(new Error('it was read'));
  }
  await expect(sell(untouched(), request)).rejects.toThrow(reason);
});

test('a stream without a byte, and one under a name that is for sale', async () => {
  await expect(sell(pipe(0))).rejects.toThrow('there is not one byte to sell in the stream');
  await sell(pipe(1));
  await expect(sell(pipe(1))).rejects.toThrow('publish under another --name');
});
