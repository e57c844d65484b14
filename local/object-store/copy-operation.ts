import { rm } from 'node:fs/promises';
import { answerXml, type Call, isoTime, quoted } from './call.ts';
import { base64, type ChecksumAlgorithm, checksumElement, startDigest } from './checksums.ts';
import { S3Error } from './errors.ts';
import { MAX_PUT_BYTES, MIN_PART_BYTES } from './limits.ts';
import { readObject } from './object-data.ts';
import { conditionFailed, namesTag, requestedVersion } from './object-headers.ts';
import type { VersionSummary } from './objects.ts';
import type { ByteRange } from './ranges.ts';
import { receive } from './receive.ts';
import type { S3Request } from './request.ts';
import type { Storage } from './storage.ts';
import { requestedPartNumber, requestedUpload } from './upload-operations.ts';

/** Copies a range of an object into a part; S3 computes the checksum of the upload's algorithm itself. */
export async function uploadPartCopy(call: Call, storage: Storage): Promise<void> {
  const { request, bucket } = call;
  const number = requestedPartNumber(call);
  const upload = requestedUpload(call);
  const from = readSource(request.option('x-amz-copy-source') ?? '');
  const source = storage.bucket(from.bucket);
  const version = requestedVersion(source, from.key, from.versionId);
  checkConditions(request, version);
  const range = readCopyRange(request.option('x-amz-copy-source-range'), version.size);
  if (range.end - range.start >= MAX_PUT_BYTES)
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    );
  const body = digested(readObject(source, version, range), upload.algorithm);
  const { path, size, md5, checksum } = await receive(bucket.drafts, body);
  try {
    await bucket.uploads.addPart(upload, path, { number, size, md5, checksum, lastModified: call.now });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  answerXml(
    call,
    'CopyPartResult',
    [
      ['LastModified', isoTime(call.now)],
      ['ETag', quoted(md5)],
      ...(upload.algorithm ? [[checksumElement(upload.algorithm), checksum] as const] : []),
    ],
    { 'x-amz-copy-source-version-id': version.versionId },
  );
}

function readSource(text: string): { bucket: string; key: string; versionId?: string } {
  const [, bucket, rawKey, versionId] = /^\/?([^/?]+)\/([^?]+)(?:\?versionId=([^&]+))?$/.exec(text) ?? [];
  const invalid = new S3Error(
    'InvalidArgument',
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    {
      details: { ArgumentName: 'x-amz-copy-source', ArgumentValue: text },
    },
  );
  if (bucket === undefined || rawKey === undefined) throw invalid;
  try {
    const key = decodeURIComponent(rawKey);
    return versionId === undefined ? { bucket, key } : { bucket, key, versionId };
  } catch {
    throw invalid;
  }
}

/** What must hold of the source (API reference, UploadPartCopy, x-amz-copy-source-if-…). Throws PreconditionFailed. */
function checkConditions(request: S3Request, version: VersionSummary): void {
  const option = (name: string) => request.option(`x-amz-copy-source-if-${name}`);
  // HTTP's dates are whole seconds.
  const modified = Math.floor(version.lastModified / 1000) * 1000;
  const [match, noneMatch] = [option('match'), option('none-match')];
  if (match !== undefined && !namesTag(match, version)) throw conditionFailed('x-amz-copy-source-If-Match');
  if (noneMatch !== undefined && namesTag(noneMatch, version))
    throw conditionFailed('x-amz-copy-source-If-None-Match');
  // With a tag the date counts only where it does not contradict it.
  const unmodifiedSince = Date.parse((match === undefined && option('unmodified-since')) || '');
  if (modified > unmodifiedSince) throw conditionFailed('x-amz-copy-source-If-Unmodified-Since');
  const modifiedSince = Date.parse((noneMatch === undefined && option('modified-since')) || '');
  if (modified <= modifiedSince) throw conditionFailed('x-amz-copy-source-If-Modified-Since');
}

/**
 * Stricter than a Range header: both ends are given and lie within the source, which must be larger than 5 MiB (API
 * reference, UploadPartCopy, x-amz-copy-source-range).
 */
function readCopyRange(text: string | undefined, size: number): ByteRange {
  if (text === undefined) return { start: 0, end: size - 1 };
  const [, first, last] = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(text) ?? [];
  const range = { start: Number(first), end: Number(last) };
  if (first === undefined || last === undefined || range.end < range.start)
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      { details: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text } },
    );
  if (size <= MIN_PART_BYTES)
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is not supported as a byte-range copy source',
    );
  if (range.end >= size)
    throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, {
      details: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
    });
  return range;
}

interface Copied {
  readonly size: number;
  readonly md5: string;
  readonly checksum: string | undefined;
}

async function* digested(
  source: AsyncIterable<Uint8Array>,
  algorithm: ChecksumAlgorithm | undefined,
): AsyncGenerator<Uint8Array, Copied> {
  const md5 = startDigest('MD5');
  const checksum = algorithm && startDigest(algorithm);
  let size = 0;
  for await (const data of source) {
    md5.update(data);
    checksum?.update(data);
    size += data.length;
    yield data;
  }
  return {
    size,
    md5: Buffer.from(md5.digest()).toString('hex'),
    checksum: checksum && base64(checksum.digest()),
  };
}
