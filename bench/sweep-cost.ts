import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import dynalite from 'dynalite';
import { listenOnLoopback } from '../local/listen.ts';
import { tipsOf } from '../shared/chain/tips.ts';
import type { Shop } from '../shared/channel/shop.ts';
import { sweep } from '../shared/channel/sweep.ts';
import { systemClock } from '../shared/clock.ts';
import { policyWith } from '../shared/config.ts';
import { sha256 } from '../shared/protocol/hashes.ts';
import { fundingScript, payToWitnessScript } from '../shared/protocol/script.ts';
import { signMessage } from '../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../shared/protocol/terms.ts';
import { seedSigner } from '../shared/signer/seed-signer.ts';
import { channelToItem, dueShard } from '../shared/store/channel-item.ts';
import type { Channel } from '../shared/store/channel-record.ts';
import { chunkObjects } from '../shared/store/chunk-objects.ts';
import { dynamoChannels } from '../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../shared/store/dynamo-datasets.ts';
import { DUE_HEIGHT, DUE_SHARD, TABLE_DEFINITION } from '../shared/store/table.ts';
import { quietChain } from './quiet-chain.ts';

/**
 * What one run of the schedule asks of the table, with many channels open and few due: the cost must follow what is due.
 *   npm run bench -- sweep 100000
 */
const TIP = 900_000;
const DUE = 100;
const SELLER_SECRET = sha256(new TextEncoder().encode('the seller of this benchmark'));
const SELLER_KEY = getPublicKey(SELLER_SECRET, true);
/** Only its form counts here: the settler signs with it, nobody verifies. */
const COMMITMENT = signMessage(SELLER_SECRET, new Uint8Array(32));

/** @param open channels that are open, 100 of them due; measured beside a table that holds the due ones alone */
export async function benchSweep(open = '100000'): Promise<void> {
  const channels = Number(open);
  if (!Number.isSafeInteger(channels) || channels < DUE)
    throw new Error(`say how many are open, at least ${DUE}`);
  for (const count of [DUE, channels]) console.log(JSON.stringify(await measure(count)));
}

async function measure(channels: number): Promise<object> {
  const server = await listenOnLoopback(dynalite({ createTableMs: 0 }), 0);
  const client = new DynamoDBClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  const table = `bench-${channels}`;
  await client.send(new CreateTableCommand({ TableName: table, ...TABLE_DEFINITION }));
  await fill(client, table, channels);

  const requests: Record<string, number> = {};
  client.middlewareStack.add(
    (next, { commandName = 'unknown' }) =>
      (args) => {
        requests[commandName] = (requests[commandName] ?? 0) + 1;
        return next(args);
      },
    { step: 'initialize' },
  );
  const began = performance.now();
  const report = await sweep(shopOn(client, table));
  const seconds = Math.round(performance.now() - began) / 1000;
  client.destroy();
  await server.stop();
  return { open: channels, due: DUE, ...report, requests, seconds };
}

async function fill(client: DynamoDBClient, table: string, channels: number): Promise<void> {
  let batch: { PutRequest: { Item: ReturnType<typeof channelToItem> } }[] = [];
  const write = async () => {
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }));
    batch = [];
  };
  for (let number = 0; number < channels; number++) {
    batch.push({ PutRequest: { Item: openItem(number, number < DUE) } });
    if (batch.length === 25) await write();
  }
  if (batch.length > 0) await write();
}

/** An OPEN channel with three chunks paid, that waits for T_close as `confirmFunding` leaves it. */
function openItem(number: number, isDue: boolean): ReturnType<typeof channelToItem> {
  const refundHeight = TIP + (isDue ? 144 : 1_000);
  const terms: Terms = {
    network: 'regtest',
    buyerKey: SELLER_KEY,
    sellerKey: SELLER_KEY,
    manifest: 'ab'.repeat(32),
    first: 0,
    count: 12,
    pricePerChunk: 5_000n,
    credit: 1,
    capacity: 60_000n,
    refundHeight,
    changeScript: payoutScript(),
    nonce: numbered(number),
  };
  const id = bytesToHex(channelIdOf(encodeTerms(terms)));
  const channel: Channel = {
    id,
    state: 'OPEN',
    terms,
    shape: { totalSize: 12 * 2 ** 30, chunkSize: 2 ** 30 },
    channelKey: SELLER_KEY,
    contiguous: true,
    createdAt: 1,
    refunds: [],
    voided: false,
    paid: 3,
    paidBefore: 2,
    delivered: 4,
    unpaidLinks: 1,
    settlements: [],
  };
  const outpoint = { M: { txid: { S: id }, vout: { N: '0' } } };
  return {
    ...channelToItem(channel),
    state: { S: 'OPEN' },
    paid: { N: '3' },
    paidBefore: { N: '2' },
    delivered: { N: '4' },
    commitment: { B: COMMITMENT },
    funding: { M: { outpoint, height: { N: '899000' }, blockHash: { S: '00'.repeat(32) } } },
    [DUE_SHARD]: { S: dueShard(id) },
    [DUE_HEIGHT]: { N: `${refundHeight - 144}` },
  };
}

function numbered(number: number): Uint8Array {
  const nonce = new Uint8Array(16);
  new DataView(nonce.buffer).setUint32(0, number);
  return nonce;
}

function payoutScript(): Uint8Array {
  return Uint8Array.of(0, 20, ...new Uint8Array(20));
}

function shopOn(client: DynamoDBClient, table: string): Shop {
  const datasets = dynamoDatasets(client, table, systemClock);
  const chain = quietChain(TIP, payToWitnessScript(fundingScript(SELLER_KEY, SELLER_KEY)));
  const log = () => undefined;
  return {
    network: 'regtest',
    policy: policyWith(),
    payoutScript: payoutScript(),
    channels: dynamoChannels(client, table),
    datasets,
    chunks: chunkObjects(datasets),
    links: { link: () => Promise.reject(new Error('nothing is downloaded')) },
    chain,
    tips: tipsOf(chain, systemClock, log),
    signer: seedSigner(SELLER_SECRET),
    clock: systemClock,
    log,
  };
}
