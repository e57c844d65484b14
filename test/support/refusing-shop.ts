import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { PROBLEMS, problemType } from '../../shared/errors.ts';
import { type BuiltCommand, buildCommand } from './built-command.ts';
import { type AvailableChain, availableChains } from './chains.ts';
import { type FundedChannel, type HandBuyer, type HandChannel, handBuyer } from './hand-buyer.ts';
import { type LocalShopProcess, startLocalShop } from './local-shop.ts';
import { MIB, patterned } from './object-store.ts';
import type { RawAnswer } from './raw-http.ts';
import { type Signing, sendSigned } from './signed-request.ts';

/** A shop that is asked for what it must refuse. Three chunks at 5,000 sat, the last a fifth; credit 1; no schedule. */
export interface RefusingShop {
  readonly shop: LocalShopProcess;
  readonly buyer: HandBuyer;
  /** Opened, not co-signed and not funded. */
  readonly proposed: HandChannel;
  /** Open, nothing paid. */
  readonly open: FundedChannel;
  /** All that the shop keeps, as text. */
  everything(): Promise<string[]>;
  /** Signs where a channel is given. */
  send(method: string, path: string, body?: Uint8Array | string, signing?: Signing): Promise<RawAnswer>;
  stop(): Promise<void>;
}

const SHAPE = { totalSize: 11 * MIB, chunkSize: 5 * MIB };

/** Tests before one shop on each chain: what it keeps must be what it kept before, wherever they ask for that. */
export function describeRefused(
  what: string,
  tests: (scene: () => RefusingShop, expectNothingChanged: () => Promise<void>) => void,
): void {
  let command: BuiltCommand;
  beforeAll(() => {
    command = buildCommand();
  });
  afterAll(() => command.end());

  describe.each(availableChains())(`${what} that a shop on $name refuses`, (chain) => {
    let scene: RefusingShop;
    let before: string[];
    beforeAll(async () => {
      scene = await startRefusingShop(command, chain);
    });
    afterAll(() => scene.stop());
    beforeEach(async () => {
      before = await scene.everything();
    });
    tests(
      () => scene,
      async () => expect(await scene.everything()).toEqual(before),
    );
  });
}

async function startRefusingShop(command: BuiltCommand, chain: AvailableChain): Promise<RefusingShop> {
  const root = await mkdtemp(join(tmpdir(), 'spillway-refusing-'));
  const policy = { creditMinimumChunks: 3 };
  const shop = await startLocalShop(command, { folder: join(root, 'shop'), chain, policy });
  await writeFile(join(root, 'data.bin'), patterned(SHAPE.totalSize, 1));
  const { manifest } = await shop.publish(join(root, 'data.bin'), '--price', '5000', '--chunk-size', '5MiB');
  await shop.faucet.mine(101);
  const buyer = handBuyer(shop, { manifest, shape: SHAPE, pricePerChunk: 5_000n });
  const proposed = await buyer.plan();
  await buyer.shop.open(proposed, proposed.termsBytes);
  const open = await buyer.fundedChannel();
  const table = tableOf(shop);
  return {
    shop,
    buyer,
    proposed,
    open,
    async everything() {
      const { Items } = await table.send(new ScanCommand({ TableName: 'spillway', ConsistentRead: true }));
      return (Items ?? []).map((item) => JSON.stringify(item)).sort();
    },
    send: (method, path, body = '', signing = {}) => sendSigned(shop.url, method, path, body, signing),
    async stop() {
      table.destroy();
      await shop.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function tableOf({ environment }: LocalShopProcess): DynamoDBClient {
  const variable = (name: string) => environment[name] ?? '';
  return new DynamoDBClient({
    endpoint: variable('AWS_ENDPOINT_URL_DYNAMODB'),
    region: variable('AWS_REGION'),
    credentials: {
      accessKeyId: variable('AWS_ACCESS_KEY_ID'),
      secretAccessKey: variable('AWS_SECRET_ACCESS_KEY'),
    },
  });
}

/** Requires a problem document of the catalogue, all of it. */
export function problemOf({ status, contentType, body }: RawAnswer) {
  expect(contentType).toBe('application/problem+json');
  const document = JSON.parse(body);
  const name = String(document.type).replace('urn:spillway:problem:', '') as keyof typeof PROBLEMS;
  const { title, money, next } = PROBLEMS[name];
  expect(document).toMatchObject({
    type: problemType(name),
    status,
    title,
    money,
    next,
    detail: expect.any(String),
  });
  return { name, ...document };
}

/** E.g. `400 malformed-request: body: is not JSON in UTF-8`. */
export function summaryOf(answer: RawAnswer): string {
  const { status, name, detail } = problemOf(answer);
  return `${status} ${name}: ${detail}`;
}
