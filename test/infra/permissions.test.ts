import { CHAIN_SECRET, SECRET_CONTEXT, SELLER_SECRET_ARN } from '../support/stack-contexts.ts';
import { type StackTemplate, synthesise } from '../support/stack-template.ts';

/** What every function may do: write its own log, and send traces, which have no resource to name. */
const own = (name: string) => [
  `logs:CreateLogStream ${name}/Logs`,
  `logs:PutLogEvents ${name}/Logs`,
  'xray:PutTelemetryRecords *',
  'xray:PutTraceSegments *',
];
const table = (...actions: string[]) => actions.map((action) => `dynamodb:${action} Table/Table`);
const CHUNKS = 's3:GetObjectVersion Datasets/Bucket/datasets/*/chunks/*';
const PUBLIC_KEY = 'kms:GetPublicKey SellerKey/Key';
const SIGN =
  'kms:Sign SellerKey/Key if {"StringEquals":{"kms:SigningAlgorithm":"ECDSA_SHA_256","kms:MessageType":"DIGEST"}}';
const CHAIN = `secretsmanager:GetSecretValue ${CHAIN_SECRET}`;
const SELLER = `secretsmanager:GetSecretValue ${SELLER_SECRET_ARN}`;
const FAILURES = ['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'].map(
  (action) => `sqs:${action} Schedule/Failures`,
);

/** The key in KMS, the chain's addresses in a secret: the whole of what each role may do. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'get-shop/Role': [...own('get-shop'), PUBLIC_KEY, CHAIN],
  'list-datasets/Role': [...own('list-datasets'), ...table('Query')],
  'get-dataset/Role': [
    ...own('get-dataset'),
    ...table('GetItem'),
    's3:GetObjectVersion Datasets/Bucket/datasets/*/manifest.json',
  ],
  'open-channel/Role': [...own('open-channel'), ...table('GetItem', 'PutItem'), PUBLIC_KEY, CHAIN],
  'cosign-refund/Role': [...own('cosign-refund'), ...table('GetItem', 'UpdateItem'), PUBLIC_KEY, SIGN],
  'confirm-funding/Role': [...own('confirm-funding'), ...table('GetItem', 'UpdateItem'), CHAIN],
  'issue-chunk-url/Role': [...own('issue-chunk-url'), ...table('GetItem', 'UpdateItem'), CHUNKS, CHAIN],
  'accept-commitment/Role': [...own('accept-commitment'), ...table('GetItem', 'UpdateItem'), CHUNKS, CHAIN],
  'close-channel/Role': [
    ...own('close-channel'),
    ...table('GetItem', 'PutItem', 'UpdateItem'),
    PUBLIC_KEY,
    SIGN,
    CHAIN,
  ],
  'get-channel/Role': [...own('get-channel'), ...table('GetItem')],
  'settle-channels/Role': [
    ...own('settle-channels'),
    ...table('GetItem', 'PutItem', 'UpdateItem'),
    'dynamodb:Query Table/Table/index/due',
    PUBLIC_KEY,
    SIGN,
    CHAIN,
    ...FAILURES,
  ],
  'Schedule/Role': ['lambda:InvokeFunction settle-channels/Function', 'sqs:SendMessage Schedule/Failures'],
};

/** The same with the key in a secret and a chain source that needs none: who does not sign never sees the secret. */
const ALLOWED_WITH_SECRET = Object.fromEntries(
  Object.entries(ALLOWED).map(([role, allowed]) => [
    role,
    allowed.flatMap((line) => {
      if (line === CHAIN || line === PUBLIC_KEY) return [];
      return [line === SIGN ? SELLER : line];
    }),
  ]),
);

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function allowedIn(template: StackTemplate): Record<string, string[]> {
  const allowed: Record<string, string[]> = {};
  for (const { Properties } of template.ofType('AWS::IAM::Policy')) {
    for (const role of Properties.Roles.map(template.readable)) {
      allowed[role] = [
        ...(allowed[role] ?? []),
        ...Properties.PolicyDocument.Statement.flatMap((statement: Statement) => lines(template, statement)),
      ].sort();
    }
  }
  return allowed;
}

