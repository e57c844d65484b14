import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { type BuiltCommand, buildCommand, lastJson } from '../support/built-command.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { PAYOUT_ADDRESS } from '../support/payout.ts';
import { channelAccount } from '../support/sale-accounts.ts';
import { SITE } from '../support/storefront-pages.ts';

/** The seller's commands on a shop that sells, from the first publication to the last satoshi. */

let command: BuiltCommand;
let root: string;
let shop: LocalShopProcess;
let source: string;

beforeAll(async () => {
  command = buildCommand();
  root = await mkdtemp(join(tmpdir(), 'spillway-seller-'));
  shop = await startLocalShop(command, {
    folder: join(root, 'shop'),
    chain: { name: 'embedded', environment: {} },
    policy: { creditMinimumChunks: 3 },
    sweepEvery: 0.5,
  });
  source = join(root, 'weather.bin');
  await writeFile(source, patterned(11 * MIB, 7));
});
afterAll(async () => {
  await shop.stop();
  await command.end();
  await rm(root, { recursive: true, force: true });
});

async function sell(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ended = await command.run([...args, '--shop', shop.folder, '--json']);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  return lastJson(ended);
}
const text = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await command.run([...args, '--shop', shop.folder]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};
const catalogue = async () => (await (await fetch(`${shop.url}/datasets`)).json()).datasets;

const buying = () => [
  ...['buy', shop.url, manifest, '--output', join(root, 'bought'), '--home', join(root, 'home')],
  ...['--shop-folder', shop.folder, '--poll-interval', '0.05', '--yes', '--json'],
];

/** The next block takes what waits; told of a transaction, the node may not have it yet. */
async function mineWhatComes(): Promise<void> {
  await eventually('a transaction in the mempool', async () => {
    const waiting = (await shop.rpc('getrawmempool')) as string[];
    return waiting.length > 0 ? true : undefined;
  });
  await shop.faucet.mine(1);
}

interface Bought {
  readonly paid: string;
  readonly channels: readonly { channelId: string; fundingTxid: string; changeScript: string }[];
}

/** A purchase by the command, from the deposit to the settlement in a block. */
async function buy(): Promise<Bought> {
  const running = command.start([...buying(), '--wait']);
  const [, satoshis = '0', address = ''] =
    /pay (\d+) sat to (\w+)/.exec(await running.line(/waiting for a deposit/)) ?? [];
  await shop.faucet.fund(address, BigInt(satoshis));
  await shop.faucet.mine(1);
  await running.line(/^the refund is signed; funding [0-9a-f]{64} sent/);
  await mineWhatComes();
  await running.line(/^channel [0-9a-f]{12} closed/);
  await mineWhatComes();
  return lastJson(await running.ended) as unknown as Bought;
}

let manifest: string;

test('a shop without a sale says so', async () => {
  await eventually(
    'a run of the schedule',
    async () => (await sell('shop', 'status')).lastSweep || undefined,
  );
  ({ manifest } = await shop.publish(source, '--price', '5000', '--chunk-size', '5MiB'));
  expect(await text('shop', 'channels')).toBe('no channels\n');
  const status = await sell('shop', 'status');
  expect(status).toMatchObject({
    datasets: [{ manifest, name: 'weather.bin', forSale: true, pricePerChunk: '5000', chunks: 3 }],
    channels: { OPEN: 0, SETTLED: 0 },
    sold: { chunks: 0, settled: '0', unsettled: '0', lost: '0' },
    fees: '0',
    warnings: [],
  });
});

test('a price is changed, and the catalogue has it at once', async () => {
  expect(await sell('price', 'weather.bin', '6000')).toMatchObject({
    outcome: 'price-changed',
    manifest,
    pricePerChunk: '6000',
    previousPrice: { pricePerChunk: '5000' },
  });
  expect(await catalogue()).toMatchObject([{ manifest, pricePerChunk: '6000' }]);
});

