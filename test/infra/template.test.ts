import { PAGE_HEADERS, TRANSPORT_SECURITY_SECONDS } from '../../shared/pages/security-headers.ts';
import { TABLE_DEFINITION, TTL_ATTRIBUTE } from '../../shared/store/table.ts';
import { CONTEXT, SECRET_CONTEXT } from '../support/stack-contexts.ts';
import { synthesise } from '../support/stack-template.ts';

const template = synthesise();
const propertiesOf = (type: string) => template.only(type).Properties;

describe('the table', () => {
  const table = template.only('AWS::DynamoDB::Table');

  test('is the one that the tests and the local shop make', () => {
    const { AttributeDefinitions, ...rest } = TABLE_DEFINITION;
    expect(table.Properties).toMatchObject(rest);
    expect(table.Properties.AttributeDefinitions).toHaveLength(AttributeDefinitions?.length ?? 0);
    expect(table.Properties.AttributeDefinitions).toEqual(expect.arrayContaining(AttributeDefinitions ?? []));
  });

  test('forgets what expires, can be brought back, and stays when the stack goes', () => {
    expect(table.Properties).toMatchObject({
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    expect(table.DeletionPolicy).toBe('Retain');
  });
});

describe('the bucket', () => {
  const bucket = template.named('Datasets/Bucket');

  test('is private, encrypted, versioned, and stays when the stack goes', () => {
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    expect(bucket.DeletionPolicy).toBe('Retain');
  });

  test('may be read by a page, and drops uploads that nobody ends', () => {
    expect(bucket.Properties.CorsConfiguration.CorsRules).toMatchObject([
      { AllowedMethods: ['GET', 'HEAD'], AllowedOrigins: ['*'] },
    ]);
    expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' },
    ]);
  });
});

