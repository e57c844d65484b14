import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { type JsonValue, Problem } from '../errors.ts';
import { LOCKTIME_THRESHOLD, MAX_DATASET_CHUNKS, MAX_SATOSHIS } from '../limits.ts';
import { canonicalBytes, parseCanonical } from './canonical-json.ts';
import { taggedHash } from './hashes.ts';
import { isPublicKey } from './keys.ts';
import { NETWORK_NAMES, type NetworkName } from './network.ts';

export const PROTOCOL = 'spillway/1';

/** A channel's contract: everything the two sides agree on before money moves. Heights are blocks, money is satoshis. */
export interface Terms {
  readonly network: NetworkName;
  /** A: 33 bytes, fresh for every channel. */
  readonly buyerKey: Uint8Array;
  /** B: 33 bytes. */
  readonly sellerKey: Uint8Array;
  /** The manifest's id, hex. */
  readonly manifest: string;
  /** The dataset's index of the channel's chunk 0. */
  readonly first: number;
  /** How many chunks the channel buys, in order. */
  readonly count: number;
  readonly pricePerChunk: bigint;
  /** Chunks delivered before their payment. */
  readonly credit: 0 | 1;
  readonly capacity: bigint;
  /** L: from this height on A can take everything back that no settlement has paid out. */
  readonly refundHeight: number;
  readonly changeScript: Uint8Array;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
}

const toBytes = (hex: string): Uint8Array => hexToBytes(hex);

export const hexOf = (bytes: number) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `must be ${bytes} bytes in lower-case hex`),
  );

export const satoshisSchema = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9][0-9]{0,15})$/, 'must be satoshis as a decimal string'),
  v.transform((text): bigint => BigInt(text)),
  v.maxValue(MAX_SATOSHIS, 'must be at most 21 million bitcoin'),
);

const bytes = (length: number) => v.pipe(hexOf(length), v.transform(toBytes));
const publicKey = v.pipe(bytes(33), v.check(isPublicKey, 'must be a point of the curve'));

const termsSchema = v.pipe(
  v.strictObject({
    protocol: v.literal(PROTOCOL),
    network: v.picklist(NETWORK_NAMES),
    buyerKey: publicKey,
    sellerKey: publicKey,
    manifest: hexOf(32),
    chunks: v.strictTuple([
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_DATASET_CHUNKS - 1)),
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DATASET_CHUNKS)),
    ]),
    pricePerChunk: satoshisSchema,
    credit: v.picklist([0, 1]),
    capacity: satoshisSchema,
    refundHeight: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(LOCKTIME_THRESHOLD - 1, 'must be a block height, not a time'),
    ),
    changeScript: v.pipe(
      v.string(),
      v.regex(
        /^(0014[0-9a-f]{40}|0020[0-9a-f]{64}|5120[0-9a-f]{64})$/,
        'must be a P2WPKH, P2WSH or P2TR script',
      ),
      v.transform(toBytes),
    ),
    nonce: bytes(16),
  }),
  v.check(
    (terms) => bytesToHex(terms.buyerKey) !== bytesToHex(terms.sellerKey),
    'buyerKey must not be sellerKey',
  ),
);

/**
 * Reads terms from the wire. The bytes must be their RFC 8785 form, since the channel's id is their hash.
 * @throws Problem malformed-terms
 */
export function parseTerms(bytes: Uint8Array): Terms {
  const value = parseCanonical(bytes);
  if (value === undefined) throw new Problem('malformed-terms', 'the bytes are not RFC 8785 canonical JSON');
  const result = v.safeParse(termsSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw new Problem('malformed-terms', `${v.getDotPath(issue) ?? 'terms'}: ${issue.message}`);
  }
  const { protocol: _, chunks, ...rest } = result.output;
  return { ...rest, first: chunks[0], count: chunks[1] };
}

/** The JSON value of terms as it stands on the wire. */
export function termsToJson(terms: Terms): { readonly [key: string]: JsonValue } {
  return {
    protocol: PROTOCOL,
    network: terms.network,
    buyerKey: bytesToHex(terms.buyerKey),
    sellerKey: bytesToHex(terms.sellerKey),
    manifest: terms.manifest,
    chunks: [terms.first, terms.count],
    pricePerChunk: terms.pricePerChunk.toString(),
    credit: terms.credit,
    capacity: terms.capacity.toString(),
    refundHeight: terms.refundHeight,
    changeScript: bytesToHex(terms.changeScript),
    nonce: bytesToHex(terms.nonce),
  };
}

/** The bytes that are sent and hashed. */
export function encodeTerms(terms: Terms): Uint8Array {
  return canonicalBytes(termsToJson(terms));
}

/** The channel's id: the same terms are the same channel. 32 bytes. */
export function channelIdOf(termsBytes: Uint8Array): Uint8Array {
  return taggedHash('spillway/terms', termsBytes);
}

/** Terms that `encodeTerms` wrote and that were checked before: read back without the checks, which cost more than a payment. */
export function termsFromStored(text: string): Terms {
  const stored = JSON.parse(text);
  return {
    network: stored.network,
    buyerKey: toBytes(stored.buyerKey),
    sellerKey: toBytes(stored.sellerKey),
    manifest: stored.manifest,
    first: stored.chunks[0],
    count: stored.chunks[1],
    pricePerChunk: BigInt(stored.pricePerChunk),
    credit: stored.credit,
    capacity: BigInt(stored.capacity),
    refundHeight: stored.refundHeight,
    changeScript: toBytes(stored.changeScript),
    nonce: toBytes(stored.nonce),
  };
}
