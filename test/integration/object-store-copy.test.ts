import {
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3';
import { BUCKET, MIB, patterned, sha256, startTestStore, type TestStore } from '../support/object-store.ts';

/** What S3 says of UploadPartCopy in its API reference. */

const LARGE = patterned(5 * MIB + 1, 31);
const SMALL = patterned(5 * MIB, 32);
const LONG_AGO = new Date('2001-01-01T00:00:00Z');
const LATER = new Date('2101-01-01T00:00:00Z');

let it: TestStore;
let UploadId: string;
const tags = new Map<string, string>();

beforeAll(async () => {
  it = await startTestStore();
  for (const [Key, Body] of [
    ['large', LARGE],
    ['small', SMALL],
    ['nämen/mit leer?zeichen+&', SMALL],
  ] as const) {
    const { ETag } = await it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    tags.set(Key, ETag ?? '');
  }
  const upload = { Bucket: BUCKET, Key: 'copy', ChecksumAlgorithm: 'SHA256' } as const;
  UploadId = (await it.client.send(new CreateMultipartUploadCommand(upload))).UploadId ?? '';
});
afterAll(() => it.end());

async function copy(source: string, options: Partial<UploadPartCopyCommandInput>): Promise<string> {
  const CopySource = `${BUCKET}/${source.split('/').map(encodeURIComponent).join('/')}`;
  const command = { Bucket: BUCKET, Key: 'copy', UploadId, PartNumber: 1, CopySource, ...options };
  return it.client.send(new UploadPartCopyCommand(command)).then(
    ({ CopyPartResult }) => CopyPartResult?.ChecksumSHA256 ?? 'no checksum',
    (error: Error) => error.name,
  );
}

const hashOf = (bytes: Uint8Array) => sha256(bytes).toString('base64');

test('a whole object of any size and name, and a range of one that is larger than 5 MiB', async () => {
  expect(await copy('small', {})).toBe(hashOf(SMALL));
  expect(await copy('nämen/mit leer?zeichen+&', {})).toBe(hashOf(SMALL));
  expect(await copy('large', { CopySourceRange: `bytes=1-${5 * MIB}` })).toBe(hashOf(LARGE.subarray(1)));
  expect(await copy('small', { CopySourceRange: `bytes=0-${5 * MIB - 1}` })).toBe('InvalidRequest');
});

test.each<[string, Partial<UploadPartCopyCommandInput>, boolean]>([
  ['its tag', { CopySourceIfMatch: 'the tag' }, true],
  ['a star', { CopySourceIfMatch: '*' }, true],
  ['another tag', { CopySourceIfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' }, false],
  ['not its tag', { CopySourceIfNoneMatch: 'the tag' }, false],
  ['not another tag', { CopySourceIfNoneMatch: '"x"' }, true],
  ['unmodified since long ago', { CopySourceIfUnmodifiedSince: LONG_AGO }, false],
  ['unmodified since later', { CopySourceIfUnmodifiedSince: LATER }, true],
  ['modified since long ago', { CopySourceIfModifiedSince: LONG_AGO }, true],
  ['modified since later', { CopySourceIfModifiedSince: LATER }, false],
  ['its tag, though modified', { CopySourceIfMatch: 'the tag', CopySourceIfUnmodifiedSince: LONG_AGO }, true],
  [
    'not its tag, though modified',
    { CopySourceIfNoneMatch: 'the tag', CopySourceIfModifiedSince: LONG_AGO },
    false,
  ],
])('on condition of %s', async (_, condition, holds) => {
  const tag = tags.get('large');
  const filled = Object.entries(condition).map(([name, value]) => [name, value === 'the tag' ? tag : value]);
  expect(await copy('large', Object.fromEntries(filled))).toBe(holds ? hashOf(LARGE) : 'PreconditionFailed');
});
