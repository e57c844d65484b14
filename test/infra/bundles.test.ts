import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { problemType } from '../../shared/errors.ts';
import { ROUTES, type Route } from '../../shared/http/routes.ts';
import { apiEvent } from '../support/api-event.ts';
import { KMS_KEY, startKms } from '../support/kms-stand-in.ts';
import type { Resource } from '../support/stack-template.ts';
import { availableTables } from '../support/tables.ts';

/** The bundles that `npm run synth` makes, as Lambda gets them: synthesised once, loaded by a plain node each. */

const MAX_BUNDLE_BYTES = 700_000;
/** Of CPU. Measured 80 to 90 on 2 cores of x86-64 with Node 20; the bound leaves room for a slower machine under load. */
const MAX_INIT_CPU_MS = 300;

let folder: string;
let bundles: ReadonlyMap<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-synth-'));
  const { status, stderr } = spawnSync(
    process.execPath,
    ['scripts/run.mjs', 'infra/app.ts'],
    // As the cdk command runs it, with nothing of this machine's AWS settings, and no network to ask.
    {
      cwd: resolve(__dirname, '../..'),
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        CDK_OUTDIR: join(folder, 'cdk.out'),
        CDK_CONTEXT_JSON: JSON.stringify(JSON.parse(readFileSync('cdk.json', 'utf8')).context),
        npm_config_offline: 'true',
      },
    },
  );
  if (status !== 0) throw new Error(`synth failed: ${stderr}`);
  bundles = bundlesIn(join(folder, 'cdk.out'));
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The path of each function's bundle, outside of this package, whose `type` is not the functions'. */
function bundlesIn(assembly: string): ReadonlyMap<string, string> {
  const { Resources } = JSON.parse(readFileSync(join(assembly, 'Spillway.template.json'), 'utf8'));
  const functions = Object.values<Resource>(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return new Map(
    functions.map(({ Properties }) => {
      const name = String(Properties.Description).replace('Spillway: ', '');
      const asset = join(assembly, `asset.${String(Properties.Code.S3Key).replace('.zip', '')}`);
      expect(readdirSync(asset).sort()).toEqual(['index.js', 'index.js.map']);
      mkdirSync(join(folder, name));
      copyFileSync(join(asset, 'index.js'), join(folder, name, 'index.js'));
      return [name, join(folder, name, 'index.js')];
    }),
  );
}

const NAMES = [...Object.values(ROUTES).map(({ functionName }) => functionName), 'settle-channels'];

/** Nothing answers there: what is asked of AWS or the chain fails at once. */
const NOWHERE = 'http://127.0.0.1:9';
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_ENDPOINT_URL: NOWHERE,
  AWS_MAX_ATTEMPTS: '1',
  SPILLWAY_NETWORK: 'regtest',
  SPILLWAY_TABLE: 'spillway',
  SPILLWAY_BUCKET: 'datasets',
  SPILLWAY_CHAIN_URL: 'secret:arn:aws:secretsmanager:us-east-1:111122223333:secret:chain-AbCdEf',
  SPILLWAY_SELLER_KEY: 'kms:arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  SPILLWAY_PAYOUT_ADDRESS: 'bcrt1q42424242424242424242424242424242rt8pnt',
  SPILLWAY_POLICY: '{}',
};

async function invoke(
  name: string,
  event: unknown,
  environment: Readonly<Record<string, string>> = ENVIRONMENT,
) {
  const script = join(__dirname, '../support/invoke-bundle.cjs');
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [script, bundles.get(name) ?? '', JSON.stringify(event), '3'],
    { encoding: 'utf8', env: environment, timeout: 25_000 },
  );
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"answer"')) throw new Error(`${name} answered nothing: ${stderr}`);
  return { ...JSON.parse(last), printed: stdout };
}

