import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timer } from '../../local/timer.ts';
import { apiReference } from '../../scripts/api-reference.ts';
import { type BuiltCommand, buildCommand } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { mineWhatWaits } from '../support/mine-what-waits.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { type PackedPackage, packPackage } from '../support/packed-package.ts';
import { runProgram } from '../support/run-program.ts';

/** Four chunks of 5 MiB and one of a half. */
const DATA = patterned(20 * MIB + 512 * 1024, 7);
const PRICE = 5_000n;

let folder: string;
let command: BuiltCommand;
let shop: LocalShopProcess;
let published: PackedPackage;
let mining: Timer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  command = buildCommand();
  const chain = { name: 'embedded', environment: {} } as const;
  [published, shop] = await Promise.all([
    packPackage(),
    startLocalShop(command, { folder: join(folder, 'shop'), chain }),
  ]);
  await mkdir(join(folder, 'weather/a'), { recursive: true });
  await writeFile(join(folder, 'weather/a/one'), DATA.subarray(0, 7 * MIB));
  await writeFile(join(folder, 'weather/two'), DATA.subarray(7 * MIB));
  await shop.publish(join(folder, 'weather'), '--price', `${PRICE}`, '--chunk-size', '5MiB');
  mining = mineWhatWaits(() => shop);
}, 240_000);
afterAll(async () => {
  await mining?.stop();
  await shop?.stop();
  await command?.end();
  published?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a program of the project, pays what it asks for, and gives its lines. */
async function run(file: string): Promise<readonly string[]> {
  const paid: Promise<unknown>[] = [];
  const environment = { SHOP: shop.url, CHAIN: shop.chainUrl, SPILLWAY_HOME: join(folder, `home-${file}`) };
  const lines = await runProgram(join(published.project, file), environment, (line) => {
    const [, address, amount] = /^pay bitcoin:(\w+)\?amount=0\.(\d{1,8})$/.exec(line) ?? [];
    if (address) paid.push(shop.faucet.fund(address, BigInt((amount ?? '').padEnd(8, '0'))));
  });
  await Promise.all(paid);
  return lines;
}

test('what is packed is the command with its man page, the SDK on Node and in pages, its types, and nothing else', () => {
  const { paths } = published;
  const known =
    /^(package\.json|README\.md|LICENSE|docs\/spillway\.1|dist\/(spillway|sdk)\.js|dist\/parts\/[^.]+\.(js|css|html|json)|dist\/browser\/(sdk|segment-worker)\.js|dist\/types\/(client\/(sdk|buyer)|shared)\/.+\.d\.ts)$/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
  for (const path of [
    'dist/spillway.js',
    'dist/sdk.js',
    'dist/parts/segment-worker.js',
    'dist/browser/sdk.js',
  ]) {
    expect(paths).toContain(path);
  }
});

test('the reference is what the packed types say: npm run api', async () => {
  const types = join(published.project, 'node_modules/spillway/dist/types/client/sdk');
  expect(await readFile('docs/api/README.md', 'utf8')).toBe(apiReference(types));
});

test('the program of the documentation compiles, buys, and gives every chunk', async () => {
  const text = await readFile('docs/sdk.md', 'utf8');
  const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
  await writeFile(join(published.project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(published.project, 'buy.ts'), program);
  await published.compile('buy.ts');
  const lines = await run('buy.js');
  expect(lines[0]).toBe(`weather: ${DATA.length} bytes, 5000 sat a chunk`);
  expect(lines[1]).toMatch(/^20500 sat, [1-9][0-9]* sat of fees, 5000 sat at risk$/);
  expect(lines.slice(3)).toEqual([
    'chunk 0: 5242880 bytes of a/one',
    'chunk 1: 5242880 bytes of a/one,two',
    'chunk 2: 5242880 bytes of two',
    'chunk 3: 5242880 bytes of two',
    'chunk 4: 524288 bytes of two',
  ]);
  const bought = await Promise.all(
    ['a/one', 'two'].map((path) => readFile(join(published.project, 'weather', path))),
  );
  expect(Buffer.concat(bought).equals(DATA)).toBe(true);
}, 120_000);

test('a purchase that is left, aborted, closed and begun again pays for every chunk once', async () => {
  await writeFile(join(published.project, 'steps.js'), STEPS);
  const lines = await run('steps.js');
  const told = JSON.parse(lines.at(-1) ?? '{}');
  expect(told).toMatchObject({
    planned: '20500',
    unknown: ['usage', 'The shop has no dataset named nothing.'],
    tooDear: 'limit-exceeded',
    chain: [
      'chain-unavailable',
      'No money is lost by that: what is bound stays refundable, what is paid is recorded.',
    ],
    first: 0,
    saved: true,
    paid: '20500',
    again: [0, 1, 2, 3, 4],
    refunds: ['settlement', 'settlement'],
  });
  expect(told.sha256).toBe(createHash('sha256').update(DATA).digest('hex'));
}, 120_000);

/** Each step as a program would take it; prints what came of them. */
const STEPS = `
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { BuyerError, Purchase, recoveryFile, Shop, status } from 'spillway';
const { SHOP, CHAIN } = process.env;
const buyer = { chain: CHAIN, pollInterval: 50 };
const onEvent = (event) => { if (event.kind === 'deposit-needed') console.log('pay ' + event.uri); };
const codeOf = (work) => work.then(() => 'none', (error) => { if (!(error instanceof BuyerError)) throw error; return error; });
const told = {};
const shop = Shop.at(SHOP);
const unknown = await codeOf(shop.dataset('nothing'));
told.unknown = [unknown.code, unknown.message];
const dataset = await shop.dataset('weather');
const options = { ...buyer, output: 'steps' };
told.tooDear = (await codeOf(Purchase.of(dataset, { ...options, maxPrice: 20_499n }).start())).code;
const chain = await codeOf(Purchase.of(dataset, { ...options, chain: 'esplora+http://127.0.0.1:1' }).plan());
told.chain = [chain.code, chain.money];
const purchase = Purchase.of(dataset, options);
told.planned = String((await purchase.plan()).price);
const beforeFunding = async () => { told.saved = (await recoveryFile({})).length > 1000; };
for await (const chunk of purchase.chunks({ onEvent, beforeFunding })) { told.first = chunk.number; break; }
const stop = new AbortController();
const halfway = (event) => { if (event.kind === 'chunk-paid') stop.abort(); };
const aborted = await codeOf(purchase.start({ signal: stop.signal, onEvent: halfway }));
if (aborted !== 'none' && aborted.code !== 'interrupted') throw aborted;
await purchase.close();
const result = await purchase.start({ onEvent });
told.paid = String(result.paid);
const hash = createHash('sha256');
told.again = [];
for await (const chunk of purchase.chunks()) {
  told.again.push(chunk.number);
  for await (const piece of chunk.read()) hash.update(piece);
}
told.sha256 = hash.digest('hex');
for (;;) {
  const reports = await purchase.refund();
  told.refunds = reports.map(({ status }) => status.by);
  if (reports.every(({ status }) => status.kind === 'ended')) break;
  await wait(100);
}
if ((await status(buyer)).purchases.length !== 1) throw new Error('not one purchase');
console.log(JSON.stringify(told));
`;
