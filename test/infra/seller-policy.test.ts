import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findShop } from '../../client/seller/shop-access.ts';
import { STACK_OUTPUTS } from '../../client/seller/stack-outputs.ts';
import { CONTEXT, SECRET_CONTEXT, SELLER_SECRET_ARN } from '../support/stack-contexts.ts';
import { type StackTemplate, synthesise } from '../support/stack-template.ts';
import { SITE } from '../support/storefront-pages.ts';

/** What the seller's commands find and may do in the stack that is deployed. */

const template = synthesise();
const STOREFRONT = JSON.stringify(SITE);
const withSecret = synthesise(SECRET_CONTEXT);

test('every output that the commands need is one of the stack’s, by that name', () => {
  expect(Object.keys(template.outputs)).toEqual(expect.arrayContaining([...STACK_OUTPUTS]));
  expect(template.readable(template.outputs.Region?.Value)).toBe('AWS::Region');
  expect(template.readable(template.outputs.TableName?.Value)).toBe('Table/Table');
  expect(template.readable(template.outputs.BucketName?.Value)).toBe('Datasets/Bucket');
  expect(template.readable(template.outputs.SellerPolicyArn?.Value)).toBe('SellerPolicy/Policy');
});

test('the storefront is described to them as they read it', () => {
  const text = template.readable(template.outputs.Storefront?.Value);
  expect(JSON.parse(text)).toMatchObject({
    bucket: 'Pages/Bucket',
    url: 'https://Pages/Distribution',
    network: 'signet',
    chainUrls: ['https://mempool.space/signet/api', 'https://blockstream.info/signet/api'],
  });
  expect(Object.keys(JSON.parse(text)).sort()).toEqual(Object.keys(SITE).sort());
});

test.each([
  ['a KMS key', CONTEXT, 'kms'],
  ['a secret', SECRET_CONTEXT, 'secret'],
])('what they say is a shop: with %s and a policy of its own', async (_, context, kind) => {
  const { outputs, readable } = synthesise({ ...context, policy: { close: 100 } });
  // What CloudFormation will put there has the form of an ARN or a name.
  const values = Object.entries(outputs).map(([name, { Value }]) => {
    if (name === 'Storefront') return [name, STOREFRONT];
    const arn = readable(Value).replace('SellerKey/Key', 'arn:aws:kms:us-east-1:111122223333:key/k');
    return [name, name === 'BucketName' ? 'datasets' : arn.replace('Table/Table', 'Table-1')];
  });
  const folder = mkdtempSync(join(tmpdir(), 'spillway-outputs-'));
  const file = join(folder, 'shop.json');
  writeFileSync(file, JSON.stringify({ Spillway: Object.fromEntries(values) }));
  const { config, site } = await findShop(file).finally(() => rmSync(folder, { recursive: true }));
  expect(config).toMatchObject({ table: 'Table-1', sellerKey: { kind }, policy: { close: 100 } });
  expect(site).toEqual(SITE);
});

const READS = ['GetItem', 'Query', 'Scan'].map((action) => `dynamodb:${action} Table/Table`);
const WRITES = ['PutItem', 'UpdateItem'].map(
  (action) =>
    `dynamodb:${action} Table/Table if {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["DATASETS","DATASET#*"]},"Null":{"dynamodb:LeadingKeys":"false"}}`,
);
const OBJECTS = [
  ...[
    'PutObject',
    'AbortMultipartUpload',
    'ListMultipartUploadParts',
    'GetObject',
    'GetObjectVersion',
    'GetObjectVersionAttributes',
  ].map((action) => `s3:${action} Datasets/Bucket/datasets/*`),
  's3:PutObject Pages/Bucket/*',
  's3:ListBucketMultipartUploads Datasets/Bucket',
  's3:ListBucket Datasets/Bucket',
  's3:ListBucket Pages/Bucket',
];

test('the seller’s identity may do just this: it writes no channel and removes no object', () => {
  expect(allowed(template)).toEqual([
    ...READS,
    ...WRITES,
    ...OBJECTS,
    'kms:GetPublicKey SellerKey/Key',
    'kms:Sign SellerKey/Key if {"StringEquals":{"kms:SigningAlgorithm":"ECDSA_SHA_256","kms:MessageType":"DIGEST"}}',
  ]);
  expect(allowed(withSecret)).toEqual([
    ...READS,
    ...WRITES,
    ...OBJECTS,
    `secretsmanager:GetSecretValue ${SELLER_SECRET_ARN}`,
  ]);
});

test('nobody has it until the seller gives it to somebody', () => {
  expect(Object.keys(template.only('AWS::IAM::ManagedPolicy').Properties).sort()).toEqual([
    'Description',
    'Path',
    'PolicyDocument',
  ]);
});

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function allowed({ only, readable }: StackTemplate): string[] {
  const statements: Statement[] = only('AWS::IAM::ManagedPolicy').Properties.PolicyDocument.Statement;
  return statements.flatMap(({ Effect, Action, Resource, Condition }) => {
    expect(Effect).toBe('Allow');
    const condition = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
    return [Action].flat().map((action) => `${action} ${readable(Resource)}${condition}`);
  });
}
