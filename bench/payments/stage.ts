import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { regtestFaucet } from '../../local/chain/faucet.ts';
import { prepareTable } from '../../local/table-server.ts';
import { tableClient } from '../../shared/store/table-client.ts';
import type { Defer } from '../transfer/cleanup.ts';
import { SELLER_SECRET } from './channels.ts';
import { type Server, startServer } from './servers.ts';

/**
 * What is measured, in processes of their own: the table; the functions behind their gateway, in as many as there are cores, since
 * Lambda gives every request under way one of its own; and as many that make the table's writes alone.
 */
export interface Stage {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Height of the chain. */
  readonly tip: number;
  readonly tableServer: Server;
  readonly gateways: readonly Server[];
  readonly writers: readonly Server[];
}

const TABLE = 'spillway';
/** Each takes 130 MiB. */
const MOST_PROCESSES = 16;
const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
const PAYOUT_ADDRESS = 'bcrt1q42424242424242424242424242424242rt8pnt';

export async function startStage(defer: Defer): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-payments-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  const node = await startEmbeddedNode(join(folder, 'chain'));
  defer(() => node.stop());
  // The shop wants a tip that is not hours old.
  await regtestFaucet(node.url).mine(1);
  const start = async (...server: Parameters<typeof startServer>): Promise<Server> => {
    const started = await startServer(...server);
    defer(() => started.stop());
    return started;
  };
  const tableServer = await start('bench/payments/table-process.ts', [folder]);
  await prepareTable({ ...ACCESS, endpoint: tableServer.url }, TABLE);
  const access = {
    AWS_REGION: ACCESS.region,
    AWS_ACCESS_KEY_ID: ACCESS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: tableServer.url,
  };
  const shop = {
    ...access,
    SPILLWAY_NETWORK: 'regtest',
    SPILLWAY_TABLE: TABLE,
    SPILLWAY_BUCKET: 'datasets',
    SPILLWAY_CHAIN_URL: node.url,
    SPILLWAY_SELLER_SECRET: bytesToHex(SELLER_SECRET),
    SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
    // Links to it are made and never followed.
    AWS_ENDPOINT_URL_S3: 'https://s3.us-east-1.amazonaws.com',
  };
  const gateways: Server[] = [];
  const writers: Server[] = [];
  for (let number = 0; number < Math.min(availableParallelism(), MOST_PROCESSES); number++) {
    gateways.push(await start('bench/payments/gateway-process.ts', [join(folder, `shop-${number}`)], shop));
    writers.push(await start('bench/payments/raw-process.ts', [TABLE], access));
  }
  const client = tableClient({ ...ACCESS, endpoint: tableServer.url });
  defer(async () => client.destroy());
  return { client, table: TABLE, tip: 1, tableServer, gateways, writers };
}
