import { type AttributeValue, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { channelKey } from '../../shared/store/channel-item.ts';
import type { ChannelShop } from './channel-shop.ts';

/** A channel's item as the table holds it, with the attributes that no record shows. */
export async function rawItem(
  { tables, table }: Pick<ChannelShop, 'tables' | 'table'>,
  { id }: { readonly id: string },
): Promise<Record<string, AttributeValue>> {
  const { Item } = await tables.client.send(
    new GetItemCommand({ TableName: table, Key: channelKey(id), ConsistentRead: true }),
  );
  if (!Item) throw new Error('there is no such item');
  return Item;
}

/** The height at which the schedule looks at the channel; undefined where it does not. */
export async function dueAt(
  shop: Pick<ChannelShop, 'tables' | 'table'>,
  channel: { readonly id: string },
): Promise<number | undefined> {
  const { dueHeight } = await rawItem(shop, channel);
  return dueHeight?.N === undefined ? undefined : Number(dueHeight.N);
}

/** The unix second from which the table may forget the channel; undefined where it may not. */
export async function forgetAt(
  shop: Pick<ChannelShop, 'tables' | 'table'>,
  channel: { readonly id: string },
): Promise<number | undefined> {
  const { expiresAt } = await rawItem(shop, channel);
  return expiresAt?.N === undefined ? undefined : Number(expiresAt.N);
}
