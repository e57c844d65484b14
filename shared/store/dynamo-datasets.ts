import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../clock.ts';
import { type DatasetItem, datasetFromItem, datasetToItem, versionsFromItem } from './dataset-item.ts';
import { type Dataset, DatasetConflict, type SellerDatasetStore } from './dataset-record.ts';
import { dynamoOffers } from './dynamo-offers.ts';
import { PARTITION_KEY, SORT_KEY } from './table.ts';

/** Object versions in one item: S3's are 32 characters long, so a page is about 35 KB of the 400 KB an item may have. */
const VERSIONS_PER_PAGE = 1_000;

/** The datasets on the shop's table. */
export function dynamoDatasets(
  client: DynamoDBClient,
  table: string,
  clock: Clock = systemClock,
): SellerDatasetStore {
  /** Folders by manifest: written once and never changed, so they may be remembered. */
  const folders = new Map<string, string>();

  const read = async (pk: string, sk: string, consistent: boolean): Promise<DatasetItem | undefined> => {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: key(pk, sk), ConsistentRead: consistent }),
    );
    return Item;
  };

  const get = async (manifest: string, consistent = false): Promise<Dataset | undefined> => {
    const item = await read('DATASETS', manifest, consistent);
    if (!item) return undefined;
    const dataset = datasetFromItem(item);
    folders.set(manifest, dataset.folder);
    return dataset;
  };

  const versionsPage = async (manifest: string, folder: string, page: number, consistent: boolean) => {
    const item = await read(`DATASET#${manifest}`, `VERSIONS#${folder}#${page}`, consistent);
    return item && versionsFromItem(item);
  };

  const checkSame = async (dataset: Dataset, chunkVersions: readonly string[], existing: Dataset) => {
    const same = existing.folder === dataset.folder && existing.manifestVersion === dataset.manifestVersion;
    for (let page = 0; same && page * VERSIONS_PER_PAGE < chunkVersions.length; page++) {
      const there = await versionsPage(dataset.manifest, dataset.folder, page, true);
      if (there?.join() !== pageOf(chunkVersions, page).join()) throw conflict(dataset);
    }
    if (!same) throw conflict(dataset);
  };

  return {
    async put(dataset, chunkVersions) {
      const existing = await get(dataset.manifest, true);
      if (existing) return checkSame(dataset, chunkVersions, existing);
      // Pages first: who finds the dataset finds them all. They carry the folder, so that two who publish the same
      // content at once do not mix their objects.
      for (let page = 0; page * VERSIONS_PER_PAGE < chunkVersions.length; page++) {
        const versions = pageOf(chunkVersions, page).map((version) => ({ S: version }));
        const sk = `VERSIONS#${dataset.folder}#${page}`;
        const item = { ...key(`DATASET#${dataset.manifest}`, sk), versions: { L: versions } };
        await client.send(new PutItemCommand({ TableName: table, Item: item }));
      }
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: { ...key('DATASETS', dataset.manifest), ...datasetToItem(dataset) },
            ConditionExpression: `attribute_not_exists(${PARTITION_KEY})`,
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const winner = await get(dataset.manifest, true);
        if (!winner) throw error;
        await checkSame(dataset, chunkVersions, winner);
      }
    },

    get: (manifest) => get(manifest),

    async chunkVersions(manifest, chunk) {
      const folder = folders.get(manifest) ?? (await get(manifest))?.folder;
      if (folder === undefined || !Number.isSafeInteger(chunk) || chunk < 0) return undefined;
      const page = Math.floor(chunk / VERSIONS_PER_PAGE);
      const first = page * VERSIONS_PER_PAGE;
      const versions = await versionsPage(manifest, folder, page, false);
      return versions && chunk - first < versions.length ? { folder, first, versions } : undefined;
    },

    async list() {
      const datasets: Dataset[] = [];
      let from: DatasetItem | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: `${PARTITION_KEY} = :pk`,
            ExpressionAttributeValues: { ':pk': { S: 'DATASETS' } },
            ...(from && { ExclusiveStartKey: from }),
          }),
        );
        datasets.push(...(page.Items ?? []).map(datasetFromItem));
        from = page.LastEvaluatedKey;
      } while (from);
      return datasets;
    },

    ...dynamoOffers({
      client,
      table,
      clock,
      keyOf: (manifest) => key('DATASETS', manifest),
      get: (manifest) => get(manifest, true),
    }),
  };
}

function key(pk: string, sk: string): DatasetItem {
  return { [PARTITION_KEY]: { S: pk }, [SORT_KEY]: { S: sk } };
}

function pageOf(versions: readonly string[], page: number): readonly string[] {
  return versions.slice(page * VERSIONS_PER_PAGE, (page + 1) * VERSIONS_PER_PAGE);
}

function conflict(dataset: Dataset): DatasetConflict {
  return new DatasetConflict(`dataset ${dataset.manifest} is there already with other objects`);
}
