import { functionShop } from '../../support/function-shop.ts';
import { KMS_KEY } from '../../support/kms-stand-in.ts';
import { measuredIn } from '../../support/printed-lines.ts';

const { call, printed } = functionShop();

beforeAll(() => {
  delete process.env.SPILLWAY_SELLER_SECRET;
  // Nobody listens there.
  const nowhere = { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' };
  Object.assign(process.env, nowhere, { SPILLWAY_SELLER_KEY: `kms:${KMS_KEY}` });
});

test('a key that does not answer is told, and counted for its own alarm', async () => {
  expect((await call('getShop')).statusCode).toBe(500);
  expect(printed.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ message: 'signing-failed', level: 'WARN', alarm: true, asked: 'publicKey' }),
  );
  expect(measuredIn(printed)).toContainEqual({
    namespace: 'Spillway/functions',
    name: 'SignerFailures',
    unit: 'Count',
    dimensions: [{ service: 'spillway' }],
    value: 1,
  });
});
