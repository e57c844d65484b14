import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { OLD_PRICE_GRACE_MS } from '../../../shared/limits.ts';
import { chunkObjects } from '../../../shared/store/chunk-objects.ts';
import {
  type Dataset,
  DatasetConflict,
  type DatasetStore,
  opensChannels,
} from '../../../shared/store/dataset-record.ts';
import { dynamoDatasets } from '../../../shared/store/dynamo-datasets.ts';
import { availableTables, type RunningTables } from '../../support/tables.ts';

const dataset = (overrides: Partial<Dataset> = {}): Dataset => ({
  manifest: 'ab'.repeat(32),
  folder: '0123456789abcdef0123456789abcdef',
  name: 'Wetterdaten 2025 ☔',
  description: '',
  licence: 'CC-BY-4.0',
  totalSize: 10_485_760,
  chunkSize: 5_242_880,
  manifestSignature: 'cd'.repeat(64),
  manifestVersion: 'version-of-the-manifest',
  pricePerChunk: 2_100_000_000_000_000n,
  ...overrides,
});

const versions = (count: number, prefix = 'v') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** As a payment finds it, with nothing remembered. */
const versionOf = async (datasets: DatasetStore, manifest: string, chunk: number) =>
  (await chunkObjects(datasets).locate(manifest, chunk))?.versionId;

