import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { type EmbeddedNode, startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { problemType } from '../../shared/errors.ts';
import { ROUTES, type Route } from '../../shared/http/routes.ts';
import { apiEvent } from '../support/api-event.ts';
import { type Bundle, synthesiseBundles } from '../support/bundled-functions.ts';
import { channelSecret, payment } from '../support/channel-buyer.ts';
import { channelShop, open, openAndPaid, stored } from '../support/channel-shop.ts';
import { KMS_KEY, startKms } from '../support/kms-stand-in.ts';
import {
  availableRuntimes,
  type LambdaFunction,
  type LogLine,
  type Outcome,
  startFunction,
} from '../support/lambda-runtime.ts';
import { routeEvent } from '../support/route-event.ts';
import { tableServer } from '../support/table-server.ts';

/** The bundles that `npm run synth` makes, run as Lambda runs them: by a runtime client, from Lambda's Runtime API. */

const MAX_BUNDLE_BYTES = 700_000;
/** Text until a process has taken many payments, then compiled: WebAssembly in base64. */
const LIBSECP256K1_BYTES = 250_000;

const tables = tableServer();
let folder: string;
let bundles: ReadonlyMap<string, Bundle>;
let node: EmbeddedNode;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-bundles-'));
  bundles = synthesiseBundles(folder);
  node = await startEmbeddedNode(join(folder, 'node'));
}, 180_000);
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
});

const NAMES = [...Object.values(ROUTES).map(({ functionName }) => functionName), 'settle-channels'];

const SELLER = new Uint8Array(32).fill(4);
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
  SPILLWAY_SELLER_KEY: `public:${bytesToHex(getPublicKey(SELLER, true))}`,
  SPILLWAY_PAYOUT_ADDRESS: 'bcrt1q42424242424242424242424242424242rt8pnt',
  SPILLWAY_POLICY: '{}',
};

const inTable = (table: string) => ({
  ...ENVIRONMENT,
  AWS_ENDPOINT_URL_DYNAMODB: tables().endpoint,
  SPILLWAY_TABLE: table,
  SPILLWAY_CHAIN_URL: node.url,
});

test('there is a bundle for each function, with its map and nothing else', () => {
  expect([...bundles.keys()].sort()).toEqual([...NAMES].sort());
  for (const { files } of bundles.values()) expect(files).toEqual(['index.mjs', 'index.mjs.map']);
});

test.each(NAMES)('%s is small and holds no SDK that it does not need', (name) => {
  const most = MAX_BUNDLE_BYTES + (name === 'accept-commitment' ? LIBSECP256K1_BYTES : 0);
  expect(statSync(join(folderOf(name), 'index.mjs')).size).toBeLessThan(most);
});

function folderOf(name: string): string {
  const bundle = bundles.get(name);
  if (!bundle) throw new Error(`no bundle of ${name}`);
  return bundle.folder;
}

/** An event that the function must refuse before it asks anybody, or whose questions nobody answers. */
function badEvent(name: string): unknown {
  const route = Object.values<Route>(ROUTES).find(({ functionName }) => functionName === name);
  if (!route) throw new Error(`${name} has no route`);
  const parameters = Object.fromEntries(
    [...route.path.matchAll(/\{(\w+)\}/g)].map(([, each]) => [each, 'zz']),
  );
  return apiEvent({ method: route.method, path: route.path, parameters, body: '{"not":"canonical" }' });
}

/** How each ends on its bad event: none may fall over. */
const ANSWERS: Readonly<Record<string, readonly [number, string]>> = {
  // The chain's addresses are in a secret that cannot be read.
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

/** What EventBridge Scheduler sends where the schedule names no input. */
const SCHEDULED = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.scheduler',
  account: '111122223333',
  time: '2026-01-01T00:00:00Z',
  region: 'us-east-1',
  resources: ['arn:aws:scheduler:us-east-1:111122223333:schedule/default/each-minute'],
  detail: '{}',
};

