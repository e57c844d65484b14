import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UPLOAD, verifiedBody } from './body.ts';
import { answerEmpty, answerXml, type Call, isoTime, quoted, readCount } from './call.ts';
import {
  type ChecksumAlgorithm,
  checksumAlgorithmSchema,
  checksumElement,
  checksumHeader,
} from './checksums.ts';
import { notImplemented, S3Error } from './errors.ts';
import { moveDurably } from './files.ts';
import { MAX_LISTED, MAX_PARTS } from './limits.ts';
import { keptHeaders } from './object-headers.ts';
import { receive } from './receive.ts';
import type { Upload } from './uploads.ts';
import type { XmlElement } from './xml.ts';

export async function createMultipartUpload(call: Call): Promise<void> {
  const { request, bucket } = call;
  const algorithm = uploadAlgorithm(call);
  const upload = await bucket.uploads.create({
    key: request.key,
    initiated: call.now,
    headers: keptHeaders(request),
    algorithm,
  });
  answerXml(
    call,
    'InitiateMultipartUploadResult',
    [
      ['Bucket', bucket.name],
      ['Key', request.key],
      ['UploadId', upload.uploadId],
    ],
    { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': algorithm && 'COMPOSITE' },
  );
}

function uploadAlgorithm({ request }: Call): ChecksumAlgorithm | undefined {
  const name = request.option('x-amz-checksum-algorithm');
  const type = request.option('x-amz-checksum-type');
  if (name === undefined && type === undefined) return undefined;
  const algorithm = checksumAlgorithmSchema.options.find((candidate) => candidate === name);
  if (algorithm === undefined)
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  if (algorithm.startsWith('SHA') && type === 'FULL_OBJECT')
    throw new S3Error(
      'InvalidRequest',
      `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  if (algorithm === 'CRC64NVME' || (type ?? 'COMPOSITE') !== 'COMPOSITE')
    throw notImplemented('multipart checksums other than COMPOSITE');
  return algorithm;
}

export function requestedUpload({ request, bucket }: Call): Upload {
  return bucket.uploads.get(request.key, request.parameter('uploadId') ?? '');
}

/** Throws InvalidArgument outside 1 to 10,000. */
export function requestedPartNumber({ request }: Call): number {
  const text = request.parameter('partNumber') ?? '';
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw new S3Error(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    {
      details: { ArgumentName: 'partNumber', ArgumentValue: text },
    },
  );
}

export async function uploadPart(call: Call): Promise<void> {
  const { request, bucket } = call;
  const number = requestedPartNumber(call);
  const upload = requestedUpload(call);
  const body = verifiedBody(request, call.payload, call.source, UPLOAD);
  const { path, size, md5, checksum } = await receive(bucket.drafts, body);
  try {
    if (upload.algorithm && upload.algorithm !== checksum?.algorithm)
      throw new S3Error(
        'InvalidRequest',
        `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${checksum?.algorithm.toLowerCase() ?? 'null'}`,
      );
    const kept = upload.algorithm && checksum?.value;
    await bucket.uploads.addPart(upload, path, { number, size, md5, checksum: kept, lastModified: call.now });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  answerEmpty(call, 200, {
    etag: quoted(md5),
    ...(checksum ? { [checksumHeader(checksum.algorithm)]: checksum.value } : {}),
  });
}

export async function listParts(call: Call): Promise<void> {
  const { request, bucket } = call;
  const upload = requestedUpload(call);
  const limit = Math.min(
    readCount('max-parts', request.parameter('max-parts') ?? String(MAX_LISTED)),
    MAX_LISTED,
  );
  const marker = readCount('part-number-marker', request.parameter('part-number-marker') ?? '0');
  const rest = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number);
  const page = rest.slice(0, limit);
  const { algorithm } = upload;
  answerXml(call, 'ListPartsResult', [
    ['Bucket', bucket.name],
    ['Key', upload.key],
    ['UploadId', upload.uploadId],
    ['StorageClass', 'STANDARD'],
    ['ChecksumAlgorithm', algorithm],
    ['ChecksumType', algorithm && 'COMPOSITE'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', rest.length > page.length ? page.at(-1)?.number : undefined],
    ['MaxParts', limit],
    ['IsTruncated', rest.length > page.length],
    ...page.map(
      ({ number, size, md5, checksum, lastModified }): XmlElement => [
        'Part',
        [
          ['PartNumber', number],
          ['LastModified', isoTime(lastModified)],
          ['ETag', quoted(md5)],
          ['Size', size],
          ...(algorithm ? [[checksumElement(algorithm), checksum] as const] : []),
        ],
      ],
    ),
  ]);
}

export async function abortMultipartUpload(call: Call): Promise<void> {
  const { uploadId } = requestedUpload(call);
  const waste = join(call.bucket.drafts, `${uploadId}.aborted`);
  await call.bucket.uploads.finish(call.request.key, uploadId, (_, folder) => moveDurably(folder, waste));
  await rm(waste, { recursive: true, force: true });
  answerEmpty(call, 204);
}
