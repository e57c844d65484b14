import * as v from 'valibot';
import type { JsonValue } from '../../shared/errors.ts';
import { outpointSchema } from '../../shared/http/api.ts';
import { LOCKTIME_THRESHOLD, MAX_DATASET_CHUNKS } from '../../shared/limits.ts';
import { canonicalBytes, parseCanonical } from '../../shared/protocol/canonical-json.ts';
import { sha256, taggedMessage } from '../../shared/protocol/hashes.ts';
import { hexOf } from '../../shared/protocol/terms.ts';
import { receiptRefused } from './receipt-refused.ts';

export const RECEIPT_FORMAT = 'spillway-receipt/1';

/** The manifest of the largest dataset, and a purchase through a hundred channels, fit in it. */
export const MAX_RECEIPT_BYTES = 128 * 1024 * 1024;

/** A standard transaction's 400,000 weight units, as hex. */
const MAX_TRANSACTION_CHARACTERS = 800_000;
const rawTransaction = v.pipe(
  v.string(),
  v.maxLength(MAX_TRANSACTION_CHARACTERS),
  v.regex(/^([0-9a-f]{2})+$/, 'must be hex'),
);
const json = v.custom<{ readonly [key: string]: JsonValue }>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);
const integer = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const channel = v.strictObject({
  /** As they were on the wire: their hash is the channel's id. */
  terms: json,
  outpoint: outpointSchema,
  /** The funding transaction; absent where another wallet sent it and kept it to itself. */
  funding: v.optional(rawTransaction),
  /** B's signature of the refund, which names outpoint, script and amount: the seller's own word that it agreed. */
  refundSignature: hexOf(64),
  /** The highest commitment: so many chunks, and A's signature. */
  payment: v.strictObject({ k: integer(1, MAX_DATASET_CHUNKS), signature: hexOf(64) }),
  /** What spent the funding, once that is in a block. */
  end: v.optional(
    v.strictObject({ transaction: rawTransaction, height: integer(0, LOCKTIME_THRESHOLD - 1) }),
  ),
  /** By the channel's key, over all of the receipt but these: nothing in it was changed since. */
  statement: hexOf(64),
});

const receipt = v.strictObject({
  format: v.literal(RECEIPT_FORMAT),
  /** Where the shop was. */
  shop: v.pipe(v.string(), v.maxLength(2_048)),
  manifest: json,
  /** B's. */
  manifestSignature: hexOf(64),
  channels: v.pipe(v.array(channel), v.minLength(1), v.maxLength(10_000)),
});

/** Everything that shows what was bought, from whom and for how much, without asking anybody. */
export type Receipt = v.InferOutput<typeof receipt>;
export type ReceiptChannel = Receipt['channels'][number];
export type UnsignedReceipt = Omit<Receipt, 'channels'> & {
  readonly channels: readonly Omit<ReceiptChannel, 'statement'>[];
};

export function encodeReceipt(value: Receipt): Uint8Array {
  return canonicalBytes(withoutUndefined(value));
}

/** @throws BuyerError bad-data */
export function parseReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length > MAX_RECEIPT_BYTES)
    throw receiptRefused('receipt', `is larger than ${MAX_RECEIPT_BYTES} bytes`);
  const value = parseCanonical(bytes);
  if (value === undefined) throw receiptRefused('receipt', 'is not JSON in RFC 8785 form');
  const result = v.safeParse(receipt, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw receiptRefused(v.getDotPath(issue) ?? 'receipt', issue.message);
}

/**
 * What a channel's key signs: the channel's id and the receipt without its statements.
 * @param channelId 32 bytes
 */
export function statementMessage(value: UnsignedReceipt, channelId: Uint8Array): Uint8Array {
  const channels = value.channels.map((each) => ({ ...each, statement: undefined }));
  const hash = sha256(canonicalBytes(withoutUndefined({ ...value, channels })));
  return taggedMessage('spillway/receipt', channelId, hash);
}

function withoutUndefined(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}
