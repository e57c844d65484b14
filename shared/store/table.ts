import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/**
 * The shop's one table. `pk` and `sk` are strings; `due` is a sparse index of the channels that want the schedule's
 * attention, sharded so that no partition is hot, sorted by the height from which they want it.
 *
 * | pk | sk | item |
 * |---|---|---|
 * | CHANNEL#<id> | CHANNEL | a channel (dynamo-channels.ts) |
 * | CHANNEL#<id> | URLS#<chunk> | links given out today for a paid chunk |
 * | SETTLEMENT#<txid> | SETTLEMENT | a settlement that was signed, for one channel or many (settlement-item.ts) |
 * | SWEEP | LAST | when the schedule last ran, and at which height |
 * | KEY#<buyer key> | KEY | the channel that uses a buyer key |
 * | DATASETS | <manifest> | a dataset (dynamo-datasets.ts) |
 * | DATASET#<manifest> | VERSIONS#<folder>#<page> | object versions of 1,000 of its chunks |
 */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
export const DUE_INDEX = 'due';
export const DUE_SHARD = 'dueShard';
export const DUE_HEIGHT = 'dueHeight';
export const TTL_ATTRIBUTE = 'expiresAt';
/** Shards of the due index: each takes 1,000 writes a second (DynamoDB's partition limit). */
export const DUE_SHARDS = 8;

/** The table as CreateTable takes it; the CDK construct is tested to be the same. */
export const TABLE_DEFINITION: Omit<CreateTableCommandInput, 'TableName'> = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: PARTITION_KEY, AttributeType: 'S' },
    { AttributeName: SORT_KEY, AttributeType: 'S' },
    { AttributeName: DUE_SHARD, AttributeType: 'S' },
    { AttributeName: DUE_HEIGHT, AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
    { AttributeName: SORT_KEY, KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: DUE_INDEX,
      KeySchema: [
        { AttributeName: DUE_SHARD, KeyType: 'HASH' },
        { AttributeName: DUE_HEIGHT, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};
