import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  type GetObjectAttributesCommandOutput,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Clock, unixSeconds } from '../clock.ts';
import { URL_LIFETIME_SECONDS } from '../limits.ts';
import type { ObjectInspector, ObjectLinks, ObjectPart, ObjectUploader } from './objects.ts';

/** The ports of objects.ts on one S3 bucket with versioning switched on. */

/** Without the checksums the SDK adds of itself: ours are SHA-256, and an added CRC32 would end up in presigned URLs. */
export function s3Client(config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...config,
  });
}

export function s3ObjectLinks(client: S3Client, bucket: string, clock: Clock): ObjectLinks {
  return {
    async link(key, versionId) {
      const seconds = unixSeconds(clock);
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
      const url = await getSignedUrl(client, command, {
        expiresIn: URL_LIFETIME_SECONDS,
        signingDate: new Date(seconds * 1000),
      });
      return { url, expiresAt: seconds + URL_LIFETIME_SECONDS };
    },
  };
}

export function s3ObjectInspector(client: S3Client, bucket: string): ObjectInspector {
  return {
    async describe(key, versionId) {
      const parts: ObjectPart[] = [];
      let marker: string | undefined;
      for (;;) {
        const page = await attributes(client, bucket, key, versionId, marker);
        const composite = page?.Checksum?.ChecksumSHA256;
        if (!page?.ObjectParts?.Parts || page.ObjectSize === undefined || !composite) return undefined;
        for (const part of page.ObjectParts.Parts) {
          // Parts come in order of their numbers; a gap would mean that the listing is not whole.
          if (part.PartNumber !== parts.length + 1 || part.Size === undefined || !part.ChecksumSHA256) {
            return undefined;
          }
          parts.push({ size: part.Size, sha256: fromBase64(part.ChecksumSHA256) });
        }
        if (!page.ObjectParts.IsTruncated) {
          // Here S3 leaves the "-N" off that it shows elsewhere; stand-ins differ.
          return { size: page.ObjectSize, parts, composite: fromBase64(composite.replace(/-\d+$/, '')) };
        }
        if (!page.ObjectParts.NextPartNumberMarker || page.ObjectParts.NextPartNumberMarker === marker) {
          return undefined;
        }
        marker = page.ObjectParts.NextPartNumberMarker;
      }
    },
  };
}

export function s3ObjectUploader(client: S3Client, bucket: string): ObjectUploader {
  return {
    async put(key, bytes, sha256) {
      const answer = await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ChecksumSHA256: toBase64(sha256) }),
      );
      return wanted(answer.VersionId, 'VersionId: is the bucket versioned?');
    },

    async startParts(key) {
      const answer = await client.send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          ChecksumAlgorithm: 'SHA256',
          ChecksumType: 'COMPOSITE',
        }),
      );
      return wanted(answer.UploadId, 'UploadId');
    },

    async putPart(key, upload, number, bytes, sha256) {
      const answer = await client.send(
        new UploadPartCommand({
          Bucket: bucket,
          Key: key,
          UploadId: upload,
          PartNumber: number,
          Body: bytes,
          ChecksumSHA256: toBase64(sha256),
        }),
      );
      return wanted(answer.ETag, 'ETag');
    },

    async finishParts(key, upload, parts, composite) {
      const answer = await client.send(
        new CompleteMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          UploadId: upload,
          ChecksumSHA256: `${toBase64(composite)}-${parts.length}`,
          ChecksumType: 'COMPOSITE',
          MultipartUpload: {
            Parts: parts.map((part, index) => ({
              PartNumber: index + 1,
              ETag: part.tag,
              ChecksumSHA256: toBase64(part.sha256),
            })),
          },
        }),
      );
      return wanted(answer.VersionId, 'VersionId: is the bucket versioned?');
    },

    async abortParts(key, upload) {
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload }));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}

async function attributes(
  client: S3Client,
  bucket: string,
  key: string,
  versionId: string,
  marker: string | undefined,
): Promise<GetObjectAttributesCommandOutput | undefined> {
  try {
    return await client.send(
      new GetObjectAttributesCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        ObjectAttributes: ['Checksum', 'ObjectParts', 'ObjectSize'],
        MaxParts: 1_000,
        ...(marker && { PartNumberMarker: marker }),
      }),
    );
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
}

function wanted(value: string | undefined, name: string): string {
  if (!value) throw new Error(`the object store's answer has no ${name}`);
  return value;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
