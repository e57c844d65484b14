import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BucketAlreadyOwnedByYou, CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { payments } from 'bitcoinjs-lib';
import { systemClock } from '../shared/clock.ts';
import type { ShopConfig } from '../shared/config.ts';
import { s3Client } from '../shared/dataset/s3-objects.ts';
import { networkParameters } from '../shared/protocol/network.ts';
import { type LocalChain, startChain } from './chain/start-chain.ts';
import { startGateway } from './gateway.ts';
import { startObjectStore } from './object-store/server.ts';
import { readShopState, type ShopState, writeShopEnvironment, writeShopState } from './shop-folder.ts';
import { type LocalStorefront, STOREFRONT_BUCKET, startStorefront } from './start-storefront.ts';
import { prepareTable, startTableServer } from './table-server.ts';
import { startTimer } from './timer.ts';

/** As much as the deployed function has left when it begins. */
export const LAMBDA_TIME_MS = 60_000;

const REGION = 'us-east-1';
const TABLE = 'spillway';
const BUCKET = 'spillway-datasets';

export interface LocalShopOptions {
  /** Everything the shop keeps is under it. */
  readonly folder: string;
  /** Milliseconds between two runs of the schedule; once a minute is what EventBridge does. */
  readonly sweepEvery: number;
  /** Insist on one kind of chain. */
  readonly chain?: LocalChain['kind'];
  /** Differences from the default policy. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** With pages that a browser can buy from; they are there where the command is built. */
  readonly storefront?: boolean;
}

export interface LocalShop {
  readonly url: string;
  /** Where its pages are. */
  readonly storefrontUrl?: string;
  readonly chain: LocalChain;
  /** The environment of the shop's functions: holds secrets. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts a shop on this machine: the deployed handlers behind a gateway, a table, an object store, a chain and the
 * schedule, all on loopback. May be killed at any moment and started again on the same folder.
 */
export async function startShop({
  folder,
  sweepEvery,
  chain: kind,
  policy = {},
  storefront: withStorefront = false,
}: LocalShopOptions): Promise<LocalShop> {
  const state = await readShopState(folder);
  // Before anything is published or sold under the key.
  await writeShopState(folder, state);
  const chain = await startChain({ dataFolder: join(folder, 'chain'), ...(kind && { kind }) });
  const table = await startTableServer(join(folder, 'table'), state.ports.table);
  const objects = await startObjectStore({
    folder: join(folder, 'objects'),
    accessKeyId: state.accessKeyId,
    secretAccessKey: state.secretAccessKey,
    region: REGION,
    clock: systemClock,
    port: state.ports.objects,
  });
  await prepareStores(state, table.url, objects.url);
  const environment = shopEnvironment(
    state,
    { chain: chain.url, table: table.url, objects: objects.url },
    policy,
  );
  Object.assign(process.env, environment);
  const gateway = await startGateway(state.ports.gateway);
  const urls = { shop: gateway.url, objects: objects.url, chain: chain.url, table: table.url };
  const storefront = withStorefront ? await openStorefront(state, urls) : undefined;
  const ports = {
    ...state.ports,
    gateway: gateway.port,
    table: table.port,
    objects: objects.port,
    ...storefront?.ports,
  };
  await writeShopState(folder, { ...state, ports });
  await writeShopEnvironment(folder, {
    ...environment,
    SPILLWAY_SHOP_URL: gateway.url,
    SPILLWAY_CHAIN_KIND: chain.kind,
    ...(storefront && { SPILLWAY_STOREFRONT: JSON.stringify(storefront.site) }),
  });
  const { handler: settleChannels } = await import('../functions/settle-channels.ts');
  const timer = startTimer(sweepEvery, () =>
    settleChannels({}, { getRemainingTimeInMillis: () => LAMBDA_TIME_MS }),
  );
  return {
    url: gateway.url,
    ...(storefront && { storefrontUrl: storefront.site.url }),
    chain,
    environment,
    async stop() {
      await timer.stop();
      await Promise.all([gateway.stop(), storefront?.stop()]);
      await Promise.all([table.stop(), objects.stop(), chain.stop()]);
    },
  };
}

/** A bucket of its own, as deployed. */
async function openStorefront(
  state: ShopState,
  urls: { readonly shop: string; readonly objects: string; readonly chain: string; readonly table: string },
): Promise<LocalStorefront> {
  const { accessKeyId, secretAccessKey } = state;
  const access = { region: REGION, credentials: { accessKeyId, secretAccessKey } };
  const client = s3Client({ ...access, endpoint: urls.objects });
  await makeBucket(client, STOREFRONT_BUCKET);
  return startStorefront({
    shopUrl: urls.shop,
    dataUrl: urls.objects,
    chainUrl: urls.chain,
    ports: state.ports,
    client,
    table: { client: new DynamoDBClient({ ...access, endpoint: urls.table }), name: TABLE },
    datasetBucket: BUCKET,
  });
}

async function prepareStores(state: ShopState, tableUrl: string, objectsUrl: string): Promise<void> {
  const { accessKeyId, secretAccessKey } = state;
  const access = { region: REGION, credentials: { accessKeyId, secretAccessKey } };
  await prepareTable({ ...access, endpoint: tableUrl }, TABLE);
  const client = s3Client({ ...access, endpoint: objectsUrl });
  await makeBucket(client, BUCKET).finally(() => client.destroy());
}

async function makeBucket(client: S3Client, name: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: name }));
  } catch (error) {
    // It is there since the folder's first start.
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
}

function shopEnvironment(
  state: ShopState,
  urls: { readonly chain: string; readonly table: string; readonly objects: string },
  policy: Readonly<Record<string, unknown>>,
): Record<string, string> {
  return {
    SPILLWAY_NETWORK: 'regtest' satisfies ShopConfig['network'],
    SPILLWAY_TABLE: TABLE,
    SPILLWAY_BUCKET: BUCKET,
    SPILLWAY_CHAIN_URL: urls.chain,
    SPILLWAY_SELLER_SECRET: state.sellerSecret,
    SPILLWAY_PAYOUT_ADDRESS: payoutAddress(state),
    SPILLWAY_POLICY: JSON.stringify(policy),
    POWERTOOLS_METRICS_NAMESPACE: 'Spillway/local',
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: state.accessKeyId,
    AWS_SECRET_ACCESS_KEY: state.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: urls.table,
    AWS_ENDPOINT_URL_S3: urls.objects,
  };
}

function payoutAddress({ payoutSecret }: ShopState): string {
  const pubkey = getPublicKey(hexToBytes(payoutSecret));
  const { address } = payments.p2wpkh({ pubkey, network: networkParameters('regtest') });
  if (!address) throw new Error('no address for the payout key');
  return address;
}
