import { createHash } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SiteStore } from './objects.ts';
import { toBase64 } from './s3-answers.ts';

/** The pages of a storefront on one S3 bucket. */
export function s3SiteStore(client: S3Client, bucket: string): SiteStore {
  return {
    async put(key, bytes, { type, cache }) {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: bytes,
          ChecksumSHA256: toBase64(createHash('sha256').update(bytes).digest()),
          ContentType: type,
          CacheControl: cache,
        }),
      );
    },
  };
}
