import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { fundingAt } from '../../shared/channel/channel-facts.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { channelPublicKey, channelSecretKey } from '../../shared/protocol/keys.ts';
import { change } from '../../shared/protocol/price.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { channelIdOf, encodeTerms, type Terms } from '../../shared/protocol/terms.ts';
import { channelToItem, dueShard } from '../../shared/store/channel-item.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { DUE_HEIGHT, DUE_SHARD } from '../../shared/store/table.ts';

export const PRICE_PER_CHUNK = 1_000n;
const CHUNK_BYTES = 2 ** 30;
const LIFETIME = 1_008;
/** DynamoDB's limit of one batch. */
const BATCH = 25;

export const SELLER_SECRET = numbered('seller', 0);
const SELLER_KEY = getPublicKey(SELLER_SECRET, true);

/** A channel that is OPEN in the table, and its payments as the buyer sends them, k = 1 first. */
export interface PayingChannel {
  readonly id: string;
  readonly channel: Channel;
  readonly signatures: readonly Uint8Array[];
}

/** A dataset of as many chunks; nothing is ever downloaded. */
export async function offerDataset(client: DynamoDBClient, table: string, chunks: number): Promise<string> {
  const manifest = bytesToHex(numbered('manifest', chunks));
  const dataset = {
    manifest,
    folder: manifest.slice(0, 32),
    name: 'bench',
    description: '',
    licence: '',
    totalSize: chunks * CHUNK_BYTES,
    chunkSize: CHUNK_BYTES,
    manifestSignature: '00'.repeat(64),
    manifestVersion: 'v'.repeat(32),
    pricePerChunk: PRICE_PER_CHUNK,
  };
  const versions = Array.from({ length: chunks }, (_, chunk) =>
    bytesToHex(numbered('version', chunk)).slice(32),
  );
  await dynamoDatasets(client, table).put(dataset, versions);
  return manifest;
}

/**
 * Puts channels into the table as `confirmFunding` leaves them, and signs all of their payments beforehand: what a buyer's
 * machine costs is not the shop's.
 * @param chunks how many chunks of the dataset each of them buys
 */
export async function openChannels(
  client: DynamoDBClient,
  { table, manifest, tip, count, chunks, seed }: OpenRequest,
): Promise<readonly PayingChannel[]> {
  const channels = Array.from({ length: count }, (_, number) =>
    payingChannel(`${seed}/${number}`, request()),
  );
  for (let from = 0; from < channels.length; from += BATCH) {
    const items = channels.slice(from, from + BATCH).map(({ channel }) => openItem(channel));
    const writes = items.map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: writes } }));
  }
  return channels;

  function request() {
    return { manifest, refundHeight: tip + LIFETIME, chunks };
  }
}

export interface OpenRequest {
  readonly table: string;
  readonly manifest: string;
  /** Height. */
  readonly tip: number;
  readonly count: number;
  readonly chunks: number;
  /** Channels of another seed are other channels. */
  readonly seed: string;
}

function payingChannel(
  name: string,
  { manifest, refundHeight, chunks }: { manifest: string; refundHeight: number; chunks: number },
): PayingChannel {
  const buyerSecret = numbered(name, 0);
  const terms: Terms = {
    network: 'regtest',
    buyerKey: getPublicKey(buyerSecret, true),
    sellerKey: SELLER_KEY,
    manifest,
    first: 0,
    count: chunks,
    pricePerChunk: PRICE_PER_CHUNK,
    credit: 1,
    capacity: PRICE_PER_CHUNK * BigInt(chunks) + 1_000n,
    refundHeight,
    changeScript: Uint8Array.of(0, 20, ...new Uint8Array(20)),
    nonce: numbered(name, 1).subarray(0, 16),
  };
  const channelId = channelIdOf(encodeTerms(terms));
  const id = bytesToHex(channelId);
  const outpoint = { txid: id, vout: 0 };
  const channel: Channel = {
    id,
    state: 'OPEN',
    terms,
    shape: { totalSize: chunks * CHUNK_BYTES, chunkSize: CHUNK_BYTES },
    channelKey: channelPublicKey(terms.buyerKey, channelId),
    contiguous: true,
    createdAt: 1,
    refunds: [{ outpoint, signature: new Uint8Array(64) }],
    funding: { outpoint, height: 1, blockHash: '00'.repeat(32) },
    voided: false,
    paid: 0,
    paidBefore: 0,
    delivered: 1,
    unpaidLinks: 1,
    settlements: [],
  };
  const secret = channelSecretKey(buyerSecret, terms.buyerKey, channelId);
  const funding = fundingAt(channel, outpoint);
  const signatures = Array.from({ length: chunks }, (_, index) =>
    signMessage(
      secret,
      commitmentMessage(funding, terms.changeScript, change(terms, channel.shape, index + 1)),
    ),
  );
  return { id, channel, signatures };
}

function openItem(channel: Channel): ReturnType<typeof channelToItem> {
  const outpoint = { M: { txid: { S: channel.id }, vout: { N: '0' } } };
  return {
    ...channelToItem(channel),
    refunds: { L: [{ M: { outpoint, signature: { B: new Uint8Array(64) } } }] },
    delivered: { N: '1' },
    unpaidLinks: { N: '1' },
    funding: { M: { outpoint, height: { N: '1' }, blockHash: { S: '00'.repeat(32) } } },
    [DUE_SHARD]: { S: dueShard(channel.id) },
    [DUE_HEIGHT]: { N: `${channel.terms.refundHeight - 144}` },
  };
}

/** 32 bytes that are the same in every run. */
function numbered(name: string, number: number): Uint8Array {
  return sha256(new TextEncoder().encode(`${name} ${number}`));
}
