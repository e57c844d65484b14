import { CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { SellerKey } from './seller-key.ts';

export interface SellerPolicyProps {
  readonly table: Table;
  readonly bucket: Bucket;
  /** The bucket of the storefront. */
  readonly pages: Bucket;
  readonly sellerKey: SellerKey;
}

const OBJECTS = 'datasets/*';

/**
 * What the seller's own commands need, for the identity that the seller gives it to: reads the whole table, writes nothing
 * but datasets, so that no command can change a channel, and adds objects without ever removing one.
 */
export class SellerPolicy extends Construct {
  readonly policy: ManagedPolicy;

  constructor(scope: Construct, id: string, { table, bucket, pages, sellerKey }: SellerPolicyProps) {
    super(scope, id);
    const policy = new ManagedPolicy(this, 'Policy', {
      description: 'Spillway: what publish, unpublish, price, shop status and shop channels need',
      statements: [
        new PolicyStatement({
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'],
          resources: [table.tableArn],
        }),
        new PolicyStatement({
          actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
          resources: [table.tableArn],
          conditions: {
            'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['DATASETS', 'DATASET#*'] },
            // Of no key at all every value is like these.
            Null: { 'dynamodb:LeadingKeys': 'false' },
          },
        }),
        new PolicyStatement({
          actions: [
            's3:PutObject',
            's3:AbortMultipartUpload',
            's3:ListMultipartUploadParts',
            's3:GetObject',
            's3:GetObjectVersion',
            's3:GetObjectVersionAttributes',
          ],
          resources: [bucket.arnForObjects(OBJECTS)],
        }),
        new PolicyStatement({ actions: ['s3:PutObject'], resources: [pages.arnForObjects('*')] }),
        // Who may not list a bucket is told that he may not read an object, whether it is there or not.
        new PolicyStatement({
          actions: ['s3:ListBucketMultipartUploads', 's3:ListBucket'],
          resources: [bucket.bucketArn],
        }),
        // A page shows what samples there are.
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [pages.bucketArn] }),
        ...sellerKey.statements('sign'),
      ],
    });
    acknowledgeObjects(
      policy,
      bucket,
      OBJECTS,
      'Each publication makes a folder of its own with a random name.',
    );
    acknowledgeObjects(
      policy,
      pages,
      '*',
      'All pages of the storefront are written by the seller’s commands.',
    );
    this.policy = policy;
  }
}

function acknowledgeObjects(policy: ManagedPolicy, bucket: Bucket, objects: string, reason: string): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnElement)) throw new TypeError('a bucket is a CfnElement');
  const bucketId = Stack.of(bucket).resolve(resource.logicalId);
  Validations.of(policy).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${objects}]`,
    reason,
  });
}
