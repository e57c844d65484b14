import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { TABLE_DEFINITION } from '../shared/store/table.ts';
import { type LocalServer, listenOnLoopback } from './listen.ts';

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
    await client.send(new CreateTableCommand({ TableName: table, ...TABLE_DEFINITION }));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  } finally {
    client.destroy();
  }
}
