import { chainAddresses, policyWith, readSellerConfig, readShopConfig } from '../../shared/config.ts';

const SECRET = '11'.repeat(32);
const environment = {
  SPILLWAY_NETWORK: 'regtest',
  SPILLWAY_TABLE: 'spillway',
  SPILLWAY_BUCKET: 'chunks',
  SPILLWAY_CHAIN_URL: 'http://user:password@127.0.0.1:8332',
  SPILLWAY_SELLER_SECRET: SECRET,
  SPILLWAY_PAYOUT_ADDRESS: 'bcrt1q42424242424242424242424242424242rt8pnt',
};

function failure(changes: Record<string, string | undefined>): string {
  try {
    readShopConfig({ ...environment, ...changes });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('it was accepted');
}

test('the least environment gives the defaults of the protocol', () => {
  const { policy, ...rest } = readShopConfig({ ...environment, PATH: '/usr/bin' });
  expect(rest).toEqual({
    network: 'regtest',
    table: 'spillway',
    bucket: 'chunks',
    chainSources: { addresses: ['http://user:password@127.0.0.1:8332'] },
    sellerKey: { kind: 'plain', secret: SECRET },
    payoutAddress: environment.SPILLWAY_PAYOUT_ADDRESS,
  });
  expect(policy).toEqual(policyWith());
  expect(policy).toMatchObject({
    minimumLifetime: 288,
    defaultLifetime: 1_008,
    maximumLifetime: 2_016,
    minimumLifeAtFunding: 216,
    stopChunks: 156,
    stopPayments: 150,
    close: 144,
    creditMinimumChunks: 8,
    restoredAt: 0,
    restoredHeight: 0,
  });
});

test('a policy changes what it names and keeps the rest', () => {
  const text = JSON.stringify({ minimumCapacity: '5', commitmentLimit: 2 });
  const { policy } = readShopConfig({ ...environment, SPILLWAY_POLICY: text });
  expect(policy).toEqual({ ...policyWith(), minimumCapacity: 5n, commitmentLimit: 2 });
});

test.each(Object.keys(environment))('without %s it does not start, and says which it misses', (name) => {
  expect(failure({ [name]: undefined })).toMatch(new RegExp(`^${name} is missing or not valid`));
});

test.each([
  ['SPILLWAY_NETWORK', 'testnet3'],
  ['SPILLWAY_TABLE', 'a table'],
  ['SPILLWAY_BUCKET', 'UPPER'],
  ['SPILLWAY_CHAIN_URL', 'hunter2 is no url'],
  ['SPILLWAY_SELLER_SECRET', `${'ab'.repeat(31)}zz`],
  ['SPILLWAY_SELLER_SECRET', 'AB'.repeat(32)],
  ['SPILLWAY_PAYOUT_ADDRESS', 'short'],
])('%s of %s is named, its value never', (name, value) => {
  const message = failure({ [name]: value });
  expect(message).toMatch(new RegExp(`^${name} is missing or not valid`));
  expect(message).not.toContain(value);
});

test.each([
  ['no JSON', '{', /^SPILLWAY_POLICY is missing or not valid: must be a JSON object$/],
  ['nothing', 'null', /^SPILLWAY_POLICY/],
  ['text', '"close"', /^SPILLWAY_POLICY/],
  ['an unknown name', '{"minimumCapcity":"5"}', /^SPILLWAY_POLICY\.minimumCapcity/],
  ['satoshis as a number', '{"minimumCapacity":5}', /^SPILLWAY_POLICY\.minimumCapacity/],
  ['more than there is', '{"maximumCapacity":"9999999999999999"}', /^SPILLWAY_POLICY\.maximumCapacity/],
  ['half a block', '{"close":0.5}', /^SPILLWAY_POLICY\.close/],
  ['no payments at a time', '{"commitmentLimit":0}', /^SPILLWAY_POLICY\.commitmentLimit/],
  ['settling before the last payment', '{"close":150}', /must be in order: close < stopPayments/],
  ['paying before the last chunk', '{"stopPayments":156}', /must be in order/],
  ['chunks to the very start', '{"stopChunks":216}', /must be in order/],
  ['a life at funding above the one at open', '{"minimumLifeAtFunding":289}', /must be in order/],
  ['a default above the most', '{"defaultLifetime":2017}', /must be in order/],
])('a policy with %s is refused', (_, text, reason) => {
  expect(failure({ SPILLWAY_POLICY: text })).toMatch(reason);
});

test('the seller’s own tasks need no chain', () => {
  const { SPILLWAY_CHAIN_URL: _, ...seller } = environment;
  expect(readSellerConfig(seller)).toEqual({
    table: 'spillway',
    bucket: 'chunks',
    network: environment.SPILLWAY_NETWORK,
    payoutAddress: environment.SPILLWAY_PAYOUT_ADDRESS,
    sellerKey: { kind: 'plain', secret: SECRET },
    policy: policyWith(),
  });
  expect(() => readSellerConfig({ ...seller, SPILLWAY_BUCKET: '' })).toThrow(
    /^SPILLWAY_BUCKET is missing or not valid/,
  );
});

describe('chain sources', () => {
  test('are one or more addresses of a node or an Esplora', () => {
    const both = 'http://u:p@127.0.0.1:8332  esplora+https://esplora.example/api';
    expect(chainAddresses(both)).toEqual([
      'http://u:p@127.0.0.1:8332',
      'esplora+https://esplora.example/api',
    ]);
  });

  test.each([['', 'ftp://host', 'http://a esplora+ftp://b', 'esplora:host', 'http://']])(
    'are not %p',
    (text) => {
      expect(chainAddresses(text)).toBeUndefined();
    },
  );
});

describe("the seller's key", () => {
  const { SPILLWAY_SELLER_SECRET: _, ...rest } = environment;
  const KMS = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:seller-AbCdEf';
  const KEY = `02${'11'.repeat(32)}`;

  test.each([
    [`kms:${KMS}`, { kind: 'kms', arn: KMS }],
    [`secret:${SECRET_ARN}`, { kind: 'secret', arn: SECRET_ARN }],
    [`public:${KEY}`, { kind: 'public', publicKey: KEY }],
  ])('%s', (text, sellerKey) => {
    expect(readShopConfig({ ...rest, SPILLWAY_SELLER_KEY: text }).sellerKey).toEqual(sellerKey);
  });

  test('of both variables is refused, and so is none', () => {
    const reason = /exactly one of it and SPILLWAY_SELLER_KEY is set$/;
    expect(failure({ SPILLWAY_SELLER_KEY: `kms:${KMS}` })).toMatch(reason);
    expect(failure({ SPILLWAY_SELLER_SECRET: undefined })).toMatch(reason);
  });

  test.each(['', 'kms:', KMS, `vault:${KMS}`, `secret:${SECRET}`, `public:${KEY}00`, ` kms:${KMS}`])(
    '%j is refused and not shown',
    (text) => {
      const message = failure({ SPILLWAY_SELLER_SECRET: undefined, SPILLWAY_SELLER_KEY: text });
      expect(message).toMatch(/^SPILLWAY_SELLER_KEY is missing or not valid/);
      if (text.length > 5) expect(message).not.toContain(text);
    },
  );

  test('chain sources may be in a secret', () => {
    const config = readShopConfig({ ...environment, SPILLWAY_CHAIN_URL: `secret:${SECRET_ARN}` });
    expect(config.chainSources).toEqual({ secretArn: SECRET_ARN });
    expect(failure({ SPILLWAY_CHAIN_URL: 'secret:x' })).toMatch(/^SPILLWAY_CHAIN_URL is missing/);
  });
});