function lines({ readable }: StackTemplate, { Effect, Action, Resource, Condition }: Statement): string[] {
  expect(Effect).toBe('Allow');
  const resources = [Resource].flat();
  const condition = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
  return [Action]
    .flat()
    .flatMap((action) => resources.map((each) => `${action} ${readable(each)}${condition}`));
}

const sorted = (allowed: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(allowed).map(([role, each]) => [role, [...each].sort()]));

const template = synthesise();

test('each role may do just this', () => {
  expect(allowedIn(template)).toEqual(sorted(ALLOWED));
});

test('with the key in a secret, only those that sign may read it', () => {
  expect(allowedIn(synthesise(SECRET_CONTEXT))).toEqual(sorted(ALLOWED_WITH_SECRET));
});

test('there is no role besides, none with a managed policy, and each is for one service', () => {
  const roles = Object.entries(template.resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role');
  expect(roles.map(([id]) => template.pathOf(id)).sort()).toEqual(Object.keys(ALLOWED).sort());
  for (const [id, { Properties }] of roles) {
    expect(Object.keys(Properties)).toEqual(['AssumeRolePolicyDocument']);
    const service = template.pathOf(id) === 'Schedule/Role' ? 'scheduler' : 'lambda';
    const [statement, ...more] = Properties.AssumeRolePolicyDocument.Statement;
    expect(more).toEqual([]);
    expect(statement).toMatchObject({
      Action: 'sts:AssumeRole',
      Effect: 'Allow',
      Principal: { Service: `${service}.amazonaws.com` },
    });
  }
});

test('only these may sign: refunds, cancels, settlements', () => {
  const signing = Object.entries(allowedIn(template)).filter(([, allowed]) => allowed.includes(SIGN));
  expect(signing.map(([role]) => role).sort()).toEqual([
    'close-channel/Role',
    'cosign-refund/Role',
    'settle-channels/Role',
  ]);
});

test('the API may call each function on its own route, and nobody else may', () => {
  for (const { Properties } of template.ofType('AWS::Lambda::Permission')) {
    expect(Properties).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    });
    expect(template.readable(Properties.SourceArn)).toMatch(/:execute-api:.*:Api\/Api\/\*\/\*\//);
  }
  expect(template.ofType('AWS::Lambda::Url')).toEqual([]);
});

describe('resources with policies of their own', () => {
  test('the key: the account by its policies, and a deletion by nobody', () => {
    const [account, deletion, ...more] = template.only('AWS::KMS::Key').Properties.KeyPolicy.Statement;
    expect(more).toEqual([]);
    // The wildcards: KMS wants the first for the key to be manageable at all; the second is a deny.
    expect(account).toMatchObject({ Effect: 'Allow', Action: 'kms:*', Resource: '*' });
    expect(template.readable(account.Principal.AWS)).toBe('arn:AWS::Partition:iam::AWS::AccountId:root');
    expect(deletion).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['kms:ScheduleKeyDeletion', 'kms:DeleteImportedKeyMaterial'],
      Resource: '*',
    });
  });

  test('buckets and queue: nobody without TLS, and nothing allowed but to CloudFront, which reads the pages', () => {
    const policies = ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy'].flatMap((type) =>
      template.ofType(type),
    );
    expect(policies).toHaveLength(3);
    const allowed = [];
    for (const { Properties } of policies) {
      const statements: readonly Statement[] = Properties.PolicyDocument.Statement;
      allowed.push(...statements.filter(({ Effect }) => Effect === 'Allow'));
      expect(statements).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
    }
    // Of which distribution: template.test.ts.
    expect(allowed).toEqual([
      expect.objectContaining({ Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' } }),
    ]);
  });

  test('the topic: alarms of this account publish, over TLS', () => {
    const statements = template.only('AWS::SNS::TopicPolicy').Properties.PolicyDocument.Statement;
    expect(statements.filter(({ Effect }: Statement) => Effect === 'Allow')).toEqual([
      expect.objectContaining({
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});
