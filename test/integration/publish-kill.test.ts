import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { buildSync } from 'esbuild';
import { MIB, patterned } from '../support/object-store.ts';
import { startStallingProxy } from '../support/stalling-proxy.ts';
import { startTestShops, type TestShop, type TestShops } from '../support/test-shop.ts';

/** Two chunks: one of two parts and one of one, and no more bytes than that takes. */
const BYTES = patterned(32 * MIB + 3, 51);
const CHUNK_SIZE = '32MiB';

let folder: string;
let program: string;
let shops: TestShops;
let shop: TestShop;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-kill-'));
  program = join(folder, 'publish.cjs');
  const entryPoints = [join(__dirname, '../support/publish-process.ts')];
  buildSync({
    entryPoints,
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  await writeFile(join(folder, 'data.bin'), BYTES);
  shops = await startTestShops();
});
afterAll(async () => {
  await shops.end();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  shop = await shops.shop(folder);
});
afterEach(() => shop.end());

/** A shop's folder that sends its seller through a proxy. */
async function shopFolder(name: string, objectsUrl: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  const lines = Object.entries(shop.environment(objectsUrl)).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(path, 'shop.env'), lines.join(''), { mode: 0o600 });
  return path;
}

const start = (parameters: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--no-warnings', program, ...parameters], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
  });

async function outputOf({ stdout }: ChildProcess): Promise<string> {
  return stdout ? text(stdout) : '';
}

type Kind = (message: IncomingMessage) => boolean;
const isPart: Kind = ({ method, url }) => method === 'PUT' && url?.includes('partNumber=') === true;
const isBegin: Kind = ({ method, url }) => method === 'POST' && url?.includes('?uploads') === true;
const isEnd: Kind = ({ method, url }) => method === 'POST' && url?.includes('uploadId=') === true;
const isLook: Kind = ({ method, url }) => method === 'GET' && url?.includes('?attributes') === true;
const isManifest: Kind = ({ method, url }) => method === 'PUT' && url?.includes('manifest.json') === true;

const lengthOf = (message: IncomingMessage): number => Number(message.headers['content-length']);

/** Every kind of request, each asked for and not done, and done and not heard of. */
const KINDS: readonly (readonly [name: string, kind: Kind, counts: readonly number[]])[] = [
  ['beginning a chunk', isBegin, [2]],
  ['sending a part', isPart, [3]],
  ['completing a chunk', isEnd, [1]],
  ['looking at a chunk', isLook, [2]],
  ['writing the manifest', isManifest, [1]],
];
const POINTS = KINDS.flatMap(([name, kind, counts]) =>
  counts.flatMap((count) =>
    ([true, 'answer'] as const).map((stall) => ({
      name: `${name}, number ${count}, ${stall === true ? 'not done' : 'done but not heard of'}`,
      stalls: () => {
        let seen = 0;
        return (message: IncomingMessage) => kind(message) && ++seen === count && stall;
      },
    })),
  ),
);

test.each(POINTS.map((point, index) => [point.name, point.stalls, `shop-${index}`] as const))(
  'killed while %s: no part that was acknowledged is sent again',
  async (_, stalls, name) => {
    let acknowledged = 0;
    const proxy = await startStallingProxy(shop.store.store.url, stalls(), (message) => {
      if (isPart(message)) acknowledged += lengthOf(message);
    });
    const path = await shopFolder(name, proxy.url);
    const command = [
      join(folder, 'data.bin'),
      '--price',
      '5000',
      '--chunk-size',
      CHUNK_SIZE,
      '--shop',
      path,
      '--json',
    ];
    const killed = start(command);
    await proxy.stalled;
    killed.kill('SIGKILL');
    await once(killed, 'close');
    await proxy.stop();
    expect(await shop.datasets.list()).toEqual([]);

    let sent = 0;
    const counting = await startStallingProxy(shop.store.store.url, (message) => {
      if (isPart(message)) sent += lengthOf(message);
      return false;
    });
    await shopFolder(name, counting.url);
    const going = start(command);
    const [stdout] = await Promise.all([outputOf(going), once(going, 'close')]);
    await counting.stop();
    expect(sent).toBeLessThanOrEqual(BYTES.length - acknowledged);
    const { manifest } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    const { files } = await shop.fetchDataset(manifest);
    expect([...files.values()][0]).toMatch(`${BYTES.length} bytes`);
    expect(await shop.unfinishedUploads()).toEqual([]);
    expect(await readdir(join(path, 'publishing'))).toEqual([]);
  },
);

test('a stream that is killed leaves uploads, which the next one of its name gives up', async () => {
  const command = (path: string) =>
    [
      '-',
      '--name',
      'stream.bin',
      '--price',
      '5000',
      '--chunk-size',
      '5MiB',
      '--shop',
      path,
      '--json',
    ] as const;
  const proxy = await startStallingProxy(shop.store.store.url, (message) => isEnd(message));
  const path = await shopFolder('stream', proxy.url);
  const killed = start(command(path));
  killed.stdin?.end(BYTES.subarray(0, 12 * MIB));
  await proxy.stalled;
  killed.kill('SIGKILL');
  await once(killed, 'close');
  await proxy.stop();
  expect((await shop.unfinishedUploads()).length).toBe(3);

  await shopFolder('stream', shop.store.store.url);
  const again = start(command(path));
  again.stdin?.end(BYTES.subarray(0, 12 * MIB));
  const [stdout] = await Promise.all([outputOf(again), once(again, 'close')]);
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(result).toMatchObject({ outcome: 'published', name: 'stream.bin', bytes: 12 * MIB, chunks: 3 });
  expect(await shop.unfinishedUploads()).toEqual([]);
});
