import {
  GetObjectAttributesCommand,
  type GetObjectAttributesCommandOutput,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import type { ObjectInspector, ObjectPart } from './objects.ts';
import { fromBase64, isMissing } from './s3-answers.ts';

/** The client, and what S3 says of objects it holds, on one bucket with versioning switched on. */

/** Without the checksums the SDK adds of itself: ours are SHA-256, and an added CRC32 would end up in presigned URLs. */
export function s3Client(config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...config,
  });
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