describe.each(availableRuntimes())('under $name', (runtime) => {
  let lines: LogLine[];

  async function running<Result>(
    name: string,
    environment: Readonly<Record<string, string>>,
    use: (lambda: LambdaFunction) => Promise<Result>,
  ): Promise<Result> {
    const lambda = await startFunction(runtime, folderOf(name), environment);
    try {
      return await use(lambda);
    } finally {
      await lambda.stop();
      lines = lambda.lines();
    }
  }

  test.each(Object.entries(ANSWERS))(
    '%s answers a problem, cold and warm',
    async (name, [status, problem]) => {
      const outcomes = await running(name, ENVIRONMENT, async ({ invoke }) => [
        await invoke(badEvent(name)),
        await invoke(badEvent(name)),
      ]);
      for (const answer of outcomes.map(answerOf)) {
        expect(answer.statusCode).toBe(status);
        expect(answer.headers['content-type']).toBe('application/problem+json');
        expect(JSON.parse(answer.body)).toMatchObject({ type: problemType(problem as never), status });
      }
    },
  );

  test('a setting that is missing is named in the log, and the buyer learns nothing of it', async () => {
    const { SPILLWAY_TABLE: _, ...incomplete } = ENVIRONMENT;
    const answer = answerOf(
      await running('get-shop', incomplete, ({ invoke }) => invoke(badEvent('get-shop'))),
    );
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('SPILLWAY_TABLE');
    expect(JSON.stringify(lines)).toContain('SPILLWAY_TABLE is missing or not valid');
  });

  test('what cannot be loaded fails before its first event', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'index.mjs'), "throw new RangeError('not today');");
    await expect(startFunction(runtime, broken, {})).rejects.toThrow('init error: RangeError: not today');
  });

  test('get-shop tells the key that KMS has and the tip that the node has', async () => {
    const kms = await startKms(SELLER);
    const environment = {
      ...ENVIRONMENT,
      AWS_SESSION_TOKEN: 'a-session',
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      SPILLWAY_SELLER_KEY: `kms:${KMS_KEY}`,
      SPILLWAY_CHAIN_URL: node.url,
    };
    const event = routeEvent('getShop');
    const outcomes = await running('get-shop', environment, async ({ invoke }) => [
      await invoke(event),
      await invoke(event),
    ]);
    await kms.stop();
    for (const answer of outcomes.map(answerOf)) {
      expect(answer.statusCode).toBe(200);
      const sellerKey = bytesToHex(getPublicKey(SELLER, true));
      expect(JSON.parse(answer.body)).toMatchObject({ sellerKey, network: 'regtest' });
    }
    // Warm, the key is known.
    expect(kms.asked).toEqual(['GetPublicKey']);
  });

  test('list-datasets reads the table', async () => {
    const environment = inTable(await tables().createTable());
    const outcome = await running('list-datasets', environment, ({ invoke }) =>
      invoke(routeEvent('listDatasets')),
    );
    const { statusCode, body } = answerOf(outcome);
    expect([statusCode, body]).toEqual([200, '{"datasets":[]}']);
  });

  test('issue-chunk-url gives a link, and its log does not', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'reader');
    const event = routeEvent('issueChunk', {
      parameters: { channelId: channel.id, chunk: '0' },
      sign: channelSecret('reader', channel),
    });
    const answer = answerOf(
      await running('issue-chunk-url', inTable(shop.table), ({ invoke }) => invoke(event)),
    );
    expect([answer.statusCode, JSON.parse(answer.body).chunk]).toEqual([200, 0]);
    expect(JSON.parse(answer.body).url).toMatch(/\/chunks\/0\?.*versionId=version-0&.*X-Amz-Signature=/);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'chunk-issued', channelId: channel.id, chunk: 0, paid: 0 }),
    );
    expect(JSON.stringify(lines)).not.toMatch(/X-Amz-Signature|spillway-signature/);
  });

  test('accept-commitment takes a payment once, and refuses a signature of another', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'payer');
    const event = (k: number, signed: number) => {
      const signature = bytesToHex(payment('payer', channel, signed).signature);
      return routeEvent('acceptCommitment', {
        parameters: { channelId: channel.id },
        body: JSON.stringify({ k, signature }),
      });
    };
    const outcomes = await running('accept-commitment', inTable(shop.table), async ({ invoke }) => [
      await invoke(event(1, 1)),
      await invoke(event(2, 1)),
    ]);
    const [taken, refused] = outcomes.map(answerOf);
    expect([taken.statusCode, JSON.parse(taken.body)]).toMatchObject([200, { paid: 1, next: { chunk: 1 } }]);
    expect([refused.statusCode, JSON.parse(refused.body).type]).toEqual([
      422,
      problemType('bad-commitment-signature'),
    ]);
    expect((await stored(shop, channel)).paid).toBe(1);
  });

  describe('settle-channels', () => {
    test('takes the scheduled event, and tells what it did in the line that the alarm counts', async () => {
      const environment = inTable(await tables().createTable());
      const outcome = await running('settle-channels', environment, ({ invoke }) => invoke(SCHEDULED));
      const report = { height: 0, looked: 0, failed: 0, left: 0 };
      expect(outcome).toEqual({ answer: report });
      expect(lines).toContainEqual(expect.objectContaining({ message: 'sweep-done', ...report }));
      expect(lines).toContainEqual(expect.objectContaining({ _aws: expect.anything(), SweepsDone: 1 }));
    });

    test('fails aloud where it sees no chain, so that it is counted', async () => {
      const outcome = await running('settle-channels', ENVIRONMENT, ({ invoke }) => invoke(SCHEDULED));
      expect(outcome).toEqual({
        error: expect.objectContaining({
          errorType: 'Problem',
          errorMessage: 'the chain source does not answer',
        }),
      });
    });

    test('begins what Lambda leaves it the time for', async () => {
      const shop = await channelShop(tables());
      // Paid for whole, it is due at once.
      const channel = await openAndPaid(shop, 'complete', 12);
      const states: string[] = [];
      const reports = await running('settle-channels', inTable(shop.table), async ({ invoke }) => {
        const found: Outcome[] = [];
        for (const timeLimit of [29_000, 60_000]) {
          found.push(await invoke(SCHEDULED, timeLimit));
          states.push((await stored(shop, channel)).state);
        }
        return found.map(answerOf);
      });
      expect(reports).toMatchObject([
        { looked: 1, left: 1 },
        { looked: 1, left: 0 },
      ]);
      expect(states).toEqual(['OPEN', 'CLOSING']);
    });
  });
});

function answerOf(outcome: Outcome | undefined) {
  if (!outcome || !('answer' in outcome)) throw new Error(`it ended with ${JSON.stringify(outcome)}`);
  return outcome.answer;
}
