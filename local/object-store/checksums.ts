import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { bigEndian, crc32c, crc64nvme } from './crc.ts';
import { S3Error } from './errors.ts';

export const checksumAlgorithmSchema = v.picklist(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']);
export type ChecksumAlgorithm = v.InferOutput<typeof checksumAlgorithmSchema>;

/** A checksum that S3 keeps and answers. `value` is base64, of a multipart object with `-N` after it. */
export const checksumSchema = v.object({
  algorithm: checksumAlgorithmSchema,
  value: v.string(),
  type: v.picklist(['FULL_OBJECT', 'COMPOSITE']),
});
export type Checksum = v.InferOutput<typeof checksumSchema>;

export interface RunningDigest {
  update(data: Uint8Array): void;
  digest(): Uint8Array;
}

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

export function startDigest(algorithm: ChecksumAlgorithm | 'MD5'): RunningDigest {
  switch (algorithm) {
    case 'CRC32': {
      let state = 0;
      return {
        update: (data) => {
          state = crc32(data, state);
        },
        digest: () => bigEndian(state),
      };
    }
    case 'CRC32C':
      return crc32c();
    case 'CRC64NVME':
      return crc64nvme();
    default: {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (data) => void hash.update(data), digest: () => hash.digest() };
    }
  }
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const checksumHeader = (algorithm: ChecksumAlgorithm): string =>
  `x-amz-checksum-${algorithm.toLowerCase()}`;

export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm}`;

/** SHA-256 over the raw digests of the parts (User Guide, "Checking object integrity", composite checksums), base64. */
export function compositeDigest(algorithm: ChecksumAlgorithm, partChecksums: readonly string[]): string {
  const digest = startDigest(algorithm);
  for (const checksum of partChecksums) digest.update(Buffer.from(checksum, 'base64'));
  return base64(digest.digest());
}

/** The algorithm of a `x-amz-checksum-…` header name; undefined for those that are no value, such as -type. */
export function algorithmOfHeader(name: string): ChecksumAlgorithm | undefined {
  return checksumAlgorithmSchema.options.find((algorithm) => checksumHeader(algorithm) === name);
}

/** Throws InvalidRequest unless `value` is base64 of the algorithm's length. */
export function checkChecksumForm(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== DIGEST_BYTES[algorithm] || base64(bytes) !== value)
    throw new S3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
}

export const checksumMismatch = (algorithm: ChecksumAlgorithm): S3Error =>
  new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
