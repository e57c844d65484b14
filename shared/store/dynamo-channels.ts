import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { conditionOf, Expression, updateOf } from './channel-expression.ts';
import { channelFromItem, channelKey, channelToItem } from './channel-item.ts';
import type { ChannelStore } from './channel-record.ts';
import { settlementFromItem, settlementKey, settlementToItem } from './settlement-item.ts';
import {
  DUE_HEIGHT,
  DUE_INDEX,
  DUE_SHARD,
  DUE_SHARDS,
  PARTITION_KEY,
  SORT_KEY,
  TTL_ATTRIBUTE,
} from './table.ts';

/** Links of paid chunks are counted by day; the counters are rubbish after two. */
const SECONDS_PER_DAY = 86_400;

/** The channel store on DynamoDB: no transactions, one item a channel, one conditional write a change. */
export function dynamoChannels(client: DynamoDBClient, table: string): ChannelStore {
  return {
    async get(id) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: channelKey(id), ConsistentRead: true }),
      );
      return Item && channelFromItem(Item);
    },

    async claimBuyerKey(buyerKey, id) {
      const key = `KEY#${bytesToHex(buyerKey)}`;
      return succeeds(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: { [PARTITION_KEY]: { S: key }, [SORT_KEY]: { S: 'KEY' }, channelId: { S: id } },
            ConditionExpression: 'attribute_not_exists(#pk) OR channelId = :id',
            ExpressionAttributeNames: { '#pk': PARTITION_KEY },
            ExpressionAttributeValues: { ':id': { S: id } },
          }),
        ),
      );
    },

    async propose(channel, expiredBefore, forgetAt) {
      return succeeds(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: { ...channelToItem(channel), [TTL_ATTRIBUTE]: { N: `${forgetAt}` } },
            ConditionExpression:
              'attribute_not_exists(#pk) OR (#state = :proposed AND createdAt <= :expired AND size(refunds) = :zero AND attribute_not_exists(claimed))',
            ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#state': 'state' },
            ExpressionAttributeValues: {
              ':proposed': { S: 'PROPOSED' },
              ':expired': { N: `${expiredBefore}` },
              ':zero': { N: '0' },
            },
          }),
        ),
      );
    },

    async change(id, expectation, change) {
      const expression = new Expression();
      const condition = conditionOf(expectation, expression);
      const update = updateOf(id, change, expression);
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: channelKey(id),
            ConditionExpression: condition,
            UpdateExpression: update,
            ExpressionAttributeNames: expression.names,
            ExpressionAttributeValues: expression.values,
            ReturnValues: 'ALL_NEW',
          }),
        );
        return Attributes && channelFromItem(Attributes);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        throw error;
      }
    },

    async countPaidLink(id, chunk, day, limit) {
      const key = { ...channelKey(id), [SORT_KEY]: { S: `URLS#${chunk}#${day}` } };
      return succeeds(
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: key,
            ConditionExpression: 'attribute_not_exists(links) OR links < :limit',
            UpdateExpression: 'SET #ttl = :ttl ADD links :one',
            ExpressionAttributeNames: { '#ttl': TTL_ATTRIBUTE },
            ExpressionAttributeValues: {
              ':limit': { N: `${limit}` },
              ':one': { N: '1' },
              ':ttl': { N: `${(day + 2) * SECONDS_PER_DAY}` },
            },
          }),
        ),
      );
    },

    async putSettlement(settlement) {
      await client.send(new PutItemCommand({ TableName: table, Item: settlementToItem(settlement) }));
    },

    async getSettlement(txid) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: settlementKey(txid), ConsistentRead: true }),
      );
      return Item && settlementFromItem(Item);
    },

    async noteSweep(at, height) {
      const Item = {
        [PARTITION_KEY]: { S: 'SWEEP' },
        [SORT_KEY]: { S: 'LAST' },
        at: { N: `${at}` },
        height: { N: `${height}` },
      };
      const put = new PutItemCommand({ TableName: table, Item, ReturnValues: 'ALL_OLD' });
      const { Attributes } = await client.send(put);
      return Attributes?.at?.N === undefined ? undefined : Number(Attributes.at.N);
    },

    async due(height, limit) {
      const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => dueInShard(shard, height, limit));
      const found = (await Promise.all(shards)).flat();
      return found
        .sort((left, right) => left.height - right.height)
        .slice(0, limit)
        .map(({ id }) => id);
    },
  };

  async function dueInShard(
    shard: number,
    height: number,
    limit: number,
  ): Promise<{ id: string; height: number }[]> {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: DUE_INDEX,
        KeyConditionExpression: '#shard = :shard AND #height <= :height',
        ExpressionAttributeNames: { '#shard': DUE_SHARD, '#height': DUE_HEIGHT },
        ExpressionAttributeValues: { ':shard': { S: `DUE#${shard}` }, ':height': { N: `${height}` } },
        Limit: limit,
      }),
    );
    return Items.map((item) => ({
      id: (item[PARTITION_KEY]?.S ?? '').slice('CHANNEL#'.length),
      height: Number(item[DUE_HEIGHT]?.N),
    }));
  }
}

async function succeeds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
