import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import type { Outpoint } from '../chain/chain.ts';
import { CHANNEL_STATES } from '../http/api.ts';
import { encodeTerms, termsFromStored } from '../protocol/terms.ts';
import { bool, bytes, integer, list, map, text } from './attributes.ts';
import type { Channel, SettlementRecord } from './channel-record.ts';
import { DUE_SHARDS, PARTITION_KEY, SORT_KEY } from './table.ts';

/** A channel as a DynamoDB item, and back. */
type Item = Record<string, AttributeValue>;

export function channelKey(id: string): Item {
  return { [PARTITION_KEY]: { S: `CHANNEL#${id}` }, [SORT_KEY]: { S: 'CHANNEL' } };
}

/** Ids are hashes, so their first byte spreads channels evenly. */
export function dueShard(id: string): string {
  return `DUE#${Number.parseInt(id.slice(0, 2), 16) % DUE_SHARDS}`;
}

export function outpointItem({ txid, vout }: Outpoint): AttributeValue {
  return { M: { txid: { S: txid }, vout: { N: `${vout}` } } };
}

export function settlementItem({ txid, signedAtHeight }: SettlementRecord): AttributeValue {
  return { M: { txid: { S: txid }, height: { N: `${signedAtHeight}` } } };
}

/** The item of a channel that was just proposed. */
export function channelToItem(channel: Channel): Item {
  return {
    ...channelKey(channel.id),
    id: { S: channel.id },
    state: { S: channel.state },
    terms: { S: new TextDecoder().decode(encodeTerms(channel.terms)) },
    totalSize: { N: `${channel.shape.totalSize}` },
    chunkSize: { N: `${channel.shape.chunkSize}` },
    channelKey: { B: channel.channelKey },
    contiguous: { BOOL: channel.contiguous },
    createdAt: { N: `${channel.createdAt}` },
    refunds: { L: [] },
    voided: { BOOL: false },
    paid: { N: '0' },
    paidBefore: { N: '0' },
    delivered: { N: '0' },
    unpaidLinks: { N: '0' },
    settlements: { L: [] },
  };
}

const outpoint = map({ txid: text, vout: integer });

/** A table can be edited by hand or restored from elsewhere: an item that is not a channel must fail here, not at a payment. */
const itemSchema = v.object({
  id: text,
  state: v.pipe(text, v.picklist(CHANNEL_STATES)),
  terms: text,
  totalSize: integer,
  chunkSize: integer,
  channelKey: bytes,
  contiguous: bool,
  createdAt: integer,
  refunds: list(map({ outpoint, signature: bytes })),
  claimed: v.exactOptional(outpoint),
  funding: v.exactOptional(map({ outpoint, height: integer, blockHash: text })),
  voided: bool,
  paid: integer,
  paidBefore: integer,
  commitment: v.exactOptional(bytes),
  delivered: integer,
  unpaidLinks: integer,
  settlements: list(map({ txid: text, height: integer })),
  spend: v.exactOptional(map({ txid: text, height: v.exactOptional(integer) })),
});

/** @throws ValiError where the item is not a channel */
export function channelFromItem(item: Item): Channel {
  const { terms, totalSize, chunkSize, settlements, ...rest } = v.parse(itemSchema, item);
  return {
    ...rest,
    terms: termsFromStored(terms),
    shape: { totalSize, chunkSize },
    settlements: settlements.map(({ height, ...settlement }) => ({ ...settlement, signedAtHeight: height })),
  };
}
