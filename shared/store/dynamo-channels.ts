import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import {
  channelFromItem,
  channelKey,
  channelToItem,
  dueShard,
  outpointItem,
  settlementItem,
} from './channel-item.ts';
import type { ChannelChange, ChannelStore, Expectation } from './channel-record.ts';
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

/** Collects an expression's names and values: every name is escaped, so that none can be a reserved word. */
class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};

  name(attribute: string): string {
    this.names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  value(value: AttributeValue): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}

function conditionOf(expectation: Expectation, expression: Expression): string {
  const { name, value } = bound(expression);
  const number = (input: number) => value({ N: `${input}` });
  const states = expectation.states.map((state) => value({ S: state }));
  const conditions = [`${name('state')} IN (${states.join(', ')})`];
  if (expectation.paid !== undefined) conditions.push(`${name('paid')} = ${number(expectation.paid)}`);
  if (expectation.paidBelow !== undefined)
    conditions.push(`${name('paid')} < ${number(expectation.paidBelow)}`);
  if (expectation.paidAtLeast !== undefined)
    conditions.push(`${name('paid')} >= ${number(expectation.paidAtLeast)}`);
  if (expectation.delivered !== undefined)
    conditions.push(`${name('delivered')} = ${number(expectation.delivered)}`);
  if (expectation.unpaidLinksBelow !== undefined) {
    conditions.push(`${name('unpaidLinks')} < ${number(expectation.unpaidLinksBelow)}`);
  }
  if (expectation.unclaimed) conditions.push(`attribute_not_exists(${name('claimed')})`);
  for (const entries of ['refunds', 'settlements'] as const) {
    const length = expectation[entries];
    if (length !== undefined) conditions.push(`size(${name(entries)}) = ${number(length)}`);
  }
  return conditions.join(' AND ');
}

function updateOf(id: string, change: ChannelChange, expression: Expression): string {
  const { name, value } = bound(expression);
  const sets: string[] = [];
  const removes: string[] = [];
  const set = (attribute: string, input: AttributeValue) => sets.push(`${name(attribute)} = ${value(input)}`);
  const number = (input: number): AttributeValue => ({ N: `${input}` });

  if (change.state !== undefined) set('state', { S: change.state });
  if (change.claimed) set('claimed', outpointItem(change.claimed));
  if (change.funding) {
    const { outpoint, height, blockHash } = change.funding;
    set('funding', {
      M: { outpoint: outpointItem(outpoint), height: number(height), blockHash: { S: blockHash } },
    });
  }
  if (change.voided !== undefined) set('voided', { BOOL: change.voided });
  if (change.paid !== undefined) set('paid', number(change.paid));
  if (change.commitment) set('commitment', { B: change.commitment });
  if (change.delivered !== undefined) set('delivered', number(change.delivered));
  if (change.unpaidLinks !== undefined) set('unpaidLinks', number(change.unpaidLinks));
  if (change.oneMoreUnpaidLink)
    sets.push(`${name('unpaidLinks')} = ${name('unpaidLinks')} + ${value(number(1))}`);
  if (change.addRefund) {
    const { outpoint, signature } = change.addRefund;
    const entry = value({ L: [{ M: { outpoint: outpointItem(outpoint), signature: { B: signature } } }] });
    sets.push(`${name('refunds')} = list_append(${name('refunds')}, ${entry})`);
  }
  if (change.addSettlement) {
    const entry = value({ L: [settlementItem(change.addSettlement)] });
    sets.push(`${name('settlements')} = list_append(${name('settlements')}, ${entry})`);
  }
  if (change.spend) {
    const { txid, height } = change.spend;
    set('spend', { M: { txid: { S: txid }, ...(height !== undefined && { height: number(height) }) } });
  }
  if (change.addRefund || change.dueAt !== undefined) {
    // Somebody relies on the record from now on.
    removes.push(name(TTL_ATTRIBUTE));
  }
  if (change.dueAt !== undefined) {
    set(DUE_SHARD, { S: dueShard(id) });
    set(DUE_HEIGHT, number(change.dueAt));
  }
  if (change.archiveAt !== undefined) {
    set(TTL_ATTRIBUTE, number(change.archiveAt));
    removes.push(name(DUE_SHARD), name(DUE_HEIGHT));
  }
  return `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`;
}

function bound(expression: Expression) {
  return {
    name: (attribute: string) => expression.name(attribute),
    value: (input: AttributeValue) => expression.value(input),
  };
}
