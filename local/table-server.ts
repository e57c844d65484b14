import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { TABLE_DEFINITION } from '../shared/store/table.ts';
import { type LocalServer, listenOnLoopback } from './listen.ts';

const READY_TRIES = 500;
const TRY_EVERY_MS = 10;

/** DynamoDB's part in the local shop: dynalite with its data on disk. */
export async function startTableServer(folder: string, port: number): Promise<LocalServer> {
  return listenOnLoopback(dynalite({ path: folder, createTableMs: 0 }), port);
}

export interface AwsAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Creates the shop's table where there is none. */
export async function createTable(access: AwsAccess, table: string): Promise<void> {
  const client = new DynamoDBClient(access);
  try {
    await makeTable(client, table);
  } finally {
    client.destroy();
  }
}

/** The same with a client that is there already. */
export async function makeTable(client: DynamoDBClient, table: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand({ TableName: table, ...TABLE_DEFINITION }));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  // Creation is asynchronous, in the stand-ins too: until it is over there is no such table.
  for (let tries = 0; tries < READY_TRIES; tries++) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await wait(TRY_EVERY_MS);
  }
  throw new Error(`the table ${table} does not become active`);
}
