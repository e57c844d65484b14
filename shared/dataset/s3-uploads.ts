import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import {
  type ObjectUploader,
  SourceChanged,
  type SourceObject,
  type StoredPart,
  UploadLost,
} from './objects.ts';
import { fromBase64, isMissing, isRefusedAs, toBase64, wanted } from './s3-answers.ts';

const VERSION = 'VersionId: is the bucket versioned?';

/** The publisher's port of objects.ts on one S3 bucket with versioning switched on. */
export function s3ObjectUploader(client: S3Client, bucket: string): ObjectUploader {
  return {
    async put(key, bytes, sha256) {
      const answer = await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ChecksumSHA256: toBase64(sha256) }),
      );
      return wanted(answer.VersionId, VERSION);
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

    async putPart(target, bytes, sha256) {
      const command = new UploadPartCommand({
        ...partOf(bucket, target),
        Body: bytes,
        ChecksumSHA256: toBase64(sha256),
      });
      signWithHash(command, sha256);
      const answer = await client.send(command).catch(lost);
      return wanted(answer.ETag, 'ETag');
    },

    async copyPart(target, source, range) {
      const command = new UploadPartCopyCommand({
        ...partOf(bucket, target),
        CopySource: copySource(source),
        CopySourceIfMatch: source.tag,
        ...(range && { CopySourceRange: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
      });
      const { CopyPartResult: part } = await client.send(command).catch((error: unknown) => {
        if (isRefusedAs(error, 'PreconditionFailed') || isRefusedAs(error, 'NoSuchKey')) {
          throw new SourceChanged(`s3://${source.bucket}/${source.key}`);
        }
        return lost(error);
      });
      return {
        tag: wanted(part?.ETag, 'ETag'),
        sha256: fromBase64(wanted(part?.ChecksumSHA256, 'ChecksumSHA256')),
      };
    },

    async listParts(key, upload) {
      const parts = new Map<number, StoredPart & { readonly size: number }>();
      let marker: string | undefined;
      do {
        const command = new ListPartsCommand({
          Bucket: bucket,
          Key: key,
          UploadId: upload,
          ...(marker !== undefined && { PartNumberMarker: marker }),
        });
        try {
          const page = await client.send(command);
          for (const { PartNumber: number, Size: size, ETag: tag, ChecksumSHA256: hash } of page.Parts ??
            []) {
            if (number !== undefined && size !== undefined && tag && hash)
              parts.set(number, { size, tag, sha256: fromBase64(hash) });
          }
          marker = page.IsTruncated ? wanted(page.NextPartNumberMarker, 'NextPartNumberMarker') : undefined;
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      } while (marker !== undefined);
      return parts;
    },

    async listUploads(prefix) {
      const uploads: { key: string; upload: string }[] = [];
      let next: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined;
      do {
        const page = await client.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...next }),
        );
        for (const { Key, UploadId } of page.Uploads ?? []) {
          uploads.push({ key: wanted(Key, 'Key'), upload: wanted(UploadId, 'UploadId') });
        }
        next = page.IsTruncated
          ? {
              KeyMarker: wanted(page.NextKeyMarker, 'NextKeyMarker'),
              UploadIdMarker: wanted(page.NextUploadIdMarker, 'NextUploadIdMarker'),
            }
          : undefined;
      } while (next);
      return uploads;
    },

    async finishParts(key, upload, parts, composite) {
      const command = new CompleteMultipartUploadCommand({
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
      });
      const answer = await client.send(command).catch(lost);
      return wanted(answer.VersionId, VERSION);
    },

    async abortParts(key, upload) {
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload }));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },

    async latestVersion(key) {
      try {
        const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return wanted(answer.VersionId, VERSION);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

function partOf(bucket: string, { key, upload, number }: Parameters<ObjectUploader['putPart']>[0]) {
  return { Bucket: bucket, Key: key, UploadId: upload, PartNumber: number };
}

/** A header, so each component is percent-encoded ("UploadPartCopy", API reference). */
function copySource({ bucket, key }: SourceObject): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * Gives the signer the body's hash, which it would otherwise compute a second time.
 * SigV4 signs `x-amz-content-sha256` as it stands where it is set already.
 */
function signWithHash(command: UploadPartCommand, sha256: Uint8Array): void {
  const hash = Buffer.from(sha256).toString('hex');
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = hash;
      return next(args);
    },
    { step: 'build', name: 'signWithHash' },
  );
}

function lost(error: unknown): never {
  if (isRefusedAs(error, 'NoSuchUpload')) throw new UploadLost('the store has given the upload up');
  throw error;
}
