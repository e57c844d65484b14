import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { hexToBytes } from '@noble/hashes/utils.js';
import { type Faucet, regtestFaucet } from '../../local/chain/faucet.ts';
import { LAMBDA_TIME_MS, type LocalShop, startShop } from '../../local/start-shop.ts';
import { systemClock } from '../../shared/clock.ts';
import { s3Client, s3ObjectInspector } from '../../shared/dataset/s3-objects.ts';
import { s3ObjectUploader } from '../../shared/dataset/s3-uploads.ts';
import { scriptOfAddress } from '../../shared/protocol/network.ts';
import { sellerSigner } from '../../shared/signer/seller-signer.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { type HandBuyer, type HandDataset, handBuyer } from './hand-buyer.ts';
import { MIB, patterned } from './object-store.ts';
import { PRICES } from './payout.ts';
import { printedLines } from './printed-lines.ts';
import type { RawAnswer } from './raw-http.ts';
import { type Rpc, rpcCaller } from './rpc.ts';
import { type Signing, sendSigned } from './signed-request.ts';
import { publishPath } from './test-shop.ts';

/** Satoshis for a full chunk. */
export const PRICE = 5_000n;
/** Eight chunks, as many as credit needs by default; the last is two fifths of the others. */
export const SHAPE = { totalSize: 37 * MIB, chunkSize: 5 * MIB };

/** Blocks: short, so that L is near. */
export const SHORT_LIVES = {
  minimumLifetime: 20,
  defaultLifetime: 40,
  maximumLifetime: 100,
  minimumLifeAtFunding: 16,
  stopChunks: 9,
  stopPayments: 6,
  close: 3,
};

/** Node closes connections that were idle for five seconds, and a busy machine finds out too late. */
const PATIENT = { retries: 3, firstDelay: 20 };

/**
 * A whole local shop, on the embedded chain, in the process of the test: requests come over HTTP to the handlers that are
 * deployed. The schedule runs when it is told to, and the clock of shop and buyer can be put forward.
 */
export interface AttackedShop {
  readonly url: string;
  readonly chainUrl: string;
  readonly objectsUrl: string;
  readonly folder: string;
  readonly faucet: Faucet;
  readonly rpc: Rpc;
  /** Of what `SHAPE` says. */
  readonly dataset: HandDataset;
  readonly data: Uint8Array;
  readonly buyer: HandBuyer;
  /** Lines that the shop printed. */
  readonly printed: readonly string[];
  readonly payoutScript: Uint8Array;
  readonly sellerSecret: Uint8Array;
  /** Puts bytes up for sale, in chunks of 5 MiB. */
  publish(name: string, data: Uint8Array): Promise<HandDataset>;
  /** All that the shop keeps, as text. */
  everything(): Promise<string[]>;
  send(method: string, path: string, body?: Uint8Array | string, signing?: Signing): Promise<RawAnswer>;
  sweep(): Promise<void>;
  height(): Promise<number>;
  mineTo(height: number): Promise<void>;
  /** Milliseconds. */
  pass(milliseconds: number): void;
}

export interface AttackedShopOptions {
  readonly policy?: Readonly<Record<string, unknown>>;
}

/** One shop for all tests of a file. */
export function attackedShop({ policy = {} }: AttackedShopOptions = {}): () => AttackedShop {
  let running: (AttackedShop & { end(): Promise<void> }) | undefined;
  beforeAll(async () => {
    running = await start(policy);
  });
  afterAll(() => running?.end());
  return () => {
    if (!running) throw new Error('the shop is there once the tests run');
    return running;
  };
}

async function start(policy: Readonly<Record<string, unknown>>) {
  const printed = printedLines();
  let passed = 0;
  jest.spyOn(systemClock, 'now').mockImplementation(() => Date.now() + passed);
  const root = await mkdtemp(join(tmpdir(), 'spillway-attacked-'));
  const folder = join(root, 'shop');
  const local = await startShop({ folder, sweepEvery: 2 ** 30, chain: 'embedded', policy });
  const { handler: settleChannels } = await import('../../functions/settle-channels.ts');
  const table = new DynamoDBClient({});
  const rpc = rpcCaller(local.chain.url);
  const faucet = regtestFaucet(local.chain.url);
  const height = async () => Number(await rpc('getblockcount'));
  // The faucet's first coins, now and not between a channel's plan and its funding.
  await faucet.mine(103);

  const publish = publisher(local, table, root);
  const data = patterned(SHAPE.totalSize, 1);
  const dataset = await publish('data', data);
  return {
    url: local.url,
    chainUrl: local.chain.url,
    objectsUrl: local.environment.AWS_ENDPOINT_URL_S3 ?? '',
    sellerSecret: hexToBytes(local.environment.SPILLWAY_SELLER_SECRET ?? ''),
    folder,
    faucet,
    rpc,
    dataset,
    data,
    buyer: handBuyer({ url: local.url, faucet }, dataset, PATIENT),
    printed,
    payoutScript: scriptOfAddress(local.environment.SPILLWAY_PAYOUT_ADDRESS ?? '', 'regtest'),
    publish,
    everything: () => scan(table),
    send: (method: string, path: string, body: Uint8Array | string = '', signing: Signing = {}) =>
      sendSigned(local.url, method, path, body, signing),
    async sweep() {
      await settleChannels({}, { getRemainingTimeInMillis: () => LAMBDA_TIME_MS });
    },
    height,
    async mineTo(target: number) {
      await faucet.mine(target - (await height()));
    },
    pass(milliseconds: number) {
      passed += milliseconds;
    },
    async end() {
      table.destroy();
      await local.stop();
      await rm(root, { recursive: true, force: true });
      jest.restoreAllMocks();
    },
  };
}

function publisher({ environment }: LocalShop, table: DynamoDBClient, root: string) {
  const bucket = environment.SPILLWAY_BUCKET ?? '';
  const client = s3Client();
  const ports = {
    objects: { ...s3ObjectUploader(client, bucket), ...s3ObjectInspector(client, bucket) },
    datasets: dynamoDatasets(table, environment.SPILLWAY_TABLE ?? ''),
    signer: sellerSigner({ kind: 'plain', secret: environment.SPILLWAY_SELLER_SECRET ?? '' }),
    prices: PRICES,
    shop: 'attacked',
    stateFolder: join(root, 'publishing'),
  };
  return async (name: string, data: Uint8Array): Promise<HandDataset> => {
    const source = join(root, name);
    await writeFile(source, data);
    const chunkSize = SHAPE.chunkSize;
    const { manifest } = await publishPath({ source, pricePerChunk: PRICE, chunkSize }, ports);
    return { manifest, shape: { totalSize: data.length, chunkSize }, pricePerChunk: PRICE };
  };
}

/** A scan answers a megabyte at a time. */
async function scan(table: DynamoDBClient): Promise<string[]> {
  const items: string[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await table.send(
      new ScanCommand({
        TableName: 'spillway',
        ConsistentRead: true,
        ...(from && { ExclusiveStartKey: from as never }),
      }),
    );
    items.push(...(page.Items ?? []).map((item) => JSON.stringify(item)));
    from = page.LastEvaluatedKey;
  } while (from);
  return items.sort();
}