/** An event that the function must refuse before it asks anybody, or whose questions nobody answers. */
function badEvent(name: string): unknown {
  const route = Object.values<Route>(ROUTES).find(({ functionName }) => functionName === name);
  if (!route) return {};
  const parameters = Object.fromEntries(
    [...route.path.matchAll(/\{(\w+)\}/g)].map(([, each]) => [each, 'zz']),
  );
  return apiEvent({ method: route.method, path: route.path, parameters, body: '{"not":"canonical" }' });
}

test('there is a bundle for each function', () => {
  expect([...bundles.keys()].sort()).toEqual([...NAMES].sort());
});

test.each(NAMES)('%s is small and holds no SDK that it does not need', (name) => {
  expect(statSync(bundles.get(name) ?? '').size).toBeLessThan(MAX_BUNDLE_BYTES);
});

/** How each ends on its bad event: none may fall over. */
const ANSWERS: Readonly<Record<string, readonly [number, string]>> = {
  // The key is in a KMS that does not answer, and the chain's addresses in a secret that cannot be read.
  'get-shop': [503, 'chain-unavailable'],
  'list-datasets': [500, 'internal'],
  'get-dataset': [400, 'malformed-request'],
  'open-channel': [400, 'malformed-terms'],
  'cosign-refund': [400, 'malformed-request'],
  'confirm-funding': [400, 'malformed-request'],
  'issue-chunk-url': [400, 'malformed-request'],
  'accept-commitment': [400, 'malformed-request'],
  'close-channel': [400, 'malformed-request'],
  'get-channel': [400, 'malformed-request'],
};

test.each(Object.entries(ANSWERS))('%s answers a problem document', async (name, [status, problem]) => {
  const { answer, initCpu, printed } = await invoke(name, badEvent(name));
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(answer.body)).toMatchObject({ type: problemType(problem as never), status });
  expect(printed).not.toMatch(/X-Amz-Signature/);
  expect(initCpu).toBeLessThan(MAX_INIT_CPU_MS);
});

test('settle-channels fails aloud where it sees no chain, so that it is counted', async () => {
  expect((await invoke('settle-channels', {})).answer).toEqual({
    thrown: 'Problem: the chain source does not answer',
  });
});

test('a setting that is missing is named in the log, and the buyer learns nothing of it', async () => {
  const { SPILLWAY_TABLE: _, ...incomplete } = ENVIRONMENT;
  const { answer, printed } = await invoke('get-shop', badEvent('get-shop'), incomplete);
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain('SPILLWAY_TABLE');
  expect(printed).toContain('SPILLWAY_TABLE is missing or not valid');
});

describe('where there is what they ask', () => {
  test('get-shop tells the key that KMS has and the tip that the node has', async () => {
    const secret = new Uint8Array(32).fill(4);
    const kms = await startKms(secret);
    const node = await startEmbeddedNode(join(folder, 'node'));
    const { answer } = await invoke('get-shop', apiEvent({ path: '/shop' }), {
      ...ENVIRONMENT,
      AWS_SESSION_TOKEN: 'a-session',
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      SPILLWAY_SELLER_KEY: `kms:${KMS_KEY}`,
      SPILLWAY_CHAIN_URL: node.url,
    });
    await Promise.all([kms.stop(), node.stop()]);
    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      sellerKey: bytesToHex(getPublicKey(secret, true)),
      network: 'regtest',
    });
    // Warm, the key is known.
    expect(kms.asked).toEqual(['GetPublicKey']);
  });

  test('list-datasets reads the table', async () => {
    const tables = await availableTables()[0]?.start();
    if (!tables) throw new Error('dynalite is always there');
    const environment = {
      ...ENVIRONMENT,
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      SPILLWAY_TABLE: await tables.createTable(),
    };
    const { answer } = await invoke('list-datasets', apiEvent({ path: '/datasets' }), environment);
    await tables.stop();
    expect([answer.statusCode, answer.body]).toEqual([200, '{"datasets":[]}']);
  });
});
