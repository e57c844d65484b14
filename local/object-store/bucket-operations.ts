import { answerEmpty, answerXml, type Call, isoTime, quoted, readCount } from './call.ts';
import { S3Error } from './errors.ts';
import { MAX_LISTED } from './limits.ts';
import type { VersionSummary } from './objects.ts';
import type { XmlElement } from './xml.ts';

export async function headBucket(call: Call): Promise<void> {
  answerEmpty(call, 200);
}

/** An object, or a group of those that share the characters up to the delimiter. */
type Entry = { readonly name: string } & ({ readonly version: VersionSummary } | { readonly group: true });

export async function listObjectsV2(call: Call): Promise<void> {
  const { request } = call;
  const prefix = request.parameter('prefix') ?? '';
  const delimiter = request.parameter('delimiter');
  const limit = Math.min(
    readCount('max-keys', request.parameter('max-keys') ?? String(MAX_LISTED)),
    MAX_LISTED,
  );
  const token = request.parameter('continuation-token');
  const startAfter = request.parameter('start-after');
  const after = Buffer.from(token === undefined ? (startAfter ?? '') : readToken(token));

  const entries = entriesOf(call.bucket.objects.current(), prefix, delimiter).filter(
    ({ name }) => after.length === 0 || Buffer.compare(Buffer.from(name), after) > 0,
  );
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  const truncated = entries.length > page.length && last !== undefined;
  answerXml(call, 'ListBucketResult', [
    ['Name', call.bucket.name],
    ['Prefix', prefix],
    ['Delimiter', delimiter],
    ['MaxKeys', limit],
    ['KeyCount', page.length],
    ['ContinuationToken', token],
    ['StartAfter', startAfter],
    ['IsTruncated', truncated],
    ['NextContinuationToken', truncated ? Buffer.from(last.name).toString('base64url') : undefined],
    ...page.map(entryElement),
  ]);
}

function entriesOf(
  versions: readonly VersionSummary[],
  prefix: string,
  delimiter: string | undefined,
): Entry[] {
  const entries: Entry[] = [];
  for (const version of versions) {
    if (!version.key.startsWith(prefix)) continue;
    const cut = delimiter ? version.key.indexOf(delimiter, prefix.length) : -1;
    if (cut < 0) entries.push({ name: version.key, version });
    else {
      const name = version.key.slice(0, cut + (delimiter ?? '').length);
      if (entries.at(-1)?.name !== name) entries.push({ name, group: true });
    }
  }
  return entries;
}

function entryElement(entry: Entry): XmlElement {
  if ('group' in entry) return ['CommonPrefixes', [['Prefix', entry.name]]];
  const { version } = entry;
  return [
    'Contents',
    [
      ['Key', version.key],
      ['LastModified', isoTime(version.lastModified)],
      ['ETag', quoted(version.etag)],
      ['ChecksumAlgorithm', version.checksum?.algorithm],
      ['ChecksumType', version.checksum?.type],
      ['Size', version.size],
      ['StorageClass', 'STANDARD'],
    ],
  ];
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url');
  if (name.length > 0 && name.toString('base64url') === token) return name.toString('utf8');
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    details: { ArgumentName: 'continuation-token' },
  });
}

export async function listMultipartUploads(call: Call): Promise<void> {
  const { request } = call;
  const prefix = request.parameter('prefix') ?? '';
  const limit = Math.min(
    readCount('max-uploads', request.parameter('max-uploads') ?? String(MAX_LISTED)),
    MAX_LISTED,
  );
  const keyMarker = request.parameter('key-marker') ?? '';
  const uploadIdMarker = request.parameter('upload-id-marker') ?? '';

  const all = call.bucket.uploads.list();
  // Without its upload, the marker stands for every upload of its key.
  const position = all.findIndex(({ key, uploadId }) => key === keyMarker && uploadId === uploadIdMarker);
  const uploads = all.filter(
    ({ key }, index) =>
      key.startsWith(prefix) &&
      (position >= 0 ? index > position : Buffer.compare(Buffer.from(key), Buffer.from(keyMarker)) > 0),
  );
  const page = uploads.slice(0, limit);
  const last = page.at(-1);
  const truncated = uploads.length > page.length;
  answerXml(call, 'ListMultipartUploadsResult', [
    ['Bucket', call.bucket.name],
    ['KeyMarker', keyMarker],
    ['UploadIdMarker', uploadIdMarker],
    ['NextKeyMarker', truncated ? last?.key : undefined],
    ['NextUploadIdMarker', truncated ? last?.uploadId : undefined],
    ['Prefix', prefix],
    ['MaxUploads', limit],
    ['IsTruncated', truncated],
    ...page.map(
      ({ key, uploadId, initiated, algorithm }): XmlElement => [
        'Upload',
        [
          ['Key', key],
          ['UploadId', uploadId],
          ['Initiated', isoTime(initiated)],
          ['StorageClass', 'STANDARD'],
          ['ChecksumAlgorithm', algorithm],
          ['ChecksumType', algorithm && 'COMPOSITE'],
        ],
      ],
    ),
  ]);
}
