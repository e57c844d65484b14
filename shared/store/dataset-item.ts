import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { integer, satoshis, text } from './attributes.ts';
import type { Dataset } from './dataset-record.ts';

/** Datasets as the table's items hold them: texts as S, integers and satoshis as N. */

export type DatasetItem = Record<string, AttributeValue>;

const itemSchema = v.object({
  manifest: text,
  folder: text,
  name: text,
  description: text,
  licence: text,
  totalSize: integer,
  chunkSize: integer,
  manifestSignature: text,
  manifestVersion: text,
  pricePerChunk: satoshis,
  previousPrice: v.optional(satoshis),
  previousPriceUntil: v.optional(integer),
  forSaleUntil: v.exactOptional(integer),
});

const versionsSchema = v.object({ versions: v.object({ L: v.array(text) }) });

export function datasetToItem(dataset: Dataset): DatasetItem {
  const previous = dataset.previousPrice;
  return {
    manifest: { S: dataset.manifest },
    folder: { S: dataset.folder },
    name: { S: dataset.name },
    description: { S: dataset.description },
    licence: { S: dataset.licence },
    totalSize: { N: dataset.totalSize.toString() },
    chunkSize: { N: dataset.chunkSize.toString() },
    manifestSignature: { S: dataset.manifestSignature },
    manifestVersion: { S: dataset.manifestVersion },
    pricePerChunk: { N: dataset.pricePerChunk.toString() },
    ...(previous && {
      previousPrice: { N: previous.pricePerChunk.toString() },
      previousPriceUntil: { N: previous.until.toString() },
    }),
    ...(dataset.forSaleUntil !== undefined && { forSaleUntil: { N: dataset.forSaleUntil.toString() } }),
  };
}

/** @throws ValiError where the item is not one that `datasetToItem` made */
export function datasetFromItem(item: DatasetItem): Dataset {
  const { previousPrice, previousPriceUntil, ...dataset } = v.parse(itemSchema, item);
  if (previousPrice === undefined || previousPriceUntil === undefined) return dataset;
  return { ...dataset, previousPrice: { pricePerChunk: previousPrice, until: previousPriceUntil } };
}

/** @throws ValiError where the item is no page of object versions */
export function versionsFromItem(item: DatasetItem): readonly string[] {
  return v.parse(versionsSchema, item).versions.L;
}
