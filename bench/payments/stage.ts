import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { regtestFaucet } from '../../local/chain/faucet.ts';
import { prepareTable } from '../../local/table-server.ts';
import type { Defer } from '../transfer/cleanup.ts';
import { SELLER_SECRET } from './channels.ts';
import { type Server, startServer } from './servers.ts';

/** What is measured, each in a process of its own: the table, and the functions behind their gateway. */
export interface Stage {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Height of the chain. */
  readonly tip: number;
  readonly tableServer: Server;
  readonly gateway: Server;
}

const TABLE = 'spillway';
const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
const PAYOUT_ADDRESS = 'bcrt1q42424242424242424242424242424242rt8pnt';

export async function startStage(defer: Defer): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-payments-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  const node = await startEmbeddedNode(join(folder, 'chain'));
  defer(() => node.stop());
  // The shop wants a tip that is not hours old.
  await regtestFaucet(node.url).mine(1);
  const tableServer = await startServer('bench/payments/table-process.ts', [folder]);
  defer(() => tableServer.stop());
  await prepareTable({ ...ACCESS, endpoint: tableServer.url }, TABLE);
  const gateway = await startServer('bench/payments/gateway-process.ts', [folder], {
    SPILLWAY_NETWORK: 'regtest',
    SPILLWAY_TABLE: TABLE,
    SPILLWAY_BUCKET: 'datasets',
    SPILLWAY_CHAIN_URL: node.url,
    SPILLWAY_SELLER_SECRET: bytesToHex(SELLER_SECRET),
    SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
    AWS_REGION: ACCESS.region,
    AWS_ACCESS_KEY_ID: ACCESS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: tableServer.url,
    // Links to it are made and never followed.
    AWS_ENDPOINT_URL_S3: 'https://s3.us-east-1.amazonaws.com',
  });
  defer(() => gateway.stop());
  const client = new DynamoDBClient({ ...ACCESS, endpoint: tableServer.url });
  defer(async () => client.destroy());
  return { client, table: TABLE, tip: 1, tableServer, gateway };
}
