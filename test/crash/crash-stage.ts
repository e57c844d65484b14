import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { fileContent } from '../../client/seller/file-content.ts';
import { publish } from '../../client/seller/publish.ts';
import type { Faucet } from '../../local/chain/faucet.ts';
import { regtestFaucet } from '../../local/chain/faucet.ts';
import { s3Client, s3ObjectInspector } from '../../shared/dataset/s3-objects.ts';
import { s3ObjectUploader } from '../../shared/dataset/s3-uploads.ts';
import { COINBASE_MATURITY } from '../../shared/limits.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { addressOfScript } from '../../shared/protocol/network.ts';
import { seedSigner } from '../../shared/signer/seed-signer.ts';
import type { Dataset } from '../../shared/store/dataset-record.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { memoryLedger } from '../support/memory-ledger.ts';
import { BUCKET, IDENTITY, MIB, patterned, startTestStore } from '../support/object-store.ts';
import { PRICES } from '../support/payout.ts';
import { availableTables, type RunningTables } from '../support/tables.ts';
import { buildProgram, type Program } from './program.ts';

/** Satoshis for a full chunk; the last chunk is smaller, and cheaper. */
export const PRICE_PER_CHUNK = 5_000n;
export const CHUNKS = 3;
export const CHUNK = 5 * MIB;
export const SIZE = 2 * CHUNK + 2 * MIB;
/** Satoshis for all of it. */
export const PRICE = 12_000n;

const SELLER_SECRET = sha256(new TextEncoder().encode('the seller that crashes'));

/** What outlives every process: the chain, the table server, the objects, the disk. One for many purchases. */
export interface CrashStage {
  readonly chainUrl: string;
  readonly faucet: Faucet;
  readonly tables: RunningTables;
  readonly dataset: Dataset;
  /** The dataset's one file. */
  readonly data: Uint8Array;
  readonly shopProgram: Program<typeof import('./shop-program.ts')>;
  readonly buyerProgram: Program<typeof import('./buyer-program.ts')>;
  /** An empty folder. */
  makeFolder(): Promise<string>;
  /** The environment of a shop's functions, with a table of its own that sells the dataset. */
  shopEnvironment(payoutScript: Uint8Array): Promise<Readonly<Record<string, string>>>;
  end(): Promise<void>;
}

export async function startCrashStage(): Promise<CrashStage> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-crash-'));
  const [dynalite] = availableTables();
  if (!dynalite) throw new Error('dynalite is always there');
  const [tables, store] = await Promise.all([dynalite.start(), startTestStore()]);
  const node = await memoryLedger(() => Math.floor(Date.now() / 1000)).listen();
  const [shopProgram, buyerProgram] = await Promise.all([
    buildProgram<typeof import('./shop-program.ts')>('test/crash/shop-program.ts'),
    buildProgram<typeof import('./buyer-program.ts')>('test/crash/buyer-program.ts'),
  ]);
  const access = { region: IDENTITY.region, credentials: IDENTITY };
  const objects = s3Client({ endpoint: store.store.url, ...access });
  const data = patterned(SIZE, 3);
  await writeFile(join(root, 'numbers.bin'), data);
  const datasets = dynamoDatasets(tables.client, await tables.createTable());
  const ports = {
    objects: { ...s3ObjectUploader(objects, BUCKET), ...s3ObjectInspector(objects, BUCKET) },
    datasets,
    signer: seedSigner(SELLER_SECRET),
    prices: PRICES,
    shop: 'crash',
    stateFolder: join(root, 'publishing'),
  };
  const content = await fileContent(join(root, 'numbers.bin'), ports.objects);
  const { manifest = '' } = await publish(
    { pricePerChunk: PRICE_PER_CHUNK, chunkSize: CHUNK },
    content,
    ports,
  );
  const dataset = await datasets.get(manifest);
  const run = await datasets.chunkVersions(manifest, 0);
  if (!dataset || !run) throw new Error('the dataset was published');
  const faucet = regtestFaucet(node.url);
  // So that it has coins at once.
  await faucet.mine(COINBASE_MATURITY + 60);
  return {
    chainUrl: node.url,
    faucet,
    tables,
    dataset,
    data,
    shopProgram,
    buyerProgram,
    makeFolder: () => mkdtemp(join(root, 'run-')),
    async shopEnvironment(payoutScript) {
      const table = await tables.createTable();
      await dynamoDatasets(tables.client, table).put(dataset, run.versions);
      return {
        SPILLWAY_NETWORK: 'regtest',
        SPILLWAY_TABLE: table,
        SPILLWAY_BUCKET: BUCKET,
        SPILLWAY_CHAIN_URL: node.url,
        SPILLWAY_SELLER_SECRET: bytesToHex(SELLER_SECRET),
        SPILLWAY_PAYOUT_ADDRESS: addressOfScript(payoutScript, 'regtest'),
        SPILLWAY_POLICY: JSON.stringify({ creditMinimumChunks: CHUNKS }),
        AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
        AWS_ENDPOINT_URL_S3: store.store.url,
      };
    },
    async end() {
      objects.destroy();
      await Promise.all([node.stop(), tables.stop(), store.end()]);
      await rm(root, { recursive: true, force: true });
    },
  };
}

export const SELLER_KEY = getPublicKey(SELLER_SECRET, true);
export const OBJECT_ACCESS = { region: IDENTITY.region, credentials: IDENTITY };
