import type { GetObjectAttributesCommand, GetObjectAttributesCommandOutput } from '@aws-sdk/client-s3';
import { s3Client, s3ObjectInspector } from '../../../shared/dataset/s3-objects.ts';

const digest = (byte: number) => new Uint8Array(32).fill(byte);
const base64 = (byte: number) => Buffer.from(digest(byte)).toString('base64');
const part = (number: number) => ({ PartNumber: number, Size: number * 10, ChecksumSHA256: base64(number) });

type Page = Omit<GetObjectAttributesCommandOutput, '$metadata'>;
const page = (numbers: readonly number[], next?: string, composite = base64(99)): Page => ({
  ObjectSize: 60,
  Checksum: { ChecksumSHA256: composite },
  ObjectParts: {
    Parts: numbers.map(part),
    IsTruncated: next !== undefined,
    ...(next !== undefined && { NextPartNumberMarker: next }),
  },
});

/** An inspector of a store that answers these pages; and what it was asked. */
function inspectorOf(pages: readonly Page[]) {
  const asked: GetObjectAttributesCommand['input'][] = [];
  const client = s3Client({ region: 'us-east-1' });
  client.send = (command: GetObjectAttributesCommand) => {
    asked.push(command.input);
    return Promise.resolve(pages[asked.length - 1] ?? {});
  };
  return { inspector: s3ObjectInspector(client, 'data'), asked };
}

test('the parts of all pages are one list, of one version', async () => {
  const { inspector, asked } = inspectorOf([page([1, 2], '2'), page([3])]);
  expect(await inspector.describe('key', 'version')).toEqual({
    size: 60,
    parts: [1, 2, 3].map((number) => ({ size: number * 10, sha256: digest(number) })),
    composite: digest(99),
  });
  expect(
    asked.map(({ Bucket, Key, VersionId, PartNumberMarker }) => [Bucket, Key, VersionId, PartNumberMarker]),
  ).toEqual([
    ['data', 'key', 'version', undefined],
    ['data', 'key', 'version', '2'],
  ]);
});

test('the count of parts behind a composite checksum is no part of it', async () => {
  const { inspector } = inspectorOf([page([1], undefined, `${base64(99)}-1`)]);
  expect((await inspector.describe('key', 'version'))?.composite).toEqual(digest(99));
});

test.each<[string, readonly Page[]]>([
  [
    'no parts, as of an object uploaded whole',
    [{ ObjectSize: 60, Checksum: { ChecksumSHA256: base64(99) } }],
  ],
  ['no checksum', [{ ...page([1]), Checksum: {} }]],
  ['a part without a checksum', [{ ...page([]), ObjectParts: { Parts: [{ PartNumber: 1, Size: 1 }] } }]],
  ['a gap', [page([1, 3])]],
  ['a page twice', [page([1], '1'), page([1])]],
  ['pages that never end', [page([1], '1'), page([2], '1')]],
])('%s is no description', async (_, pages) => {
  expect(await inspectorOf(pages).inspector.describe('key', 'version')).toBeUndefined();
});