describe('the storefront', () => {
  const { DistributionConfig } = propertiesOf('AWS::CloudFront::Distribution');

  test('is a private bucket that CloudFront alone reads, by a signature of its own', () => {
    const bucket = template.named('Pages/Bucket');
    expect(bucket.Properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    const { OriginAccessControlConfig } = propertiesOf('AWS::CloudFront::OriginAccessControl');
    expect(OriginAccessControlConfig).toMatchObject({ SigningBehavior: 'always', SigningProtocol: 'sigv4' });
    expect(DistributionConfig.Origins).toHaveLength(1);
    expect(template.readable(DistributionConfig.Origins[0].DomainName)).toBe('Pages/Bucket');
    expect(DistributionConfig).toMatchObject({
      DefaultRootObject: 'index.html',
      DefaultCacheBehavior: { ViewerProtocolPolicy: 'redirect-to-https', Compress: true },
      CustomErrorResponses: [{ ErrorCode: 403, ResponseCode: 404, ResponsePagePath: '/not-found.html' }],
    });
    const policies = template.ofType('AWS::S3::BucketPolicy').map(({ Properties }) => Properties);
    const pages = policies.find(({ Bucket }) => template.readable(Bucket) === 'Pages/Bucket');
    const [readers] = pages.PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(readers).toMatchObject({
      Action: 's3:GetObject',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
    });
  });

  test('says in every answer what the local one says, and that there is TLS', () => {
    const { ResponseHeadersPolicyConfig } = propertiesOf('AWS::CloudFront::ResponseHeadersPolicy');
    const { SecurityHeadersConfig, CustomHeadersConfig } = ResponseHeadersPolicyConfig;
    const policy = template.readable(SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self';/);
    expect(policy).toContain(
      'https://mempool.space/signet/api/ https://blockstream.info/signet/api/; base-uri',
    );
    expect(SecurityHeadersConfig).toMatchObject({
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: PAGE_HEADERS['x-frame-options'], Override: true },
      ReferrerPolicy: { ReferrerPolicy: PAGE_HEADERS['referrer-policy'], Override: true },
      StrictTransportSecurity: { AccessControlMaxAgeSec: TRANSPORT_SECURITY_SECONDS, Override: true },
    });
    const custom = CustomHeadersConfig.Items.map(
      ({ Header, Value }: { Header: string; Value: string }) => [Header, Value] as const,
    );
    const secured = ['x-content-type-options', 'x-frame-options', 'referrer-policy'];
    expect(custom).toEqual(Object.entries(PAGE_HEADERS).filter(([name]) => !secured.includes(name)));
  });
});

describe("the seller's key", () => {
  test('in KMS waits for imported material, and stays when the stack goes', () => {
    const key = template.only('AWS::KMS::Key');
    expect(key.Properties).toMatchObject({
      KeySpec: 'ECC_SECG_P256K1',
      KeyUsage: 'SIGN_VERIFY',
      Origin: 'EXTERNAL',
    });
    expect(key.DeletionPolicy).toBe('Retain');
  });

  test('in a secret is no resource of the stack', () => {
    expect(synthesise(SECRET_CONTEXT).ofType('AWS::KMS::Key')).toEqual([]);
  });
});

test('every function: Node 24 on ARM, traced, with a log of its own', () => {
  const functions = template.ofType('AWS::Lambda::Function');
  expect(functions).toHaveLength(11);
  const logs = functions.map(({ Properties }) => template.readable(Properties.LoggingConfig.LogGroup));
  expect(new Set(logs).size).toBe(functions.length);
  for (const { Properties } of functions) {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
  }
  for (const { Properties } of template.ofType('AWS::Logs::LogGroup')) {
    expect(Properties.RetentionInDays).toBeGreaterThan(0);
  }
});

describe('the API', () => {
  const stage = template.only('AWS::ApiGatewayV2::Stage');

  test('is throttled, most of all where it signs before anybody paid', () => {
    expect(stage.Properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 100,
      ThrottlingBurstLimit: 200,
    });
    expect(stage.Properties.RouteSettings).toEqual({
      'POST /channels/{channelId}/refund': { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
      'POST /channels': { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
    });
    // A stage that names a route which is not there yet cannot be made.
    const routes = Object.keys(template.resources).filter(
      (id) => template.resources[id]?.Type === 'AWS::ApiGatewayV2::Route',
    );
    expect(stage.DependsOn).toEqual(expect.arrayContaining(routes));
  });

  test('logs no path, no address and no header', () => {
    const format = JSON.parse(stage.Properties.AccessLogSettings.Format);
    expect(Object.values(format).sort()).toEqual([
      '$context.integrationStatus',
      '$context.requestId',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ]);
  });

  test("has the seller's domain where there is one", () => {
    expect(template.ofType('AWS::ApiGatewayV2::DomainName')).toEqual([]);
    const certificateArn =
      'arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
    const own = synthesise({ ...CONTEXT, domain: { name: 'shop.example.com', certificateArn } });
    expect(own.only('AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'shop.example.com',
      DomainNameConfigurations: [{ CertificateArn: certificateArn }],
    });
    expect(own.readable(own.only('AWS::ApiGatewayV2::ApiMapping').Properties.ApiId)).toBe('Api/Api');
  });
});

describe('the schedule', () => {
  test('runs settle-channels each minute and keeps what could not be started', () => {
    const { ScheduleExpression, FlexibleTimeWindow, Target, State } =
      propertiesOf('AWS::Scheduler::Schedule');
    expect([ScheduleExpression, FlexibleTimeWindow, State]).toEqual([
      'rate(1 minute)',
      { Mode: 'OFF' },
      undefined,
    ]);
    expect(template.readable(Target.Arn)).toBe('settle-channels/Function');
    expect(template.readable(Target.RoleArn)).toBe('Schedule/Role');
    expect(template.readable(Target.DeadLetterConfig.Arn)).toBe('Schedule/Failures');
    expect(Target.RetryPolicy).toEqual({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
  });

  test('keeps what failed', () => {
    const invoke = propertiesOf('AWS::Lambda::EventInvokeConfig');
    expect(template.readable(invoke.FunctionName)).toBe('settle-channels/Function');
    expect(invoke.MaximumRetryAttempts).toBe(0);
    expect(template.readable(invoke.DestinationConfig.OnFailure.Destination)).toBe('Schedule/Failures');
  });
});

test('no secret stands in the template', () => {
  expect(template.text).not.toMatch(/SPILLWAY_SELLER_SECRET|"[0-9a-f]{64}"/);
});
