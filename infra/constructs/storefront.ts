import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  contentSecurityPolicy,
  PAGE_HEADERS,
  TRANSPORT_SECURITY_SECONDS,
} from '../../shared/pages/security-headers.ts';
import { PUBLIC_CHAIN_URLS, type Site } from '../../shared/pages/site.ts';
import type { NetworkName } from '../../shared/protocol/network.ts';

export interface StorefrontProps {
  readonly shopUrl: string;
  /** Where the datasets are fetched. */
  readonly datasets: Bucket;
  readonly network: NetworkName;
}

/** The shop's pages: a private bucket that the seller's commands write, read by CloudFront alone. */
export class Storefront extends Construct {
  readonly bucket: Bucket;
  /** As `client/seller/shop-access.ts` reads it. */
  readonly site: Site;

  constructor(scope: Construct, id: string, { shopUrl, datasets, network }: StorefrontProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // `spillway storefront` writes all of it again.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const servers = {
      shopUrl,
      // Links are path-style: the bucket stands behind the host.
      dataUrl: `https://s3.${Stack.of(this).region}.${Stack.of(this).urlSuffix}/${datasets.bucketName}`,
      chainUrls: [...PUBLIC_CHAIN_URLS[network]],
    };
    const distribution = this.#distribution(contentSecurityPolicy(servers));
    const url = `https://${distribution.distributionDomainName}`;
    this.site = { bucket: this.bucket.bucketName, url, network, ...servers };
  }

  #distribution(policy: string): Distribution {
    // Its type leaves open what an IBucket may leave out.
    const origin = this.bucket as IBucket;
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'Spillway: the pages of a shop',
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(origin),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        responseHeadersPolicy: this.#headers(policy),
        compress: true,
      },
      // To somebody who may not list it, S3 says of what is not there that it may not be read.
      errorResponses: [
        {
          httpStatus: 403,
          responseHttpStatus: 404,
          responsePagePath: '/not-found.html',
          ttl: Duration.minutes(1),
        },
      ],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Pages that anybody may read; who reads them is nobody’s business.',
    });
    for (const [rule, reason] of [
      ['CFR1', 'Bitcoin and data have no borders that the shop could know.'],
      ['CFR2', 'Static pages without a form; a firewall would cost more a month than the whole shop.'],
      ['CFR3', 'Visitors’ addresses are not collected.'],
      ['CFR4', 'The certificate is CloudFront’s own, with which no minimum can be set.'],
    ] as const) {
      Validations.of(distribution).acknowledge({ id: `AwsSolutions-${rule}`, reason });
    }
    return distribution;
  }

  #headers(contentPolicy: string): ResponseHeadersPolicy {
    const { 'cross-origin-opener-policy': opener, 'permissions-policy': permissions } = PAGE_HEADERS;
    return new ResponseHeadersPolicy(this, 'Headers', {
      comment: 'Spillway: what the pages of a shop may do',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: contentPolicy, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.seconds(TRANSPORT_SECURITY_SECONDS),
          includeSubdomains: true,
          override: true,
        },
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'cross-origin-opener-policy', value: opener, override: true },
          { header: 'permissions-policy', value: permissions, override: true },
        ],
      },
    });
  }
}
