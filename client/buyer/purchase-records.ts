import { utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { outpointSchema } from '../../shared/http/api.ts';
import {
  LOCKTIME_THRESHOLD,
  MAX_CHUNK_BYTES,
  MAX_DATASET_CHUNKS,
  MAX_URL_CHARACTERS,
  SEGMENT_BYTES,
} from '../../shared/limits.ts';
import { NETWORK_NAMES } from '../../shared/protocol/network.ts';
import { hexOf, parseTerms, satoshisSchema } from '../../shared/protocol/terms.ts';

/** Of a chunk. */
const MAX_SEGMENTS = MAX_CHUNK_BYTES / SEGMENT_BYTES;

/**
 * What the journal of a purchase says. Each record is on the disk before the step it guards: terms and key before open,
 * the refund's signature before the funding is sent, data before its commitment, the commitment before it is sent.
 */
const version = v.literal(1);
const channel = hexOf(32);
const integer = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const height = integer(LOCKTIME_THRESHOLD - 1);
const index = integer(2 ** 31 - 1);
const chunk = integer(MAX_DATASET_CHUNKS);
const hex = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/));
/** A bearer token for a while: the messages name no part of it. */
const linkUrl = v.pipe(
  v.string('must be text'),
  v.maxLength(MAX_URL_CHARACTERS, 'is too long'),
  v.check((text) => URL.canParse(text), 'must be a URL'),
);
/** Money stays text in the journal: JSON has no bigint. */
const satoshis = v.pipe(
  v.string(),
  v.check((text) => v.is(satoshisSchema, text)),
);

export const purchaseRecord = v.variant('record', [
  /** The purchase itself: what, from whom, where to. The manifest's bytes are in a file beside the journal. */
  v.strictObject({
    v: version,
    record: v.literal('planned'),
    shop: v.string(),
    network: v.picklist(NETWORK_NAMES),
    sellerKey: hexOf(33),
    manifest: hexOf(32),
    name: v.string(),
    output: v.string(),
    /** Host of the object store that the manifest came from. */
    dataHost: v.string(),
    manifestSignature: hexOf(64),
  }),
  /** A part of the dataset that the person asks for: files and folders, or everything where there are none. */
  v.strictObject({ v: version, record: v.literal('asked'), only: v.array(v.string()) }),
  /** A channel's terms, as sent, and the indices of its keys in the wallet. Before open. */
  v.strictObject({
    v: version,
    record: v.literal('channel-planned'),
    channel,
    terms: v.pipe(v.string(), v.check(areTerms, 'must be terms')),
    keyIndex: index,
    changeIndex: index,
    /** The earlier channel that it continues. */
    continues: v.optional(channel),
    stopChunksHeight: height,
    stopPaymentsHeight: height,
    minimumLifeAtFunding: height,
  }),
  v.strictObject({ v: version, record: v.literal('opened'), channel }),
  /** Never funded and never will be. */
  v.strictObject({ v: version, record: v.literal('abandoned'), channel, reason: v.string() }),
  v.strictObject({
    v: version,
    record: v.literal('funding-built'),
    channel,
    raw: hex,
    outpoint: outpointSchema,
    fee: satoshis,
    inputs: v.array(outpointSchema),
  }),
  /** A funding that another wallet is to sign, as a PSBT in hex: unsigned, and so is its refund. */
  v.strictObject({
    v: version,
    record: v.literal('funding-drafted'),
    channel,
    psbt: hex,
    outpoint: outpointSchema,
    fee: satoshis,
    inputs: v.array(outpointSchema),
  }),
  /** It came back, as the very transaction that the refund was signed for. */
  v.strictObject({
    v: version,
    record: v.literal('funding-signed'),
    channel,
    outpoint: outpointSchema,
    raw: hex,
  }),
  v.strictObject({
    v: version,
    record: v.literal('refund-cosigned'),
    channel,
    outpoint: outpointSchema,
    signature: hexOf(64),
  }),
  /** From here on the funding may be on the chain. `height`: the tip then, below which nothing can spend it. */
  v.strictObject({
    v: version,
    record: v.literal('funding-sent'),
    channel,
    outpoint: outpointSchema,
    height,
  }),
  v.strictObject({
    v: version,
    record: v.literal('funding-confirmed'),
    channel,
    outpoint: outpointSchema,
    height,
  }),
  /** The shop's last link to a chunk, counted within the channel. It gives few, so the next run uses it while it is good. */
  v.strictObject({
    v: version,
    record: v.literal('link-given'),
    channel,
    chunk,
    size: integer(MAX_CHUNK_BYTES),
    url: linkUrl,
    expiresAt: integer(2 ** 40),
  }),
  /** Some of the chunk's data may be on the disk, unchecked. `chunk` counts within the dataset, as below. */
  v.strictObject({ v: version, record: v.literal('chunk-begun'), chunk }),
  /** These segments of it are on the disk for good, checked. */
  v.strictObject({
    v: version,
    record: v.literal('segments-synced'),
    chunk,
    segments: v.pipe(v.array(integer(MAX_SEGMENTS - 1)), v.minLength(1), v.maxLength(MAX_SEGMENTS)),
  }),
  /** The chunk's data is on the disk and every segment was checked. */
  v.strictObject({ v: version, record: v.literal('chunk-verified'), chunk }),
  /** Its files were found missing. It is paid for, so it is fetched again for nothing. */
  v.strictObject({ v: version, record: v.literal('chunk-lost'), chunk }),
  v.strictObject({
    v: version,
    record: v.literal('commitment-signed'),
    channel,
    k: chunk,
    signature: hexOf(64),
  }),
  v.strictObject({ v: version, record: v.literal('commitment-accepted'), channel, k: chunk }),
  v.strictObject({ v: version, record: v.literal('closed'), channel, state: v.string() }),
  v.strictObject({
    v: version,
    record: v.literal('cancel-signed'),
    channel,
    outpoint: outpointSchema,
    signature: hexOf(64),
  }),
  /** A refund or cancel that is about to be sent. */
  v.strictObject({
    v: version,
    record: v.literal('return-sent'),
    channel,
    kind: v.picklist(['refund', 'cancel']),
    txid: hexOf(32),
    raw: hex,
  }),
  /** The funding is spent on the chain, by whom, and what came back. */
  v.strictObject({
    v: version,
    record: v.literal('ended'),
    channel,
    by: v.picklist(['settlement', 'refund', 'cancel']),
    txid: hexOf(32),
    height,
    returned: satoshis,
  }),
  v.strictObject({ v: version, record: v.literal('complete') }),
  /** All before this came from a recovery file: what was signed after that was written is known to the shop alone. */
  v.strictObject({ v: version, record: v.literal('restored') }),
]);
export type PurchaseRecord = v.InferOutput<typeof purchaseRecord>;

function areTerms(text: string): boolean {
  try {
    parseTerms(utf8ToBytes(text));
    return true;
  } catch {
    return false;
  }
}
