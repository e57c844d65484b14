import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import { OLD_PRICE_GRACE_MS } from '../limits.ts';
import { Expression } from './channel-expression.ts';
import { type DatasetItem, datasetToItem } from './dataset-item.ts';
import type { Dataset, OfferChange, SellerDatasetStore } from './dataset-record.ts';

/** What a change of an offer writes; an attribute that the dataset then lacks is removed. */
const OFFER = ['pricePerChunk', 'previousPrice', 'previousPriceUntil', 'forSaleUntil'] as const;
/** Another change that comes between reading and writing is one more try: sellers do not race each other for long. */
const TRIES = 5;

export interface OfferStore {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
  keyOf(manifest: string): DatasetItem;
  /** Strongly consistent. */
  get(manifest: string): Promise<Dataset | undefined>;
}

/** What a dataset costs and whether it is for sale: each change one write, on condition that the offer is what was read. */
export function dynamoOffers(
  store: OfferStore,
): Pick<SellerDatasetStore, 'setPrice' | 'takeOffSale' | 'putOnSale'> {
  const graceEnd = () => store.clock.now() + OLD_PRICE_GRACE_MS;
  return {
    setPrice: (manifest, pricePerChunk) =>
      changeOffer(store, manifest, (dataset) =>
        dataset.forSaleUntil === undefined ? priced(dataset, pricePerChunk, graceEnd()) : dataset,
      ),

    takeOffSale: (manifest) =>
      changeOffer(store, manifest, (dataset) =>
        dataset.forSaleUntil === undefined ? { ...dataset, forSaleUntil: graceEnd() } : dataset,
      ),

    putOnSale: (manifest, pricePerChunk) =>
      changeOffer(store, manifest, ({ forSaleUntil, ...dataset }) =>
        // Where it was off sale, so was its old price, with it.
        priced(dataset, pricePerChunk, forSaleUntil ?? graceEnd()),
      ),
  };
}

/** @param until milliseconds: how long the price that is replaced still opens channels */
function priced(dataset: Dataset, pricePerChunk: bigint, until: number): Dataset {
  if (dataset.pricePerChunk === pricePerChunk) return dataset;
  return { ...dataset, pricePerChunk, previousPrice: { pricePerChunk: dataset.pricePerChunk, until } };
}

async function changeOffer(
  store: OfferStore,
  manifest: string,
  decide: (dataset: Dataset) => Dataset,
): Promise<OfferChange | undefined> {
  for (let tries = 1; ; tries++) {
    const before = await store.get(manifest);
    if (!before) return undefined;
    const now = decide(before);
    if (isSameOffer(before, now)) return { before, now: before };
    try {
      await write(store, before, now);
      return { before, now };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || tries === TRIES) throw error;
    }
  }
}

function isSameOffer(one: Dataset, other: Dataset): boolean {
  return one.pricePerChunk === other.pricePerChunk && one.forSaleUntil === other.forSaleUntil;
}

async function write({ client, table, keyOf }: OfferStore, before: Dataset, now: Dataset): Promise<void> {
  const expression = new Expression();
  const item = datasetToItem(now);
  const sets: string[] = [];
  const removes: string[] = [];
  for (const attribute of OFFER) {
    const value = item[attribute];
    const name = expression.name(attribute);
    if (value) sets.push(`${name} = ${expression.value(value)}`);
    else removes.push(name);
  }
  const price = expression.value({ N: before.pricePerChunk.toString() });
  const isAsItWas =
    before.forSaleUntil === undefined
      ? 'attribute_not_exists(#forSaleUntil)'
      : `#forSaleUntil = ${expression.value({ N: before.forSaleUntil.toString() })}`;
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: keyOf(now.manifest),
      UpdateExpression: `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`,
      ConditionExpression: `#pricePerChunk = ${price} AND ${isAsItWas}`,
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
    }),
  );
}
