import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** S3 counts requests only under a filter that is named; this one has no bounds. */
const FILTER = 'EntireBucket';

/** Where the datasets are. Buyers reach it by presigned links alone; published versions are never written over. */
export class DatasetBucket extends Construct {
  readonly bucket: Bucket;
  /** What left it by links. */
  readonly bytesDownloaded: Metric;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // With S3's own keys: each read with a KMS key would be a request to pay for.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      metrics: [{ id: FILTER }],
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      cors: [
        {
          allowedMethods: [HttpMethods.GET, HttpMethods.HEAD],
          allowedOrigins: ['*'],
          allowedHeaders: ['range'],
          exposedHeaders: ['content-length', 'content-range', 'etag'],
          maxAge: Duration.days(1).toSeconds(),
        },
      ],
    });
    this.bytesDownloaded = new Metric({
      namespace: 'AWS/S3',
      metricName: 'BytesDownloaded',
      dimensionsMap: { BucketName: this.bucket.bucketName, FilterId: FILTER },
      statistic: 'Sum',
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Access logs would hold presigned links; what was sold is in the table, egress in the metrics.',
    });
  }
}
