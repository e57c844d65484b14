import * as v from 'valibot';
import {
  LOCKTIME_THRESHOLD,
  MAX_CHUNK_BYTES,
  MAX_DATASET_BYTES,
  MAX_DATASET_CHUNKS,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_LICENCE_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_REFUND_OUTPOINTS,
  MAX_URL_CHARACTERS,
  MAX_VOUT,
} from '../limits.ts';
import { NETWORK_NAMES } from '../protocol/network.ts';
import { hexOf, satoshisSchema } from '../protocol/terms.ts';

/** Bodies and answers of the API: parsed by the shop where it receives them, and by the buyer, who trusts no shop. */

const integer = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const height = integer(0, LOCKTIME_THRESHOLD - 1);
const chunkNumber = integer(0, MAX_DATASET_CHUNKS);
const url = v.pipe(v.string(), v.maxLength(MAX_URL_CHARACTERS), v.url());

export const outpointSchema = v.strictObject({ txid: hexOf(32), vout: integer(0, MAX_VOUT) });

export const CHANNEL_STATES = [
  'PROPOSED',
  'OPEN',
  'SUSPENDED',
  'CLOSING',
  'SETTLED',
  'CANCELLED',
  'REFUSED',
  'EXPIRED',
] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];

export const outpointBody = v.strictObject({ outpoint: outpointSchema });

export const commitmentBody = v.strictObject({
  /** How many chunks it pays for, from the channel's start. */
  k: integer(1, MAX_DATASET_CHUNKS),
  /** A's commitment signature, r ‖ s. */
  signature: hexOf(64),
});

export const shopAnswer = v.object({
  protocol: v.literal('spillway/1'),
  network: v.picklist(NETWORK_NAMES),
  sellerKey: hexOf(33),
  tip: v.object({ height, hash: hexOf(32) }),
  policy: v.object({
    /** Blocks from the tip to the refund height: at open, and the least that must remain when the funding is confirmed. */
    minimumLifetime: height,
    defaultLifetime: height,
    maximumLifetime: height,
    minimumLifeAtFunding: height,
    /** Blocks before the refund height at which the shop stops unpaid chunks, stops payments, settles. */
    stopChunks: height,
    stopPayments: height,
    close: height,
    minimumCapacity: satoshisSchema,
    maximumCapacity: satoshisSchema,
    /** Satoshis: the price of the first chunk of a channel may not be lower. */
    minimumFirstPrice: satoshisSchema,
    /** Chunks a dataset must have to be sold on credit. */
    creditMinimumChunks: chunkNumber,
    /** Chunks one commitment may pay ahead of the last accepted one. */
    commitmentLimit: chunkNumber,
  }),
});
export type ShopAnswer = v.InferOutput<typeof shopAnswer>;

const datasetEntries = {
  /** SHA-256 of the manifest: the dataset's id. */
  manifest: hexOf(32),
  name: v.pipe(v.string(), v.maxLength(MAX_NAME_CHARACTERS)),
  description: v.pipe(v.string(), v.maxLength(MAX_DESCRIPTION_CHARACTERS)),
  licence: v.pipe(v.string(), v.maxLength(MAX_LICENCE_CHARACTERS)),
  totalSize: integer(1, MAX_DATASET_BYTES),
  chunkSize: integer(1, MAX_CHUNK_BYTES),
  chunks: integer(1, MAX_DATASET_CHUNKS),
  /** Satoshis for a full chunk. */
  pricePerChunk: satoshisSchema,
};
export const datasetsAnswer = v.object({
  datasets: v.pipe(v.array(v.object(datasetEntries)), v.maxLength(10_000)),
});
export type DatasetsAnswer = v.InferOutput<typeof datasetsAnswer>;

export const datasetAnswer = v.object({
  ...datasetEntries,
  manifestUrl: url,
  /** B's signature of the manifest's id. */
  manifestSignature: hexOf(64),
});
export type DatasetAnswer = v.InferOutput<typeof datasetAnswer>;

const channelEntries = {
  channelId: hexOf(32),
  state: v.picklist(CHANNEL_STATES),
  /** The terms as they were sent. */
  terms: v.record(v.string(), v.unknown()),
  /** Chunks paid for, chunks whose link was given out, and the satoshis paid. */
  paid: chunkNumber,
  delivered: chunkNumber,
  paidSatoshis: satoshisSchema,
  stopChunksHeight: height,
  stopPaymentsHeight: height,
  closeHeight: height,
  funding: v.optional(v.object({ outpoint: outpointSchema, height, blockHash: hexOf(32) })),
  /** The transaction that spends the funding, as far as the shop knows; without a height it is not confirmed. */
  spend: v.optional(v.object({ txid: hexOf(32), height: v.optional(height) })),
};
export const channelAnswer = v.object(channelEntries);
export type ChannelAnswer = v.InferOutput<typeof channelAnswer>;

export const refundAnswer = v.object({
  channelId: hexOf(32),
  outpoint: outpointSchema,
  signature: hexOf(64),
});
export type RefundAnswer = v.InferOutput<typeof refundAnswer>;

export const fundingAnswer = v.object({
  ...channelEntries,
  /** Blocks the funding has, and must have, for the channel to open. */
  confirmations: height,
  confirmationsRequired: height,
});
export type FundingAnswer = v.InferOutput<typeof fundingAnswer>;

const chunkLink = v.object({
  /** The chunk's number within the channel. */
  chunk: chunkNumber,
  /** Bytes of the object. */
  size: integer(1, MAX_CHUNK_BYTES),
  /** Presigned GET of the object; takes Range headers. A bearer token: keep it out of logs. */
  url,
  /** Unix seconds after which the link starts no new transfer. */
  expiresAt: integer(0, 2 ** 40),
});
export const chunkAnswer = chunkLink;
export type ChunkLink = v.InferOutput<typeof chunkLink>;

export const commitmentAnswer = v.object({
  ...channelEntries,
  /** The next chunk, where there is one and it may be had now. */
  next: v.nullable(chunkLink),
});
export type CommitmentAnswer = v.InferOutput<typeof commitmentAnswer>;

export const closeAnswer = v.object({
  ...channelEntries,
  /** For a channel that was cancelled: B's signature for every outpoint it co-signed, and for those named without it. */
  cancels: v.pipe(
    v.array(v.object({ outpoint: outpointSchema, signature: hexOf(64) })),
    v.maxLength(MAX_REFUND_OUTPOINTS + 2),
  ),
});
export type CloseAnswer = v.InferOutput<typeof closeAnswer>;