test('after a sale, status and channels tell of it what the blocks tell, to the satoshi', async () => {
  const { paid, channels: bought } = await buy();
  await shop.faucet.mine(6);
  await eventually('the settlement is final', async () => {
    const { channels } = await sell('shop', 'status');
    return (channels as { SETTLED: number }).SETTLED === 1 ? true : undefined;
  });
  const [channel] = bought;
  const payoutScript = bytesToHex(scriptOfAddress(shop.environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest'));
  const account = await channelAccount(
    shop.chainUrl,
    channel?.fundingTxid ?? '',
    payoutScript,
    channel?.changeScript ?? '',
  );
  // Two chunks of 6000 and one fifth of it: 5 + 5 + 1 MiB.
  expect(paid).toBe('13200');
  expect(account.toSeller + account.settlementFee).toBe(13_200n);
  expect(await sell('shop', 'status')).toMatchObject({
    datasets: [{ manifest, sold: { chunks: 3, settled: '13200', unsettled: '0' } }],
    channels: { SETTLED: 1 },
    sold: { chunks: 3, settled: '13200', unsettled: '0', lost: '0' },
    fees: account.settlementFee.toString(),
    warnings: [],
  });
  const { channels, more } = await sell('shop', 'channels', '--state', 'settled', '--dataset', 'weather.bin');
  expect(more).toBe(0);
  expect(channels).toEqual([
    {
      channelId: channel?.channelId,
      state: 'SETTLED',
      manifest,
      dataset: 'weather.bin',
      paid: 3,
      count: 3,
      paidSatoshis: '13200',
      refundHeight: expect.any(Number),
      blocks: expect.any(Number),
      fundingTxid: channel?.fundingTxid,
      settlementTxid: account.settlement.txid,
      spend: { txid: account.settlement.txid, height: expect.any(Number) },
    },
  ]);
});

test('people read lines in columns', async () => {
  const [header = '', dataset = '', ...rest] = (await text('shop', 'status')).split('\n');
  expect(header).toMatch(/^DATASET +ID +FOR SALE +PRICE +CHUNKS +SOLD +SETTLED +UNSETTLED$/);
  expect(dataset).toMatch(/^weather\.bin +[0-9a-f]{12} +yes +6000 +3 +3 +13200 +0$/);
  expect(dataset.indexOf('yes')).toBe(header.indexOf('FOR SALE'));
  expect(rest.join('\n')).toMatch(
    /^\nsold {8}3 chunks\nsettled {5}13200 sat, of which \d+ were fees\nunsettled {3}0 sat\nchannels {4}1 SETTLED\nlast sweep {2}\d+ s ago, at height \d+\nprices {6}1139 to 100000000 sat for a full chunk\ndeadline {4}none: no money is outside of a block\n$/,
  );
  const lines = (await text('shop', 'channels')).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(
    /^[0-9a-f]{12} +weather\.bin +SETTLED +3\/3 +13200 +\d+ +\d+ +[0-9a-f]{64} +[0-9a-f]{64}$/,
  );
});

test('off sale it is in no catalogue, what was sold of it can still be fetched, and publishing puts it back', async () => {
  expect(await text('unpublish', manifest.slice(0, 8))).toMatch(
    /^Off sale: weather\.bin\n {2}dataset {4}[0-9a-f]{64}\n {2}price {6}6000 satoshis for a full chunk\n {2}channels {3}may be opened until \S+Z\n$/,
  );
  expect(await catalogue()).toEqual([]);
  expect(await sell('shop', 'status')).toMatchObject({ datasets: [{ manifest, forSale: false }] });
  expect(await sell('unpublish', 'weather.bin')).toMatchObject({ outcome: 'off-sale-already' });

  const refused = await command.run(['price', 'weather.bin', '7000', '--shop', shop.folder, '--json']);
  expect(refused.code).toBe(2);
  expect(lastJson(refused)).toEqual({
    error: {
      code: 'usage',
      message: 'weather.bin is off sale, so it has no price.',
      next: 'Publish the same files again at the new price: nothing is uploaded twice.',
    },
  });
  expect(refused.stderr).toBe(
    'weather.bin is off sale, so it has no price.\nPublish the same files again at the new price: nothing is uploaded twice.\n',
  );

  // The buyer loses the file, and gets what it paid for again for nothing.
  await rm(join(root, 'bought'), { recursive: true });
  const again = await command.run([...buying(), '--no-deposit']);
  expect([again.code, lastJson(again).paid]).toEqual([0, '13200']);
  expect((await readFile(join(root, 'bought', 'weather.bin'))).equals(await readFile(source))).toBe(true);

  const price = ['--price', '7000', '--chunk-size', '5MiB'];
  const published = await command.run(['publish', source, ...price, '--shop', shop.folder, '--json']);
  expect(lastJson(published)).toMatchObject({ outcome: 'back-on-sale', manifest, pricePerChunk: '7000' });
  expect(await catalogue()).toMatchObject([{ manifest, pricePerChunk: '7000' }]);
});

test.each([
  [
    ['price', 'weather.bin', '1138'],
    2,
    /^at 1138 satoshis for a full chunk nobody could buy: by its policy this shop opens channels at 1139 to 100000000\nChoose another price, or change the policy first\.\n$/,
  ],
  [
    ['price', 'none', '5000'],
    2,
    /^The shop has no dataset none\.\nIt has: weather\.bin \([0-9a-f]{12}\)\.\n$/,
  ],
  [['shop', 'channels', '--dataset', 'none'], 2, /^The shop has no dataset none\.\n/],
  [['shop', 'channels', '--state', 'lost'], 2, /must be one of PROPOSED, OPEN/],
  [['shop', 'channels', '--limit', '0'], 2, /must be a whole number from 1 to 99999/],
  [
    ['shop', 'status', '--profile', 'seller'],
    2,
    /^A local shop has keys of its own\.\nLeave --profile out\.\n$/,
  ],
] as const)('%j is told and ends with %i', async (args, exit, message) => {
  const { code, stdout, stderr } = await command.run([...args, '--shop', shop.folder]);
  expect(stderr).toMatch(message);
  expect([code, stdout]).toEqual([exit, '']);
});

test('a shop that does not answer: 4, and what to do', async () => {
  const outputs = join(root, 'outputs.json');
  const stack = {
    Region: 'us-east-1',
    TableName: 'spillway',
    BucketName: 'spillway-datasets',
    Storefront: JSON.stringify(SITE),
    SellerKeyVariable: 'secret:arn:aws:secretsmanager:us-east-1:111122223333:secret:seller-AbCdEf',
    Network: 'regtest',
    PayoutAddress: PAYOUT_ADDRESS,
    Policy: '{}',
  };
  await writeFile(outputs, JSON.stringify({ Spillway: stack }));
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_MAX_ATTEMPTS: '1',
  };
  const ended = await command.run(['shop', 'status', '--shop', outputs, '--json'], { environment });
  expect(ended.code).toBe(4);
  expect(lastJson(ended)).toMatchObject({ error: { code: 'shop-unreachable' } });
  expect(ended.stderr).toMatch(/^The shop does not answer: .*127\.0\.0\.1:1\nRun the same command again/);
});