describe.each(availableTables())('datasets on $name', ({ start }) => {
  let tables: RunningTables;
  beforeAll(async () => {
    tables = await start();
  }, 30_000);
  afterAll(() => tables.stop());

  const store = async (now = 1_700_000_000_000) => {
    const table = await tables.createTable();
    return { table, datasets: dynamoDatasets(tables.client, table, { now: () => now }) };
  };

  test('what was put is what is got, listed and found by chunk', async () => {
    const { datasets } = await store();
    await datasets.put(dataset(), ['first', 'second']);
    expect(await datasets.get(dataset().manifest)).toEqual(dataset());
    expect(await datasets.list()).toEqual([dataset()]);
    expect(await versionOf(datasets, dataset().manifest, 0)).toBe('first');
    expect(await versionOf(datasets, dataset().manifest, 1)).toBe('second');
    expect(await versionOf(datasets, dataset().manifest, 2)).toBeUndefined();
    expect(await versionOf(datasets, dataset().manifest, -1)).toBeUndefined();
  });

  test('what was never put is not there', async () => {
    const { datasets } = await store();
    expect(await datasets.get('00'.repeat(32))).toBeUndefined();
    expect(await versionOf(datasets, '00'.repeat(32), 0)).toBeUndefined();
    expect(await datasets.list()).toEqual([]);
    expect(await datasets.setPrice('00'.repeat(32), 1n)).toBeUndefined();
  });

  test('versions go on over the end of a page, and another process finds them', async () => {
    const { datasets, table } = await store();
    await datasets.put(dataset(), versions(2_001));
    const elsewhere = dynamoDatasets(tables.client, table);
    for (const chunk of [0, 999, 1_000, 1_999, 2_000]) {
      expect(await versionOf(elsewhere, dataset().manifest, chunk)).toBe(`v${chunk}`);
    }
    expect(await versionOf(elsewhere, dataset().manifest, 2_001)).toBeUndefined();
  });

  test('a thousand chunks are found by one reading, and no chunk by that of another', async () => {
    const { datasets } = await store();
    await datasets.put(dataset(), versions(2_001));
    const asked: number[] = [];
    const chunks = chunkObjects({
      chunkVersions: (manifest, chunk) => {
        asked.push(chunk);
        return datasets.chunkVersions(manifest, chunk);
      },
    });
    for (const chunk of [5, 0, 999, 1_000, 1_999, 3, 2_000, 2_001, 2_001]) {
      const expected = chunk <= 2_000 ? `v${chunk}` : undefined;
      expect((await chunks.locate(dataset().manifest, chunk))?.versionId).toBe(expected);
    }
    // What is not there is not remembered as absent.
    expect(asked).toEqual([5, 1_000, 2_000, 2_001, 2_001]);
    expect(await chunks.locate('00'.repeat(32), 0)).toBeUndefined();
  });

  test('putting the same again changes nothing, not even a price that was set since', async () => {
    const { datasets } = await store();
    await datasets.put(dataset(), versions(2));
    await datasets.setPrice(dataset().manifest, 7n);
    await datasets.put(dataset(), versions(2));
    expect((await datasets.get(dataset().manifest))?.pricePerChunk).toBe(7n);
  });

  test('other objects never take the place of those for sale', async () => {
    const { datasets } = await store();
    await datasets.put(dataset(), versions(2));
    const folder = 'f'.repeat(32);
    await expect(datasets.put(dataset({ folder }), versions(2, 'w'))).rejects.toThrow(DatasetConflict);
    await expect(datasets.put(dataset({ manifestVersion: 'other' }), versions(2))).rejects.toThrow(
      DatasetConflict,
    );
    await expect(datasets.put(dataset(), ['v0', 'other'])).rejects.toThrow(DatasetConflict);
    expect(await datasets.get(dataset().manifest)).toEqual(dataset());
    expect(await versionOf(datasets, dataset().manifest, 1)).toBe('v1');
  });

  test('of two who publish the same content at once one wins whole', async () => {
    const { datasets } = await store();
    const folders = ['a'.repeat(32), 'b'.repeat(32)];
    const outcomes = await Promise.allSettled(
      folders.map((folder) => datasets.put(dataset({ folder }), versions(1_500, folder.slice(0, 1)))),
    );
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = (await datasets.get(dataset().manifest))?.folder.slice(0, 1);
    expect(await versionOf(datasets, dataset().manifest, 0)).toBe(`${winner}0`);
    expect(await versionOf(datasets, dataset().manifest, 1_499)).toBe(`${winner}1499`);
  });

  test('versions are written before the dataset can be found', async () => {
    const { datasets, table } = await store();
    const failing = dynamoDatasets(failAfter(tables.client, 2), table);
    await expect(failing.put(dataset(), versions(1_001))).rejects.toThrow('the line is cut');
    expect(await datasets.get(dataset().manifest)).toBeUndefined();
    await datasets.put(dataset(), versions(1_001));
    expect(await versionOf(datasets, dataset().manifest, 1_000)).toBe('v1000');
  });

  test('a new price keeps the old one for an hour', async () => {
    const { datasets } = await store(5_000);
    await datasets.put(dataset({ pricePerChunk: 10n }), versions(2));
    const changed = dataset({
      pricePerChunk: 12n,
      previousPrice: { pricePerChunk: 10n, until: 5_000 + OLD_PRICE_GRACE_MS },
    });
    expect((await datasets.setPrice(changed.manifest, 12n))?.now).toEqual(changed);
    expect(await datasets.get(changed.manifest)).toEqual(changed);
    // Setting it once more does not make the new price the old one.
    expect((await datasets.setPrice(changed.manifest, 12n))?.now).toEqual(changed);
  });

  describe('off sale', () => {
    const HOUR = OLD_PRICE_GRACE_MS;
    const clockOf = async () => {
      const { table } = await store();
      const time = { now: 5_000 };
      const datasets = dynamoDatasets(tables.client, table, { now: () => time.now });
      await datasets.put(dataset({ pricePerChunk: 10n }), versions(2));
      return { datasets, time, id: dataset().manifest };
    };

    test('it opens channels for an hour, counted from the first time it was taken off', async () => {
      const { datasets, time, id } = await clockOf();
      const offSale = dataset({ pricePerChunk: 10n, forSaleUntil: 5_000 + HOUR });
      expect(await datasets.takeOffSale(id)).toEqual({
        before: dataset({ pricePerChunk: 10n }),
        now: offSale,
      });
      time.now += 60_000;
      expect(await datasets.takeOffSale(id)).toEqual({ before: offSale, now: offSale });
      expect(await datasets.list()).toEqual([offSale]);
      expect(opensChannels(offSale, 5_000 + HOUR - 1)).toBe(true);
      expect(opensChannels(offSale, 5_000 + HOUR)).toBe(false);
      // What was sold of it can still be fetched.
      expect(await versionOf(datasets, id, 1)).toBe('v1');
    });

    test('it has no price to change', async () => {
      const { datasets, id } = await clockOf();
      const offSale = (await datasets.takeOffSale(id))?.now;
      expect(await datasets.setPrice(id, 12n)).toEqual({ before: offSale, now: offSale });
      expect(await datasets.get(id)).toEqual(offSale);
    });

    test('back on sale at the same price it is as it was; again changes nothing', async () => {
      const { datasets, time, id } = await clockOf();
      await datasets.setPrice(id, 12n);
      const asItWas = await datasets.get(id);
      await datasets.takeOffSale(id);
      time.now += 2 * HOUR;
      expect((await datasets.putOnSale(id, 12n))?.now).toEqual(asItWas);
      expect(await datasets.get(id)).toEqual(asItWas);
      expect(await datasets.putOnSale(id, 12n)).toEqual({ before: asItWas, now: asItWas });
    });

    test('back on sale at another price, the old one opens channels as long as it did off sale', async () => {
      const { datasets, time, id } = await clockOf();
      await datasets.takeOffSale(id);
      time.now += HOUR / 2;
      const back = dataset({
        pricePerChunk: 12n,
        previousPrice: { pricePerChunk: 10n, until: 5_000 + HOUR },
      });
      expect((await datasets.putOnSale(id, 12n))?.now).toEqual(back);
      expect(await datasets.get(id)).toEqual(back);
    });

    test('a price that is changed between reading and taking off stays, and the old one is kept', async () => {
      const { table, datasets } = await store();
      await datasets.put(dataset({ pricePerChunk: 10n }), versions(2));
      const id = dataset().manifest;
      const rival = () => datasets.setPrice(id, 12n);
      const contested = dynamoDatasets(beforeFirstUpdate(tables.client, rival), table);
      const change = await contested.takeOffSale(id);
      const priced = dataset({
        pricePerChunk: 12n,
        previousPrice: { pricePerChunk: 10n, until: 1_700_000_000_000 + HOUR },
      });
      expect(change?.before).toEqual(priced);
      expect(await datasets.get(id)).toEqual({ ...priced, forSaleUntil: expect.any(Number) });
    });

    test('what was never put is neither taken off nor put on', async () => {
      const { datasets } = await clockOf();
      expect(await datasets.takeOffSale('00'.repeat(32))).toBeUndefined();
      expect(await datasets.putOnSale('00'.repeat(32), 1n)).toBeUndefined();
    });
  });

  test('amounts are numbers in the table', async () => {
    const { datasets, table } = await store();
    await datasets.put(dataset(), versions(2));
    const { Item } = await tables.client.send(
      new GetItemCommand({ TableName: table, Key: { pk: { S: 'DATASETS' }, sk: { S: dataset().manifest } } }),
    );
    expect(Item?.pricePerChunk).toEqual({ N: '2100000000000000' });
    expect(Item?.totalSize).toEqual({ N: '10485760' });
  });
});

/** A client whose connection breaks after so many calls. */
function failAfter(client: RunningTables['client'], calls: number): RunningTables['client'] {
  let left = calls;
  return new Proxy(client, {
    get(target, name, receiver) {
      if (name !== 'send') return Reflect.get(target, name, receiver);
      return (...parameters: Parameters<typeof client.send>) => {
        if (left-- <= 0) return Promise.reject(new Error('the line is cut'));
        return target.send(...parameters);
      };
    },
  });
}

/** A client that does something else before its first update. */
function beforeFirstUpdate(
  client: RunningTables['client'],
  rival: () => Promise<unknown>,
): RunningTables['client'] {
  let isFirst = true;
  return new Proxy(client, {
    get(target, name, receiver) {
      if (name !== 'send') return Reflect.get(target, name, receiver);
      return async (...parameters: Parameters<typeof client.send>) => {
        if (isFirst && parameters[0] instanceof UpdateItemCommand) {
          isFirst = false;
          await rival();
        }
        return target.send(...parameters);
      };
    },
  });
}
