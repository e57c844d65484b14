import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import {
  MAX_CHUNK_BYTES,
  MAX_DATASET_BYTES,
  MAX_DATASET_CHUNKS,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_FILES,
  MAX_LICENCE_CHARACTERS,
  MAX_MANIFEST_BYTES,
  MAX_NAME_CHARACTERS,
  MIN_CHUNK_BYTES,
  SEGMENT_BYTES,
} from '../limits.ts';
import { canonicalBytes, parseCanonical } from '../protocol/canonical-json.ts';
import { sha256 } from '../protocol/hashes.ts';
import { chunkCount } from '../protocol/price.ts';
import { manifestMessage } from '../protocol/request.ts';
import { verifyMessage } from '../protocol/signature.ts';
import { hexOf } from '../protocol/terms.ts';
import type { Signer } from '../signer/signer.ts';
import { segmentCount } from './layout.ts';
import { pathsProblem } from './paths.ts';

/** The second says of every file what the first does not: its SHA-256. */
export const MANIFEST_FORMAT = 'spillway-manifest/1';
export const HASHED_MANIFEST_FORMAT = 'spillway-manifest/2';

/** S3 takes at most 10,000 parts in one upload; a segment is a part. */
const MAX_SEGMENTS = Math.ceil(MAX_CHUNK_BYTES / SEGMENT_BYTES);

const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const size = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const file = { path: v.string(), size: size(0, MAX_DATASET_BYTES) };
/** Laid end to end in this order. */
const filesOf = <E extends v.ObjectEntries>(entries: E) =>
  v.pipe(v.array(v.strictObject(entries)), v.minLength(1), v.maxLength(MAX_FILES));

const common = {
  name: v.pipe(text(MAX_NAME_CHARACTERS), v.minLength(1)),
  description: text(MAX_DESCRIPTION_CHARACTERS),
  licence: text(MAX_LICENCE_CHARACTERS),
  totalSize: size(1, MAX_DATASET_BYTES),
  chunkSize: size(1, MAX_CHUNK_BYTES),
  segmentSize: size(1, SEGMENT_BYTES),
  chunks: v.pipe(
    v.array(
      v.strictObject({
        /** SHA-256 over the segments' digests. */
        root: hexOf(32),
        /** SHA-256 of each segment. */
        segments: v.pipe(v.array(hexOf(32)), v.minLength(1), v.maxLength(MAX_SEGMENTS)),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_DATASET_CHUNKS),
  ),
};

const manifestSchema = v.variant('format', [
  v.strictObject({ format: v.literal(MANIFEST_FORMAT), files: filesOf(file), ...common }),
  v.strictObject({
    format: v.literal(HASHED_MANIFEST_FORMAT),
    files: filesOf({ ...file, sha256: hexOf(32) }),
    ...common,
  }),
]);

/** What a dataset is, byte for byte: its files and the hash of every segment. Sizes are bytes, hashes hex. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** A manifest that no honest shop publishes; the message says what is wrong with it. */
export class ManifestInvalid extends Error {
  override readonly name = 'ManifestInvalid';
}

/** Segments are 16 MiB, or the whole chunk where a chunk is smaller. */
export function segmentSizeFor(chunkSize: number): number {
  return Math.min(SEGMENT_BYTES, chunkSize);
}

/** A chunk's root: SHA-256 over its segments' raw digests, which is also S3's composite checksum of the object. */
export function chunkRoot(segments: readonly Uint8Array[]): Uint8Array {
  const hash = sha256.create();
  for (const segment of segments) hash.update(segment);
  return hash.digest();
}

/** The files with their hashes, where the manifest says them. */
export function hashedFiles(
  manifest: Manifest,
): Extract<Manifest, { format: typeof HASHED_MANIFEST_FORMAT }>['files'] | undefined {
  return manifest.format === HASHED_MANIFEST_FORMAT ? manifest.files : undefined;
}

/** The dataset's id: SHA-256 of the manifest's bytes, 32 bytes. */
export function manifestId(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/**
 * A manifest's canonical bytes.
 * @throws ManifestInvalid where a reader would refuse them
 */
export function manifestBytes(manifest: Manifest): Uint8Array {
  const bytes = canonicalBytes(manifest);
  parseManifest(bytes);
  return bytes;
}

/**
 * Reads a manifest that comes from a stranger.
 * @throws ManifestInvalid with the exact reason
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new ManifestInvalid(`the manifest is larger than ${MAX_MANIFEST_BYTES} bytes`);
  }
  const value = parseCanonical(bytes);
  if (value === undefined) throw new ManifestInvalid('the bytes are not JSON in RFC 8785 form');
  const result = v.safeParse(manifestSchema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw new ManifestInvalid(`${v.getDotPath(issue) ?? 'the manifest'}: ${issue.message}`);
  }
  checkManifest(result.output);
  return result.output;
}

/** B's signature of a manifest's id: 64 bytes. */
export function signManifest(signer: Signer, id: Uint8Array): Promise<Uint8Array> {
  return signer.sign(sha256(manifestMessage(id)));
}

export function verifyManifest(sellerKey: Uint8Array, id: Uint8Array, signature: Uint8Array): boolean {
  return verifyMessage(sellerKey, manifestMessage(id), signature);
}

/** Whether chunks of this size may be cut from a dataset of that size, both in bytes. */
export function isChunkSize(chunkSize: number, totalSize: number): boolean {
  if (!Number.isInteger(chunkSize) || chunkSize > MAX_CHUNK_BYTES) return false;
  return chunkSize >= MIN_CHUNK_BYTES || (chunkSize === totalSize && chunkSize > 0);
}

/** What the fields must be to each other. */
function checkManifest(manifest: Manifest): void {
  const { files, totalSize, chunkSize, segmentSize, chunks } = manifest;
  const sum = files.reduce((total, file) => total + file.size, 0);
  if (sum !== totalSize)
    throw new ManifestInvalid(`the files add up to ${sum} bytes, totalSize is ${totalSize}`);
  if (!isChunkSize(chunkSize, totalSize)) throw new ManifestInvalid(`chunkSize ${chunkSize} is not allowed`);
  if (segmentSize !== segmentSizeFor(chunkSize)) {
    throw new ManifestInvalid(`segmentSize is ${segmentSize}, must be ${segmentSizeFor(chunkSize)}`);
  }
  if (chunks.length !== chunkCount(manifest)) {
    throw new ManifestInvalid(`there are ${chunks.length} chunks, must be ${chunkCount(manifest)}`);
  }
  const problem = pathsProblem(files.map((file) => file.path));
  if (problem) throw new ManifestInvalid(problem);
  chunks.forEach((chunk, index) => {
    const expected = segmentCount(manifest, index);
    if (chunk.segments.length !== expected) {
      throw new ManifestInvalid(
        `chunk ${index} has ${chunk.segments.length} segments, must have ${expected}`,
      );
    }
    if (bytesToHex(chunkRoot(chunk.segments.map(hexToBytes))) !== chunk.root) {
      throw new ManifestInvalid(`chunk ${index} has a root that its segments do not hash to`);
    }
  });
}
