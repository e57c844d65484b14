import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ClassicLevel } from 'classic-level';
import { prepareTable, startTableServer } from '../../local/table-server.ts';
import { DUE_HEIGHT, DUE_INDEX, DUE_SHARD, PARTITION_KEY, SORT_KEY } from '../../shared/store/table.ts';

const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const channelDueAt = (height: number) => ({
  [PARTITION_KEY]: { S: 'CHANNEL#1' },
  [SORT_KEY]: { S: 'CHANNEL' },
  [DUE_SHARD]: { S: 'DUE#1' },
  [DUE_HEIGHT]: { N: `${height}` },
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-table-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The table server on a folder, as a shop that starts has it. */
async function withTable(name: string, work: (client: DynamoDBClient) => Promise<void>): Promise<void> {
  const server = await startTableServer(join(folder, name), 0);
  const access = { ...ACCESS, endpoint: server.url };
  const client = new DynamoDBClient(access);
  try {
    await prepareTable(access, 'spillway');
    await work(client);
  } finally {
    client.destroy();
    await server.stop();
  }
}

const put = (client: DynamoDBClient, height: number) =>
  client.send(new PutItemCommand({ TableName: 'spillway', Item: channelDueAt(height) }));

async function dueBy(client: DynamoDBClient, height: number): Promise<number> {
  const { Count = 0 } = await client.send(
    new QueryCommand({
      TableName: 'spillway',
      IndexName: DUE_INDEX,
      KeyConditionExpression: `${DUE_SHARD} = :shard AND ${DUE_HEIGHT} <= :height`,
      ExpressionAttributeValues: { ':shard': { S: 'DUE#1' }, ':height': { N: `${height}` } },
    }),
  );
  return Count;
}

test('a table that was killed between the index and its item finds the item again', async () => {
  await withTable('living', async (client) => {
    await put(client, 184);
    await copiedBetweenWrites(() => put(client, 1_287));
    expect(await dueBy(client, 200)).toBe(0);
  });
  await withTable('killed', async (client) => {
    expect(await dueBy(client, 200)).toBe(1);
  });
});

/** Copies the living table's files after the first of the work's writes: what a process that is killed there leaves. */
async function copiedBetweenWrites(work: () => Promise<unknown>): Promise<void> {
  const prototype = ClassicLevel.prototype as unknown as { _put: (...parts: unknown[]) => Promise<void> };
  const original = prototype._put;
  let writes = 0;
  prototype._put = function (...parts) {
    writes += 1;
    if (writes === 2) cpSync(join(folder, 'living'), join(folder, 'killed'), { recursive: true });
    return original.apply(this, parts);
  };
  try {
    await work();
  } finally {
    prototype._put = original;
  }
  // The entry of the index, and the item.
  expect(writes).toBe(2);
}
