import { CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { DUE_INDEX } from '../../shared/store/table.ts';
import type { InfraConfig } from '../config.ts';
import type { FunctionGrants } from './function-grants.ts';
import type { SellerKey } from './seller-key.ts';

/** What the functions work on. */
export interface Resources {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly sellerKey: SellerKey;
  readonly config: InfraConfig;
  /** Of the shop's own metrics; one for each stack in an account. */
  readonly namespace: string;
}

/** A function's environment: the same names for all of them, as the local shop sets them. */
export function variables(
  { table, bucket, sellerKey, config, namespace }: Resources,
  { key }: FunctionGrants,
): Record<string, string> {
  const { chain } = config;
  return {
    SPILLWAY_NETWORK: config.network,
    SPILLWAY_TABLE: table.tableName,
    SPILLWAY_BUCKET: bucket.bucketName,
    SPILLWAY_CHAIN_URL: 'secretArn' in chain ? `secret:${chain.secretArn}` : chain.addresses,
    SPILLWAY_SELLER_KEY: sellerKey.variable(key),
    SPILLWAY_PAYOUT_ADDRESS: config.payoutAddress,
    SPILLWAY_POLICY: config.policy,
    POWERTOOLS_METRICS_NAMESPACE: namespace,
  };
}

/** Where each kind of object is; a link with a version id is a GetObjectVersion. */
const OBJECTS = { manifests: 'datasets/*/manifest.json', chunks: 'datasets/*/chunks/*' } as const;

/** Gives a function's role what the function's grants say. */
export function grant(
  role: Role,
  { table, bucket, sellerKey, config }: Resources,
  grants: FunctionGrants,
): void {
  const allow = (actions: readonly string[], resource: string) =>
    role.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
  if (grants.table.length > 0) {
    allow(
      grants.table.map((action) => `dynamodb:${action}`),
      table.tableArn,
    );
  }
  if (grants.dueIndex) allow(['dynamodb:Query'], `${table.tableArn}/index/${DUE_INDEX}`);
  if (grants.objects) {
    allow(['s3:GetObjectVersion'], bucket.arnForObjects(OBJECTS[grants.objects]));
    acknowledgeObjects(role, bucket, OBJECTS[grants.objects]);
  }
  if (grants.chain && 'secretArn' in config.chain)
    allow(['secretsmanager:GetSecretValue'], config.chain.secretArn);
  sellerKey.grant(role, grants.key);
}

function acknowledgeObjects(role: Role, bucket: Bucket, path: string): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnElement)) throw new TypeError('a bucket is a CfnElement');
  const bucketId = Stack.of(bucket).resolve(resource.logicalId);
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${path}]`,
    reason:
      'The folders of datasets have random names, and each function links to one kind of their objects.',
  });
}
