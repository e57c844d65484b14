import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { integer } from './attributes.ts';
import { channelFromItem } from './channel-item.ts';
import type { Channel, StoredSettlement } from './channel-record.ts';
import { settlementFromItem } from './settlement-item.ts';
import { PARTITION_KEY, SORT_KEY } from './table.ts';

type Item = Record<string, AttributeValue>;

/** That the schedule ran: milliseconds since the epoch, and the height it saw. */
export interface LastSweep {
  readonly at: number;
  readonly height: number;
}

export type ShopRecord =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'settlement'; readonly settlement: StoredSettlement };

/** What the seller's own commands read. Eventually consistent: it tells, and decides nothing. */
export interface ShopRecords {
  lastSweep(): Promise<LastSweep | undefined>;
  /** Every channel and every settlement that was signed, in no order, a page of the table at a time. */
  all(): AsyncGenerator<ShopRecord>;
}

const sweepSchema = v.object({ at: integer, height: integer });

/**
 * Reads the whole table, page by page (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html): what that
 * costs grows with all that was ever sold, so no function does it, and none may.
 */
export function dynamoRecords(client: DynamoDBClient, table: string): ShopRecords {
  return {
    async lastSweep() {
      const key = { [PARTITION_KEY]: { S: 'SWEEP' }, [SORT_KEY]: { S: 'LAST' } };
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: key }));
      return Item && v.parse(sweepSchema, Item);
    },

    async *all() {
      let from: Item | undefined;
      do {
        const page = await client.send(
          new ScanCommand({
            TableName: table,
            FilterExpression: '#sk IN (:channel, :settlement)',
            ExpressionAttributeNames: { '#sk': SORT_KEY },
            ExpressionAttributeValues: { ':channel': { S: 'CHANNEL' }, ':settlement': { S: 'SETTLEMENT' } },
            ...(from && { ExclusiveStartKey: from }),
          }),
        );
        for (const item of page.Items ?? []) yield recordOf(item);
        from = page.LastEvaluatedKey;
      } while (from);
    },
  };
}

/** An item that is neither is told by its key: the schedule cannot read it either. */
function recordOf(item: Item): ShopRecord {
  try {
    return item[SORT_KEY]?.S === 'CHANNEL'
      ? { kind: 'channel', channel: channelFromItem(item) }
      : { kind: 'settlement', settlement: settlementFromItem(item) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the item ${item[PARTITION_KEY]?.S} of the table is damaged: ${reason}`, {
      cause: error,
    });
  }
}
