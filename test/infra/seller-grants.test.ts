import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { changePrice, unpublish } from '../../client/seller/change-offer.ts';
import { listChannels } from '../../client/seller/list-channels.ts';
import type { PublishPorts } from '../../client/seller/offer-dataset.ts';
import { shopStatus } from '../../client/seller/shop-status.ts';
import { systemClock } from '../../shared/clock.ts';
import { policyWith } from '../../shared/config.ts';
import { kmsSigner } from '../../shared/signer/kms-signer.ts';
import { dynamoRecords } from '../../shared/store/shop-records.ts';
import { KMS_KEY, type KmsStandIn, startKms } from '../support/kms-stand-in.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { synthesise } from '../support/stack-template.ts';
import {
  publishPath,
  SELLER_SECRET,
  startTestShops,
  type TestShop,
  type TestShops,
} from '../support/test-shop.ts';

/** What the seller's tasks ask of AWS when they run, held against the policy that the stack has for them: neither less nor more. */

/**
 * The actions that a request needs
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html).
 */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  PutObject: ['s3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  ListParts: ['s3:ListMultipartUploadParts'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  // Without the second, an object that is not there would be one that may not be read.
  HeadObject: ['s3:GetObject', 's3:ListBucket'],
  // Of a named version.
  GetObjectAttributes: ['s3:GetObjectVersion', 's3:GetObjectVersionAttributes'],
};

interface Input {
  readonly Key?: string | { readonly pk?: { readonly S?: string } };
  readonly Prefix?: string;
  readonly Item?: { readonly pk?: { readonly S?: string } };
  readonly VersionId?: string;
}

let shops: TestShops;
let shop: TestShop;
let kms: KmsStandIn;
let folder: string;
const asked = new Set<string>();
const written: string[] = [];
const keys: string[] = [];

function record(service: 'dynamodb' | 'kms' | 's3', action: string, input: Input): void {
  const { Key, Prefix, Item, VersionId } = input;
  if (service !== 's3') {
    asked.add(`${service}:${action}`);
    if (action === 'PutItem' || action === 'UpdateItem') {
      written.push((typeof Key === 'object' ? Key : Item)?.pk?.S ?? 'no key');
    }
    return;
  }
  for (const needed of NEEDED[action] ?? [`s3:${action}`]) asked.add(needed);
  if (action === 'GetObjectAttributes' && VersionId === undefined) asked.add('s3:GetObject');
  keys.push(String(Key ?? Prefix));
}

beforeAll(async () => {
  shops = await startTestShops();
  kms = await startKms(SELLER_SECRET);
  folder = await mkdtemp(join(tmpdir(), 'spillway-grants-'));
  shop = await shops.shop(folder);
  for (const [service, client] of [
    ['dynamodb', DynamoDBClient],
    ['kms', KMSClient],
    ['s3', S3Client],
  ] as const) {
    const send = client.prototype.send as (...parameters: unknown[]) => unknown;
    jest.spyOn(client.prototype as { send: typeof send }, 'send').mockImplementation(function (
      this: unknown,
      ...parameters: unknown[]
    ) {
      const [command] = parameters as [{ constructor: { name: string }; input: Input }];
      record(service, command.constructor.name.replace(/Command$/, ''), command.input);
      return Reflect.apply(send, this, parameters);
    });
  }
});
afterAll(async () => {
  await kms.stop();
  await shop.end();
  await shops.end();
  await rm(folder, { recursive: true, force: true });
});

test('publish, price, unpublish, status and channels need all of the policy, and nothing besides', async () => {
  const source = join(folder, 'weather.bin');
  await writeFile(source, patterned(6 * MIB, 3));
  const signer = kmsSigner(kms.client, KMS_KEY);
  const cut = () => Promise.reject(new Error('the line is cut'));
  const { objects } = shop.ports;
  const request = { source, pricePerChunk: 5_000n, chunkSize: 5 * MIB };
  const ports = { ...shop.ports, signer };
  const fails = (broken: Partial<PublishPorts['objects']>) =>
    expect(publishPath(request, { ...ports, objects: { ...objects, ...broken } })).rejects.toThrow(
      'the line is cut',
    );
  await fails({ putPart: cut });
  // Given up, as it is another file now; then gone on with; then found complete.
  await writeFile(source, patterned(6 * MIB, 4));
  await fails({ putPart: cut });
  await fails({ describe: cut });
  await publishPath(request, ports);
  await changePrice(shop.datasets, 'weather.bin', 6_000n, shop.ports.prices);
  await unpublish(shop.datasets, 'weather.bin');
  await publishPath(request, ports);

  const client = new DynamoDBClient({
    endpoint: shop.environment('').AWS_ENDPOINT_URL_DYNAMODB ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const reports = {
    datasets: shop.datasets,
    records: dynamoRecords(client, shop.table),
    clock: systemClock,
    policy: policyWith(),
    prices: shop.ports.prices,
  };
  expect((await shopStatus(reports)).datasets).toHaveLength(1);
  expect((await listChannels(reports, { limit: 10 })).channels).toEqual([]);
  client.destroy();

  const { Statement } = synthesise().only('AWS::IAM::ManagedPolicy').Properties.PolicyDocument;
  const granted = Statement.flatMap(({ Action }: { Action: string | string[] }) => Action);
  // What writes the storefront is granted by the same names, on a bucket of its own (seller-policy.test.ts).
  expect([...asked].sort()).toEqual([...new Set(granted)].sort());
});

test('what they write in the table is what the policy’s condition lets through, and objects are in its folder', () => {
  expect(written.length).toBeGreaterThan(3);
  for (const key of written) expect(key).toMatch(/^(DATASETS|DATASET#.*)$/);
  expect(keys.length).toBeGreaterThan(5);
  for (const key of keys) expect(key).toMatch(/^datasets\//);
});
