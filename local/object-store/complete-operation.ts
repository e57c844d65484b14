import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from './body.ts';
import { answerXml, type Call, quoted } from './call.ts';
import {
  algorithmOfHeader,
  type Checksum,
  type ChecksumAlgorithm,
  checksumElement,
  checksumHeader,
  checksumMismatch,
  compositeDigest,
} from './checksums.ts';
import { S3Error } from './errors.ts';
import { MAX_COMPLETION_BYTES, MIN_PART_BYTES } from './limits.ts';
import { writeCondition } from './object-headers.ts';
import type { S3Request } from './request.ts';
import { requestedUpload } from './upload-operations.ts';
import type { Upload, UploadedPart } from './uploads.ts';
import { type CompletedPart, parseCompletion } from './xml.ts';

export async function completeMultipartUpload(call: Call): Promise<void> {
  const { request, bucket } = call;
  const { uploadId } = requestedUpload(call);
  const admit = writeCondition(request);
  const named = parseCompletion(await readText(request, call.payload, call.source, MAX_COMPLETION_BYTES));
  const version = await bucket.uploads.finish(request.key, uploadId, async (upload, folder) => {
    const parts = chooseParts(upload, named);
    const checksum = compositeChecksum(upload.algorithm, parts);
    checkExpectations(request, upload, checksum, parts);
    return bucket.objects.commit(
      folder,
      {
        key: upload.key,
        lastModified: call.now,
        size: totalSize(parts),
        etag: compositeEtag(parts),
        deleteMarker: false,
        multipart: true,
        headers: upload.headers,
        checksum,
        parts: parts.map(({ number, size, file, checksum: value }) => ({
          number,
          size,
          file,
          checksum: value,
        })),
      },
      admit,
    );
  });
  await removeLeftovers(call, version);
  const { checksum } = version;
  answerXml(
    call,
    'CompleteMultipartUploadResult',
    [
      ['Location', `http://${request.header('host')}/${bucket.name}/${encodeURI(version.key)}`],
      ['Bucket', bucket.name],
      ['Key', version.key],
      ['ETag', quoted(version.etag)],
      ...(checksum
        ? ([
            [checksumElement(checksum.algorithm), checksum.value],
            ['ChecksumType', checksum.type],
          ] as const)
        : []),
    ],
    { 'x-amz-version-id': version.versionId },
  );
}

/** Throws InvalidPartOrder, InvalidPart, EntityTooSmall, or InvalidRequest where a part's checksum is left out. */
function chooseParts(upload: Upload, named: readonly CompletedPart[]): UploadedPart[] {
  named.forEach(({ partNumber }, index) => {
    if (partNumber <= (named[index - 1]?.partNumber ?? 0))
      throw new S3Error(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
        { details: { UploadId: upload.uploadId } },
      );
  });
  const parts = named.map((part) => choosePart(upload, part));
  parts.slice(0, -1).forEach(({ number, size, md5 }) => {
    if (size < MIN_PART_BYTES)
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        details: {
          ProposedSize: String(size),
          MinSizeAllowed: String(MIN_PART_BYTES),
          PartNumber: String(number),
          ETag: md5,
        },
      });
  });
  // API reference, CompletedPart: with checksums per part, the numbers must start at 1 and have no gaps.
  if (upload.algorithm && parts.at(-1)?.number !== parts.length)
    throw new S3Error(
      'InvalidPart',
      'The part numbers of an upload with checksums must be consecutive and start at 1.',
    );
  return parts;
}

function choosePart({ uploadId, algorithm, parts }: Upload, named: CompletedPart): UploadedPart {
  const part = parts.get(named.partNumber);
  const checksum = algorithm && named.checksums.get(checksumElement(algorithm));
  if (algorithm && checksum === undefined)
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${named.partNumber} in the request.`,
    );
  const others = [...named.checksums.keys()].filter(
    (name) => !algorithm || name !== checksumElement(algorithm),
  );
  if (part && part.md5 === named.etag && part.checksum === checksum && others.length === 0) return part;
  throw new S3Error(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { details: { UploadId: uploadId, PartNumber: String(named.partNumber), ETag: named.etag } },
  );
}

function compositeChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  parts: readonly UploadedPart[],
): Checksum | undefined {
  if (!algorithm) return undefined;
  const digest = compositeDigest(
    algorithm,
    parts.map(({ checksum }) => checksum ?? ''),
  );
  return { algorithm, value: `${digest}-${parts.length}`, type: 'COMPOSITE' };
}

/** What the client says the whole object should be. */
function checkExpectations(
  request: S3Request,
  upload: Upload,
  checksum: Checksum | undefined,
  parts: readonly UploadedPart[],
): void {
  for (const name of request.optionNames) {
    const algorithm = algorithmOfHeader(name);
    if (!algorithm) continue;
    if (algorithm !== upload.algorithm)
      throw new S3Error(
        'InvalidRequest',
        `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm?.toLowerCase() ?? 'null'}, actual checksum Type: ${algorithm.toLowerCase()}`,
      );
    if (request.option(checksumHeader(algorithm)) !== checksum?.value) throw checksumMismatch(algorithm);
  }
  const type = request.option('x-amz-checksum-type');
  if (type !== undefined && type !== checksum?.type)
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using the ${checksum?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    );
  const size = request.option('x-amz-mp-object-size');
  if (size !== undefined && size !== String(totalSize(parts)))
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${totalSize(parts)}`,
    );
}

const totalSize = (parts: readonly UploadedPart[]): number => parts.reduce((sum, { size }) => sum + size, 0);

/** MD5 over the raw MD5s of the parts, and how many they were. */
function compositeEtag(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5');
  for (const { md5 } of parts) hash.update(Buffer.from(md5, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

/** The upload's records, and parts it did not name. The object is whole without this, so a crash here loses nothing. */
async function removeLeftovers(
  { bucket }: Call,
  version: Parameters<Call['bucket']['objects']['parts']>[0],
): Promise<void> {
  const used = new Set((await bucket.objects.parts(version)).map(({ file }) => file));
  const folder = bucket.objects.path(version, '');
  const unused = (await readdir(folder)).filter((name) => name !== 'version.json' && !used.has(name));
  await Promise.all(unused.map((name) => rm(join(folder, name), { force: true })));
}
