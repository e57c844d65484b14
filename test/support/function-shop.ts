import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as acceptCommitment from '../../functions/accept-commitment.ts';
import * as closeChannel from '../../functions/close-channel.ts';
import * as confirmFunding from '../../functions/confirm-funding.ts';
import * as cosignRefund from '../../functions/cosign-refund.ts';
import * as getChannel from '../../functions/get-channel.ts';
import * as getDataset from '../../functions/get-dataset.ts';
import * as getShop from '../../functions/get-shop.ts';
import type { ApiHandler } from '../../functions/handler.ts';
import * as issueChunk from '../../functions/issue-chunk-url.ts';
import * as listDatasets from '../../functions/list-datasets.ts';
import * as openChannel from '../../functions/open-channel.ts';
import { type EmbeddedNode, startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { PROBLEMS, type ProblemName } from '../../shared/errors.ts';
import type { RouteName } from '../../shared/http/routes.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../shared/protocol/terms.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { channelSecret, secretOf } from './channel-buyer.ts';
import { CHANGE_SCRIPT, DATASET, PRICE, SELLER_KEY, SELLER_SECRET } from './channel-shop.ts';
import { printedLines } from './printed-lines.ts';
import { type CallParts, routeEvent } from './route-event.ts';
import { rpcCaller } from './rpc.ts';
import { tableServer } from './table-server.ts';

const HANDLERS: Record<RouteName, { readonly handler: ApiHandler }> = {
  acceptCommitment,
  closeChannel,
  confirmFunding,
  cosignRefund,
  getChannel,
  getDataset,
  getShop,
  issueChunk,
  listDatasets,
  openChannel,
};

const PAYOUT_ADDRESS = 'bcrt1q42424242424242424242424242424242rt8pnt';
/** The height of the functions' chain. */
export const HEIGHT = 10;
/** What must never be printed. */
export const SECRETS = [bytesToHex(SELLER_SECRET), 'a-secret-access-key'];

export interface OwnChannel {
  readonly channel: Channel;
  /** Of A'. */
  readonly secret: Uint8Array;
}

/** The deployed functions, in an environment that points at stand-ins. */
export interface FunctionShop {
  /** Lines that the functions printed. */
  readonly printed: readonly string[];
  call(name: RouteName, parts?: CallParts): Promise<APIGatewayProxyStructuredResultV2>;
  /** Asserts that a call is answered with this problem and that the table is then what it was. @returns the detail */
  refuses(problem: ProblemName, name: RouteName, parts?: CallParts): Promise<string>;
  proposed(buyer: string): Promise<OwnChannel>;
  /** Opened by a write of the test's own: fundings are what the suites with a whole chain are for. */
  opened(buyer: string): Promise<OwnChannel>;
}

export function functionShop(): FunctionShop {
  const tables = tableServer();
  const folder = mkdtempSync(join(tmpdir(), 'spillway-functions-'));
  const printed = printedLines();
  let table = '';
  let node: EmbeddedNode | undefined;

  beforeAll(async () => {
    table = await tables().createTable();
    node = await startEmbeddedNode(folder);
    await rpcCaller(node.url)('generatetoaddress', HEIGHT, PAYOUT_ADDRESS);
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'a-secret-access-key',
      AWS_ENDPOINT_URL_DYNAMODB: tables().endpoint,
      SPILLWAY_NETWORK: 'regtest',
      SPILLWAY_TABLE: table,
      SPILLWAY_BUCKET: 'chunks',
      SPILLWAY_CHAIN_URL: node.url,
      SPILLWAY_SELLER_SECRET: bytesToHex(SELLER_SECRET),
      SPILLWAY_PAYOUT_ADDRESS: PAYOUT_ADDRESS,
      POWERTOOLS_METRICS_NAMESPACE: 'Spillway/functions',
    });
    const versions = Array.from({ length: 12 }, (_, index) => `version-${index}`);
    await dynamoDatasets(tables().client, table).put(DATASET, versions);
  });
  afterAll(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const channels = () => dynamoChannels(tables().client, table);

  async function everything(): Promise<unknown> {
    const scan = new ScanCommand({ TableName: table, ConsistentRead: true });
    const { Items = [] } = await tables().client.send(scan);
    return new Map(Items.map((item) => [`${item.pk?.S} ${item.sk?.S}`, item]));
  }

  async function call(name: RouteName, parts: CallParts = {}): Promise<APIGatewayProxyStructuredResultV2> {
    return HANDLERS[name].handler(routeEvent(name, parts));
  }

  async function refuses(problem: ProblemName, name: RouteName, parts: CallParts = {}): Promise<string> {
    const before = await everything();
    const answer = await call(name, parts);
    const document = documentOf(answer);
    const { status, title, money, next } = PROBLEMS[problem];
    expect(document).toMatchObject({ type: `urn:spillway:problem:${problem}`, status, title, money, next });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers?.['content-type']).toBe('application/problem+json');
    expect(await everything()).toEqual(before);
    return document.detail;
  }

  async function proposed(buyer: string): Promise<OwnChannel> {
    const terms = termsOf(buyer);
    const secret = secretFor(buyer, terms);
    const answer = await call('openChannel', { body: bodyOf(terms), sign: secret });
    expect(answer.statusCode).toBe(200);
    const channel = await channels().get(documentOf(answer).channelId);
    if (!channel) throw new Error('the channel was stored');
    return { channel, secret };
  }

  async function opened(buyer: string): Promise<OwnChannel> {
    const { channel, secret } = await proposed(buyer);
    const funding = { outpoint: { txid: '12'.repeat(32), vout: 1 }, height: 5, blockHash: '34'.repeat(32) };
    const change = { state: 'OPEN', funding, dueAt: 874 } as const;
    const open = await channels().change(channel.id, { states: ['PROPOSED'] }, change);
    if (!open) throw new Error('the channel was PROPOSED');
    return { channel: open, secret };
  }

  return { printed, call, refuses, proposed, opened };
}

export function documentOf(answer: APIGatewayProxyStructuredResultV2) {
  return JSON.parse(answer.body ?? '');
}

export function termsOf(buyer: string, overrides: Partial<Terms> = {}): Terms {
  return {
    network: 'regtest',
    buyerKey: getPublicKey(secretOf(buyer), true),
    sellerKey: SELLER_KEY,
    manifest: DATASET.manifest,
    first: 0,
    count: 12,
    pricePerChunk: PRICE,
    credit: 1,
    capacity: 60_000n,
    refundHeight: HEIGHT + 1_008,
    changeScript: CHANGE_SCRIPT,
    nonce: secretOf(buyer).slice(0, 16),
    ...overrides,
  };
}

export function bodyOf(terms: Terms): string {
  return new TextDecoder().decode(encodeTerms(terms));
}

/** The secret of A' on these terms. */
export function secretFor(buyer: string, terms: Terms): Uint8Array {
  return channelSecret(buyer, { id: bytesToHex(channelIdOf(encodeTerms(terms))), terms });
}
