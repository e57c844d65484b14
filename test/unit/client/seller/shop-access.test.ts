import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findShop } from '../../../../client/seller/shop-access.ts';
import { formatEnvironment } from '../../../../shared/environment-file.ts';
import { KMS_KEY } from '../../../support/kms-stand-in.ts';
import { PAYOUT_ADDRESS } from '../../../support/payout.ts';
import { SITE } from '../../../support/storefront-pages.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-access-'));
});
afterEach(() => rm(folder, { recursive: true }));

const OUTPUTS = {
  Region: 'eu-north-1',
  TableName: 'Spillway-Table-1X',
  BucketName: 'spillway-datasets-1x',
  SellerKeyVariable: `kms:${KMS_KEY}`,
  Network: 'regtest',
  PayoutAddress: PAYOUT_ADDRESS,
  Policy: '{"close":100}',
  Storefront: JSON.stringify(SITE),
  ApiUrl8A2F: 'https://shop.example',
};

async function outputsFile(content: unknown): Promise<string> {
  const path = join(folder, 'shop.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('the outputs of a stack are a shop: its table, bucket, key, policy and region', async () => {
  const access = await findShop(await outputsFile({ Spillway: OUTPUTS }));
  expect(access.config).toMatchObject({
    table: 'Spillway-Table-1X',
    bucket: 'spillway-datasets-1x',
    sellerKey: { kind: 'kms', arn: KMS_KEY },
    network: 'regtest',
    payoutAddress: PAYOUT_ADDRESS,
    policy: { close: 100, stopPayments: 150 },
  });
  // The identity is whatever the environment gives.
  expect(access.variables).toStrictEqual({ AWS_REGION: 'eu-north-1' });
});

test('a profile takes the place of every other identity', async () => {
  const { variables } = await findShop(await outputsFile({ Spillway: OUTPUTS }), 'seller');
  expect(variables).toStrictEqual({
    AWS_REGION: 'eu-north-1',
    AWS_PROFILE: 'seller',
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SESSION_TOKEN: undefined,
  });
});

const AGAIN = 'Give the file that `npx cdk deploy --outputs-file shop.json` wrote for the stack.';
const { Policy: _, ...WITHOUT_POLICY } = OUTPUTS;

test.each([
  ['{"Spillway":', 'is not a file of stack outputs.', AGAIN],
  [{ sellerSecret: 'of-a-local-shop' }, 'is not a file of stack outputs.', AGAIN],
  [{ Spillway: { ...OUTPUTS, Region: 'x'.repeat(1025) } }, 'is not a file of stack outputs.', AGAIN],
  [{}, 'holds no stack.', AGAIN],
  [
    { One: OUTPUTS, Two: OUTPUTS },
    'holds several stacks: One, Two.',
    'Deploy the shop’s stack alone with --outputs-file, or remove the others from the file.',
  ],
  [
    { Spillway: WITHOUT_POLICY },
    'has no output Policy.',
    'Deploy it again with this version and --outputs-file; or it is the file of another stack.',
  ],
  [
    { Spillway: { ...OUTPUTS, SellerKeyVariable: 'public:02' } },
    'SPILLWAY_SELLER_KEY is missing or not valid',
    'or have it written again.',
  ],
  [
    { Spillway: { ...OUTPUTS, Policy: '{"close":1000}' } },
    'SPILLWAY_POLICY is missing or not valid',
    'or have it written again.',
  ],
])('%j is refused', async (content, message, next) => {
  const path = await outputsFile(content);
  await expect(findShop(path)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(message),
    next: expect.stringContaining(next),
  });
});

test('what a file holds is not told: it may be a secret', async () => {
  const path = await outputsFile({ sellerSecret: 'ab'.repeat(32) });
  await expect(findShop(path)).rejects.not.toThrow(/abab/);
});

describe('a local shop', () => {
  const VARIABLES = {
    SPILLWAY_NETWORK: 'regtest',
    SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
    SPILLWAY_TABLE: 'spillway',
    SPILLWAY_BUCKET: 'spillway-datasets',
    SPILLWAY_SELLER_SECRET: '01'.repeat(32),
    SPILLWAY_POLICY: '{"close":20}',
    SPILLWAY_CHAIN_URL: 'http://user:secret@127.0.0.1:1',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'LOCAL',
    AWS_SECRET_ACCESS_KEY: 'of-the-stand-ins',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2',
  };
  const write = () => writeFile(join(folder, 'shop.env'), formatEnvironment(VARIABLES), { mode: 0o600 });

  test('is its folder, with keys of its own and nobody else’s', async () => {
    await write();
    const access = await findShop(folder);
    expect(access).toMatchObject({
      config: { table: 'spillway', sellerKey: { kind: 'plain' }, policy: { close: 20 } },
      folder,
    });
    expect(access.variables).toStrictEqual({
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'LOCAL',
      AWS_SECRET_ACCESS_KEY: 'of-the-stand-ins',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2',
      AWS_PROFILE: undefined,
      AWS_SESSION_TOKEN: undefined,
    });
  });

  test('takes no profile', async () => {
    await write();
    await expect(findShop(folder, 'seller')).rejects.toMatchObject({
      code: 'usage',
      message: 'A local shop has keys of its own.',
    });
  });

  test('that never started, and a path that is not there, are told', async () => {
    await expect(findShop(folder)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('did a shop ever start in this folder?'),
    });
    await expect(findShop(join(folder, 'none'))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('none is not there.'),
    });
  });
});
