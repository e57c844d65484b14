import { answerXml, type Call, readCount } from './call.ts';
import { checksumElement } from './checksums.ts';
import { S3Error } from './errors.ts';
import { MAX_LISTED } from './limits.ts';
import { requestedVersion } from './object-headers.ts';
import type { VersionSummary } from './objects.ts';
import type { XmlElement } from './xml.ts';

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

export async function getObjectAttributes(call: Call): Promise<void> {
  const { request, bucket } = call;
  const version = requestedVersion(bucket, request.key, request.parameter('versionId'));
  const wanted = (request.option('x-amz-object-attributes') ?? '').split(',').map((name) => name.trim());
  if (!wanted.every((name) => ATTRIBUTES.includes(name)))
    throw new S3Error('InvalidArgument', 'Invalid attribute name specified.', {
      details: { ArgumentName: 'x-amz-object-attributes' },
    });
  const children: XmlElement[] = [];
  if (wanted.includes('ETag')) children.push(['ETag', version.etag]);
  if (wanted.includes('Checksum') && version.checksum) children.push(checksumAttribute(version.checksum));
  if (wanted.includes('ObjectParts') && version.multipart) children.push(await partsAttribute(call, version));
  if (wanted.includes('StorageClass')) children.push(['StorageClass', 'STANDARD']);
  if (wanted.includes('ObjectSize')) children.push(['ObjectSize', version.size]);
  answerXml(call, 'GetObjectAttributesResponse', children, {
    'last-modified': new Date(version.lastModified).toUTCString(),
    'x-amz-version-id': version.versionId,
  });
}

/** Here, unlike in HeadObject, S3 leaves the `-N` off a composite value (measured on real S3: floci-io/floci#3083). */
function checksumAttribute(checksum: NonNullable<VersionSummary['checksum']>): XmlElement {
  return [
    'Checksum',
    [
      [checksumElement(checksum.algorithm), checksum.value.replace(/-\d+$/, '')],
      ['ChecksumType', checksum.type],
    ],
  ];
}

/** S3 lists the parts only of uploads made with a checksum algorithm; of others just their number. */
async function partsAttribute(call: Call, version: VersionSummary): Promise<XmlElement> {
  const { request } = call;
  const parts = await call.bucket.objects.parts(version);
  const { checksum } = version;
  if (!checksum) return ['ObjectParts', [['PartsCount', parts.length]]];
  const limit = Math.min(
    readCount('x-amz-max-parts', request.option('x-amz-max-parts') ?? String(MAX_LISTED)),
    MAX_LISTED,
  );
  const marker = readCount('x-amz-part-number-marker', request.option('x-amz-part-number-marker') ?? '0');
  const rest = parts.filter(({ number }) => number > marker);
  const page = rest.slice(0, limit);
  return [
    'ObjectParts',
    [
      ['PartsCount', parts.length],
      ['PartNumberMarker', marker],
      ['NextPartNumberMarker', rest.length > page.length ? page.at(-1)?.number : undefined],
      ['MaxParts', limit],
      ['IsTruncated', rest.length > page.length],
      ...page.map(
        ({ number, size, checksum: value }): XmlElement => [
          'Part',
          [
            ['PartNumber', number],
            ['Size', size],
            [checksumElement(checksum.algorithm), value],
          ],
        ],
      ),
    ],
  ];
}
