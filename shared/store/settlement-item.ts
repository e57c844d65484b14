import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { integer, list, satoshis, text } from './attributes.ts';
import type { StoredSettlement } from './channel-record.ts';
import { PARTITION_KEY, SORT_KEY } from './table.ts';

type Item = Record<string, AttributeValue>;

export function settlementKey(txid: string): Item {
  return { [PARTITION_KEY]: { S: `SETTLEMENT#${txid}` }, [SORT_KEY]: { S: 'SETTLEMENT' } };
}

/** A settlement as a DynamoDB item: of a full batch about 25 KB. */
export function settlementToItem(settlement: StoredSettlement): Item {
  const { txid, raw, fee, virtualSize, signedAtHeight, members } = settlement;
  return {
    ...settlementKey(txid),
    txid: { S: txid },
    raw: { S: raw },
    fee: { N: `${fee}` },
    virtualSize: { N: `${virtualSize}` },
    signedAtHeight: { N: `${signedAtHeight}` },
    members: { L: members.map((id) => ({ S: id })) },
  };
}

const itemSchema = v.object({
  txid: text,
  raw: text,
  fee: satoshis,
  virtualSize: integer,
  signedAtHeight: integer,
  members: list(text),
});

/** @throws ValiError where the item is not a settlement */
export function settlementFromItem(item: Item): StoredSettlement {
  return v.parse(itemSchema, item);
}
