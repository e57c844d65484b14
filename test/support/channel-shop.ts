import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { tipsOf } from '../../shared/chain/tips.ts';
import { acceptCommitment } from '../../shared/channel/accept-commitment.ts';
import { confirmFunding } from '../../shared/channel/confirm-funding.ts';
import type { Continuation } from '../../shared/channel/continuation.ts';
import { cosignRefund } from '../../shared/channel/cosign-refund.ts';
import { openChannel } from '../../shared/channel/open-channel.ts';
import type { Shop } from '../../shared/channel/shop.ts';
import { policyWith } from '../../shared/config.ts';
import type { JsonValue } from '../../shared/errors.ts';
import { URL_LIFETIME_SECONDS } from '../../shared/limits.ts';
import type { Terms } from '../../shared/protocol/terms.ts';
import { seedSigner } from '../../shared/signer/seed-signer.ts';
import type { Channel, StoredSettlement } from '../../shared/store/channel-record.ts';
import { chunkObjects } from '../../shared/store/chunk-objects.ts';
import type { Dataset, SellerDatasetStore } from '../../shared/store/dataset-record.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { fundingScriptOf, payment, secretOf } from './channel-buyer.ts';
import { type FakeChain, fakeChain } from './fake-chain.ts';
import { checkPrinted, learnSecret } from './printed-secrets.ts';
import type { RunningTables } from './tables.ts';

export const SELLER_SECRET = secretOf('the seller');
export const SELLER_KEY = getPublicKey(SELLER_SECRET, true);
export const PAYOUT_SCRIPT = hexToBytes(`0014${'aa'.repeat(20)}`);
export const CHANGE_SCRIPT = hexToBytes(`0014${'bb'.repeat(20)}`);
/** Milliseconds: what the clock shows at first. */
export const START = 1_700_000_000_000;
export const CHUNK = 5_242_880;
export const PRICE = 5_000n;

/** Twelve chunks of which the last is half a chunk: 57,500 satoshis. */
export const DATASET: Dataset = {
  manifest: 'ab'.repeat(32),
  folder: '0123456789abcdef'.repeat(2),
  name: 'weather',
  description: '',
  licence: 'CC0-1.0',
  totalSize: 11 * CHUNK + CHUNK / 2,
  chunkSize: CHUNK,
  manifestSignature: 'cd'.repeat(64),
  manifestVersion: 'version-of-the-manifest',
  pricePerChunk: PRICE,
};

export type PolicyOverrides = NonNullable<Parameters<typeof policyWith>[0]>;

/** A shop whose chain, clock and object links belong to the test; its store is a real one. */
export interface ChannelShop extends Shop {
  readonly chain: FakeChain;
  readonly datasets: SellerDatasetStore;
  readonly clock: { now(): number; advance(milliseconds: number): void };
  readonly lines: { readonly event: string; readonly fields: Readonly<Record<string, JsonValue>> }[];
  readonly table: string;
  readonly tables: RunningTables;
  /** Every link that was given out. */
  readonly linked: string[];
  /** Terms that this shop accepts, by a buyer of that name. */
  terms(buyer: string, overrides?: Partial<Terms>): Terms;
  /** Sells one more dataset of so many full chunks. @returns its manifest id */
  publish(chunks: number): Promise<string>;
}

