import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { DUE_SHARD, TABLE_DEFINITION } from '../shared/store/table.ts';
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

/** Creates the shop's table where there is none, and mends the one that is there. */
export async function prepareTable(access: AwsAccess, table: string): Promise<void> {
  const client = new DynamoDBClient(access);
  try {
    await makeTable(client, table);
    await mendIndex(client, table);
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

/**
 * dynalite writes an item's entry in the index before the item, as two writes. Killed between them it has an item that the index
 * does not find: a channel that the schedule never looks at again. DynamoDB has no such gap. An entry that is too many is harmless,
 * for the schedule reads the item itself.
 */
async function mendIndex(client: DynamoDBClient, TableName: string): Promise<void> {
  const due = { FilterExpression: 'attribute_exists(#due)', ExpressionAttributeNames: { '#due': DUE_SHARD } };
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ...due })) {
    for (const Item of Items) await client.send(new PutItemCommand({ TableName, Item }));
  }
}
