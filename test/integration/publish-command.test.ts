import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { KMS_KEY, startKms } from '../support/kms-stand-in.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { startStallingProxy } from '../support/stalling-proxy.ts';
import { SITE } from '../support/storefront-pages.ts';
import {
  emptyFolder,
  readFolder,
  SELLER_SECRET,
  startTestShops,
  type TestShop,
  type TestShops,
} from '../support/test-shop.ts';

let bundles: string;
let program: string;
let shops: TestShops;
let shop: TestShop;
let folder: string;
let source: string;

beforeAll(async () => {
  bundles = await mkdtemp(join(tmpdir(), 'spillway-bundle-'));
  program = join(bundles, 'publish.cjs');
  const entryPoints = [join(__dirname, '../support/publish-process.ts')];
  buildSync({
    entryPoints,
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  shops = await startTestShops();
});
afterAll(async () => {
  await shops.end();
  await rm(bundles, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-publish-'));
  source = await emptyFolder(join(folder, 'source'));
  await writeFile(join(source, 'data.bin'), patterned(20 * MIB + 1, 12));
  shop = await shops.shop(folder);
});
afterEach(async () => {
  await shop.end();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing of this process's environment, so that what works does so by what was given. */
const start = (parameters: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(process.execPath, ['--no-warnings', program, ...parameters], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function run(parameters: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = start(parameters, env);
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    texts.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    texts.stderr += data;
  });
  const [code] = await once(child, 'close');
  return { code, ...texts };
}

async function writeShopFile(objectsUrl: string): Promise<string> {
  const lines = Object.entries(shop.environment(objectsUrl)).map(([name, value]) => `${name}=${value}\n`);
  const shopFolder = join(folder, 'shop');
  await mkdir(shopFolder, { recursive: true });
  await writeFile(join(shopFolder, 'shop.env'), lines.join(''), { mode: 0o600 });
  return shopFolder;
}

test('killed in the middle, the same command sends nothing that the store has', async () => {
  let completed = 0;
  // Four chunks go up side by side, so the last one is begun only after another is done and recorded.
  const proxy = await startStallingProxy(shop.store.store.url, ({ method, url }) => {
    const completes = method === 'POST' && url?.includes('uploadId=') === true;
    return completes && ++completed === 5;
  });
  const shopFolder = await writeShopFile(proxy.url);
  const command = [source, '--price', '5000', '--chunk-size', '5MiB', '--shop', shopFolder, '--json'];
  const killed = start(command);
  await proxy.stalled;
  killed.kill('SIGKILL');
  await once(killed, 'close');
  await proxy.stop();
  expect((await shop.unfinishedUploads()).length).toBeGreaterThanOrEqual(1);
  expect((await shop.objects()).length).toBeLessThanOrEqual(4);
  expect(await shop.datasets.list()).toEqual([]);

  let parts = 0;
  const counting = await startStallingProxy(shop.store.store.url, ({ method, url }) => {
    if (method === 'PUT' && url?.includes('partNumber=')) parts++;
    return false;
  });
  await writeShopFile(counting.url);
  const { code, stdout, stderr } = await run(command);
  await counting.stop();
  expect(stderr).toContain('going on where it was interrupted');
  expect(code).toBe(0);
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(result).toEqual({
    outcome: 'published',
    manifest: expect.stringMatching(/^[0-9a-f]{64}$/),
    folder: expect.stringMatching(/^[0-9a-f]{32}$/),
    name: 'source',
    files: 1,
    bytes: 20 * MIB + 1,
    chunks: 5,
    chunkSize: 5 * MIB,
    pricePerChunk: '5000',
  });
  expect(parts).toBe(0);
  expect((await shop.fetchDataset(result.manifest)).files).toEqual(await readFolder(source));
  expect(await shop.unfinishedUploads()).toEqual([]);
  expect(await readdir(join(shopFolder, 'publishing'))).toEqual([]);
});

test('a deployed shop is given by the outputs of its stack; its key signs where it is', async () => {
  const kms = await startKms(SELLER_SECRET);
  const { SPILLWAY_TABLE, SPILLWAY_BUCKET, SPILLWAY_PAYOUT_ADDRESS, AWS_REGION, ...environment } =
    shop.environment(shop.store.store.url);
  const outputs = join(folder, 'outputs.json');
  const stack = {
    Region: AWS_REGION,
    TableName: SPILLWAY_TABLE,
    BucketName: SPILLWAY_BUCKET,
    Storefront: JSON.stringify(SITE),
    SellerKeyVariable: `kms:${KMS_KEY}`,
    Network: 'regtest',
    PayoutAddress: SPILLWAY_PAYOUT_ADDRESS,
    Policy: '{}',
    ApiUrl1234: 'https://shop.example',
  };
  await writeFile(outputs, JSON.stringify({ Spillway: stack }));
  const parameters = [source, '--price', '7000', '--name', 'Näme', '--shop', outputs];
  // A shell may still name another shop: only what --shop says counts.
  const { code, stdout, stderr } = await run(parameters, {
    ...environment,
    SPILLWAY_TABLE: 'of-another-shop',
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
  });
  await kms.stop();
  expect(stderr).toMatch(/^1 file, 20 MiB, 5 chunks of 5 MiB\nuploading\n.*100 % \(20 MiB of 20 MiB\)\n/s);
  // What is for sale is for sale, even where the bucket of the pages is not there.
  expect(stderr).toMatch(
    /\nThe shop has changed, but its pages could not be written: .+\nWrite them with: spillway storefront\n$/,
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^For sale: Näme\n {2}dataset {4}[0-9a-f]{64}\n/);
  expect(kms.asked).toContain('Sign');
  const [dataset] = await shop.datasets.list();
  expect(dataset).toMatchObject({ name: 'Näme', pricePerChunk: 7_000n });
  expect((await shop.fetchDataset(dataset?.manifest ?? '')).files).toEqual(await readFolder(source));
});

test('an identity of the shell that is not the local shop’s stays out of the way', async () => {
  const shopFolder = await writeShopFile(shop.store.store.url);
  const { code, stderr } = await run([source, '--price', '7000', '--shop', shopFolder], {
    AWS_PROFILE: 'someone-else',
    AWS_SESSION_TOKEN: 'of-another-account',
  });
  expect(stderr).toContain('100 %');
  expect(code).toBe(0);
});

test.each([
  [['--price', '0'], 'must be a whole number of satoshis, at least 1.'],
  [['--price', '1.5'], 'must be a whole number of satoshis, at least 1.'],
  [['--price', '2100000000000001'], 'must be a whole number of satoshis, at least 1.'],
  [['--price', '1', '--chunk-size', 'big'], 'must be a size like 8MiB or 1GiB.'],
  [[], "required option '--price <satoshis>' not specified"],
  [['--price', '1'], "required option '--shop <path>' not specified"],
])('%j is refused', async (parameters, reason) => {
  const { code, stdout, stderr } = await run([source, ...parameters]);
  expect(stderr).toContain(reason);
  expect(stdout).toBe('');
  expect(code).toBe(1);
});

test.each([
  [['data', '--from', 's3://bucket/key'], 'There is one thing to publish: a path, or --from.'],
  [[], 'There is one thing to publish: a path, or --from.'],
  [['-'], 'Standard input has no name of its own.'],
  [['--from', 'bucket/key'], 'bucket/key is not of the form s3://bucket/key or s3://bucket/prefix/'],
])('to publish %j is refused', async (parameters, reason) => {
  const shopFolder = await writeShopFile(shop.store.store.url);
  const { code, stdout, stderr } = await run([...parameters, '--price', '5000', '--shop', shopFolder]);
  expect(stderr).toContain(reason);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});
