import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../../shared/clock.ts';
import { OLD_PRICE_GRACE_MS } from '../../../shared/limits.ts';
import { dynamoDatasets } from '../../../shared/store/dynamo-datasets.ts';
import { DATASET } from '../../support/channel-shop.ts';
import { documentOf, functionShop } from '../../support/function-shop.ts';

const { call, refuses } = functionShop();
const parameters = { manifest: DATASET.manifest };
const datasetsAt = (earlier: number) =>
  dynamoDatasets(new DynamoDBClient(), process.env.SPILLWAY_TABLE ?? '', {
    now: () => systemClock.now() - earlier,
  });

test('a dataset off sale is in no list, and is answered as long as it opens channels', async () => {
  expect(documentOf(await call('listDatasets')).datasets).toHaveLength(1);
  await datasetsAt(0).takeOffSale(DATASET.manifest);
  expect(documentOf(await call('listDatasets'))).toEqual({ datasets: [] });
  expect(documentOf(await call('getDataset', { parameters }))).toMatchObject(parameters);

  await datasetsAt(0).putOnSale(DATASET.manifest, DATASET.pricePerChunk);
  await datasetsAt(OLD_PRICE_GRACE_MS).takeOffSale(DATASET.manifest);
  expect(await refuses('not-found', 'getDataset', { parameters })).toBe('no dataset of this id');
});