/** A shop on a table of its own, with a chain at height 1,000 and a clock that stands still. */
export async function channelShop(tables: RunningTables, policy?: PolicyOverrides): Promise<ChannelShop> {
  const table = await tables.createTable();
  const chain = fakeChain();
  let now = START;
  const clock = {
    now: () => now,
    advance(milliseconds: number) {
      now += milliseconds;
    },
  };
  chain.tipTime = START / 1000;
  const lines: ChannelShop['lines'] = [];
  const linked: string[] = [];
  const log: Shop['log'] = (event, fields) => {
    checkPrinted(event, fields);
    lines.push({ event, fields });
  };
  learnSecret("the seller's secret", SELLER_SECRET);
  const datasets = dynamoDatasets(tables.client, table, clock);
  await datasets.put(DATASET, versionsOf(DATASET));
  let published = 0;
  return {
    network: 'regtest',
    policy: policyWith(policy),
    payoutScript: PAYOUT_SCRIPT,
    channels: dynamoChannels(tables.client, table),
    datasets,
    chunks: chunkObjects(datasets),
    links: {
      async link(key, versionId) {
        const url = `https://objects.example/${key}?versionId=${versionId}&X-Amz-Signature=bearer`;
        linked.push(url);
        return { url, expiresAt: Math.floor(now / 1000) + URL_LIFETIME_SECONDS };
      },
    },
    chain,
    tips: tipsOf(chain, clock, log),
    signer: seedSigner(SELLER_SECRET),
    clock,
    log,
    lines,
    linked,
    table,
    tables,
    terms: (buyer, overrides = {}) => ({
      network: 'regtest',
      buyerKey: getPublicKey(secretOf(buyer), true),
      sellerKey: SELLER_KEY,
      manifest: DATASET.manifest,
      first: 0,
      count: 12,
      pricePerChunk: PRICE,
      credit: 1,
      capacity: 60_000n,
      refundHeight: chain.height() + 1_008,
      changeScript: CHANGE_SCRIPT,
      nonce: secretOf(buyer).slice(0, 16),
      ...overrides,
    }),
    async publish(chunks) {
      const manifest = bytesToHex(secretOf(`manifest ${published++}`));
      const dataset = { ...DATASET, manifest, totalSize: chunks * CHUNK };
      await datasets.put(dataset, versionsOf(dataset));
      return manifest;
    },
  };
}

function versionsOf({ totalSize, chunkSize }: Dataset): string[] {
  return Array.from({ length: Math.ceil(totalSize / chunkSize) }, (_, index) => `version-${index}`);
}

/** A PROPOSED channel. */
export function propose(shop: ChannelShop, buyer: string, overrides: Partial<Terms> = {}): Promise<Channel> {
  return openChannel(shop, shop.terms(buyer, overrides));
}

/** Pays the funding, in the next block. */
export function fund(shop: ChannelShop, channel: Channel): Outpoint {
  return shop.chain.fund(fundingScriptOf(channel), channel.terms.capacity);
}

/** An OPEN channel: proposed, co-signed, funded in a block of its own and six deep. */
export async function open(
  shop: ChannelShop,
  buyer: string,
  overrides: Partial<Terms> = {},
  continuation?: Continuation,
): Promise<Channel> {
  const channel = await openChannel(shop, shop.terms(buyer, overrides), continuation);
  const outpoint = fund(shop, channel);
  await cosignRefund(shop, channel, outpoint);
  shop.chain.mine(5);
  const { channel: opened } = await confirmFunding(shop, channel, outpoint);
  if (opened.state !== 'OPEN') throw new Error(`the channel is ${opened.state}`);
  return opened;
}

/** An OPEN channel that has paid for so many chunks. */
export async function openAndPaid(
  shop: ChannelShop,
  buyer: string,
  paid: number,
  overrides: Partial<Terms> = {},
): Promise<Channel> {
  const channel = await open(shop, buyer, overrides);
  const accepted = await acceptCommitment(shop, channel, payment(buyer, channel, paid));
  return accepted.channel;
}

/** The channel as the store holds it now. */
export async function stored(shop: Pick<Shop, 'channels'>, { id }: Pick<Channel, 'id'>): Promise<Channel> {
  const channel = await shop.channels.get(id);
  if (!channel) throw new Error('the channel is gone');
  return channel;
}

/** The settlement that was signed last for a channel. */
export async function lastSettlement(
  shop: Pick<Shop, 'channels'>,
  { settlements }: Pick<Channel, 'settlements'>,
): Promise<StoredSettlement> {
  const last = settlements.at(-1);
  const found = last && (await shop.channels.getSettlement(last.txid));
  if (!found) throw new Error('the channel has a settlement');
  return found;
}
