import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  paginateListParts,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { openObjects } from '../../local/object-store/objects.ts';
import { startObjectStore } from '../../local/object-store/server.ts';
import {
  BUCKET,
  clientFor,
  IDENTITY,
  MIB,
  patterned,
  sha256,
  startTestStore,
  type TestStore,
} from '../support/object-store.ts';

const PART = 5 * MIB;
const BODIES = [patterned(PART, 1), patterned(PART + 1, 2), patterned(1_000, 3)] as const;
const HASHES = BODIES.map((body) => sha256(body));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const ROOT = base64(sha256(...HASHES));

let it: TestStore;
beforeAll(async () => {
  it = await startTestStore();
});
afterAll(() => it.end());

async function create(Key: string): Promise<string> {
  const { UploadId = '' } = await it.client.send(
    new CreateMultipartUploadCommand({
      Bucket: BUCKET,
      Key,
      ChecksumAlgorithm: 'SHA256',
      ChecksumType: 'COMPOSITE',
    }),
  );
  return UploadId;
}

const upload = (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array) =>
  it.client.send(
    new UploadPartCommand({
      Bucket: BUCKET,
      Key,
      UploadId,
      PartNumber,
      Body,
      ChecksumSHA256: base64(sha256(Body)),
    }),
  );

type Parts = NonNullable<NonNullable<CompleteMultipartUploadCommandInput['MultipartUpload']>['Parts']>;

async function uploadAll(
  Key: string,
  bodies: readonly Uint8Array[],
): Promise<{ UploadId: string; Parts: Parts }> {
  const UploadId = await create(Key);
  const Parts: Parts = [];
  for (const [index, body] of bodies.entries()) {
    const { ETag, ChecksumSHA256 } = await upload(Key, UploadId, index + 1, body);
    Parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
  }
  return { UploadId, Parts };
}

const complete = (
  Key: string,
  UploadId: string,
  Parts: Parts,
  extra: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  it.client.send(
    new CompleteMultipartUploadCommand({
      Bucket: BUCKET,
      Key,
      UploadId,
      MultipartUpload: { Parts },
      ...extra,
    }),
  );

describe('a completed upload', () => {
  const Key = 'chunks/0';
  let VersionId: string;

  beforeAll(async () => {
    const { UploadId, Parts } = await uploadAll(Key, BODIES);
    const done = await complete(Key, UploadId, Parts, {
      ChecksumSHA256: `${ROOT}-3`,
      ChecksumType: 'COMPOSITE',
    });
    expect(done).toMatchObject({ ChecksumSHA256: `${ROOT}-3`, ChecksumType: 'COMPOSITE' });
    const md5s = BODIES.map((body) => createHash('md5').update(body).digest());
    expect(done.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`);
    VersionId = done.VersionId ?? '';
    await expect(complete(Key, UploadId, Parts)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('reads as one object, also across the seams of its parts', async () => {
    const { Body } = await it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, VersionId }));
    expect(sha256((await Body?.transformToByteArray()) ?? new Uint8Array())).toEqual(sha256(...BODIES));
    const Range = `bytes=${PART - 2}-${2 * PART + 2}`;
    const seam = await it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, Range }));
    const expected = Buffer.concat(BODIES).subarray(PART - 2, 2 * PART + 3);
    expect(sha256((await seam.Body?.transformToByteArray()) ?? new Uint8Array())).toEqual(sha256(expected));
  });

  test('tells its composite checksum with the number of parts', async () => {
    const head = await it.client.send(
      new HeadObjectCommand({ Bucket: BUCKET, Key, ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({ ChecksumSHA256: `${ROOT}-3`, ChecksumType: 'COMPOSITE', VersionId });
  });

  test('tells the hash and size of every part, in pages', async () => {
    const page = (PartNumberMarker?: string) =>
      it.client.send(
        new GetObjectAttributesCommand({
          Bucket: BUCKET,
          Key,
          VersionId,
          ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'ObjectSize', 'StorageClass'],
          MaxParts: 2,
          ...(PartNumberMarker ? { PartNumberMarker } : {}),
        }),
      );
    const first = await page();
    const parts = BODIES.map(({ length }, index) => ({
      PartNumber: index + 1,
      Size: length,
      ChecksumSHA256: base64(HASHES[index] ?? Buffer.alloc(0)),
    }));
    expect(first).toMatchObject({
      VersionId,
      Checksum: { ChecksumSHA256: ROOT, ChecksumType: 'COMPOSITE' },
      ObjectSize: 2 * PART + 1_001,
      StorageClass: 'STANDARD',
      ObjectParts: { TotalPartsCount: 3, MaxParts: 2, IsTruncated: true, NextPartNumberMarker: '2' },
    });
    expect(first.ObjectParts?.Parts).toEqual(parts.slice(0, 2));
    const second = await page('2');
    expect(second.ObjectParts).toMatchObject({ IsTruncated: false, PartNumberMarker: '2' });
    expect(second.ObjectParts?.Parts).toEqual(parts.slice(2));
  });

  test('keeps nothing of the upload but the parts', async () => {
    const keys = await readdir(join(it.folder, 'buckets', BUCKET, 'objects'));
    const files = await readdir(join(it.folder, 'buckets', BUCKET, 'objects', keys[0] ?? '', VersionId));
    expect(files.filter((name) => !name.endsWith('.part'))).toEqual(['version.json']);
    expect(files).toHaveLength(4);
  });

  test('gives its bytes to a part copy, which answers their SHA-256', async () => {
    const UploadId = await create('copy');
    const copy = (CopySourceRange: string, CopySource = `/${BUCKET}/${Key}?versionId=${VersionId}`) =>
      it.client.send(
        new UploadPartCopyCommand({
          Bucket: BUCKET,
          Key: 'copy',
          UploadId,
          PartNumber: 1,
          CopySource,
          CopySourceRange,
        }),
      );
    const { CopyPartResult } = await copy(`bytes=3-${PART + 9}`);
    const expected = Buffer.concat(BODIES).subarray(3, PART + 10);
    expect(CopyPartResult?.ChecksumSHA256).toBe(base64(sha256(expected)));
    const { Parts = [] } = await it.client.send(
      new ListPartsCommand({ Bucket: BUCKET, Key: 'copy', UploadId }),
    );
    expect(Parts).toMatchObject([
      { PartNumber: 1, Size: expected.length, ChecksumSHA256: base64(sha256(expected)) },
    ]);
    await complete('copy', UploadId, [
      { PartNumber: 1, ETag: Parts[0]?.ETag, ChecksumSHA256: Parts[0]?.ChecksumSHA256 },
    ]);

    await expect(copy('bytes=0-1')).rejects.toMatchObject({ name: 'NoSuchUpload' });
    const other = await create('copy');
    const refused = (CopySourceRange: string, CopySource: string) =>
      it.client.send(
        new UploadPartCopyCommand({
          Bucket: BUCKET,
          Key: 'copy',
          UploadId: other,
          PartNumber: 1,
          CopySource,
          CopySourceRange,
        }),
      );
    await expect(refused(`bytes=0-${2 * PART + 1_001}`, `${BUCKET}/${Key}`)).rejects.toMatchObject({
      name: 'InvalidArgument',
    });
    await expect(refused('bytes=0-', `${BUCKET}/${Key}`)).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(refused('bytes=0-1', `${BUCKET}/absent`)).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(refused('bytes=0-1', `${BUCKET}/${Key}?versionId=absent`)).rejects.toMatchObject({
      name: 'NoSuchVersion',
    });
  });
});

describe('what a completion must say', () => {
  const Key = 'refused';
  let UploadId: string;
  let parts: Parts;

  beforeAll(async () => {
    ({ UploadId, Parts: parts } = await uploadAll(Key, BODIES));
  });

  const [a, b, c] = [0, 1, 2];
  const at = (index: number): Parts[number] => parts[index] ?? {};
  const changed = (index: number, change: Parts[number]): Parts =>
    parts.map((part, i) => (i === index ? { ...part, ...change } : part));

  test.each<[string, () => Parts, Partial<CompleteMultipartUploadCommandInput>, string]>([
    ['parts out of order', () => [at(b), at(a), at(c)], {}, 'InvalidPartOrder'],
    ['a part twice', () => [at(a), at(a)], {}, 'InvalidPartOrder'],
    ['a part that is not there', () => [...parts, { ...at(c), PartNumber: 4 }], {}, 'InvalidPart'],
    ['a gap', () => [at(a), at(c)], {}, 'InvalidPart'],
    ['another ETag', () => changed(1, { ETag: '"00000000000000000000000000000000"' }), {}, 'InvalidPart'],
    ['another checksum of a part', () => changed(1, { ChecksumSHA256: ROOT }), {}, 'InvalidPart'],
    [
      'no checksum of a part',
      () => parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })),
      {},
      'InvalidRequest',
    ],
    ['no parts', () => [], {}, 'MalformedXML'],
    ['another composite checksum', () => parts, { ChecksumSHA256: `${base64(sha256())}-3` }, 'BadDigest'],
    ['another number of parts', () => parts, { ChecksumSHA256: `${ROOT}-2` }, 'BadDigest'],
    ['the bare root', () => parts, { ChecksumSHA256: ROOT }, 'BadDigest'],
    ['a checksum of another kind', () => parts, { ChecksumCRC32: 'AAAAAA==' }, 'InvalidRequest'],
    ['another checksum type', () => parts, { ChecksumType: 'FULL_OBJECT' }, 'InvalidRequest'],
    ['another size', () => parts, { MpuObjectSize: 1 }, 'InvalidRequest'],
  ])('%s is refused', async (_, given, extra, name) => {
    await expect(complete(Key, UploadId, given(), extra)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('after all that the upload is still there and the object is not', async () => {
    await expect(it.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    await complete(Key, UploadId, parts, { MpuObjectSize: 2 * PART + 1_001 });
  });

  test('a part under 5 MiB that is not the last', async () => {
    const small = await uploadAll('small', [patterned(PART - 1, 4), patterned(10, 5)]);
    await expect(complete('small', small.UploadId, small.Parts)).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });
    await complete('small', small.UploadId, small.Parts.slice(0, 1));
  });
});

describe('what a part must say', () => {
  const Key = 'part';
  let UploadId: string;
  const Body = patterned(2_000, 6);

  beforeAll(async () => {
    UploadId = await create(Key);
  });

  const send = (input: object) =>
    it.client.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber: 1, Body, ...input }));

  test.each([
    ['a wrong SHA-256', { ChecksumSHA256: ROOT }, 'BadDigest', 400],
    ['no SHA-256 but a CRC32', {}, 'InvalidRequest', 400],
    [
      'a wrong MD5',
      { ChecksumSHA256: base64(sha256(Body)), ContentMD5: base64(Buffer.alloc(16)) },
      'BadDigest',
      400,
    ],
    ['part number 0', { PartNumber: 0, ChecksumSHA256: base64(sha256(Body)) }, 'InvalidArgument', 400],
    [
      'part number 10,001',
      { PartNumber: 10_001, ChecksumSHA256: base64(sha256(Body)) },
      'InvalidArgument',
      400,
    ],
    ['an unknown upload', { UploadId: 'unknown', ChecksumSHA256: base64(sha256(Body)) }, 'NoSuchUpload', 404],
    [
      'an upload that is a path',
      { UploadId: '../uploads', ChecksumSHA256: base64(sha256(Body)) },
      'NoSuchUpload',
      404,
    ],
    ['an upload of another key', { Key: 'other', ChecksumSHA256: base64(sha256(Body)) }, 'NoSuchUpload', 404],
  ])('%s is refused', async (_, input, name, httpStatusCode) => {
    await expect(send(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    const { Parts } = await it.client.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId }));
    expect(Parts).toBeUndefined();
    expect(await readdir(join(it.folder, 'drafts'))).toEqual([]);
  });

  test('sent again, a part replaces the earlier one', async () => {
    await upload(Key, UploadId, 1, patterned(10, 7));
    await upload(Key, UploadId, 1, Body);
    const { Parts } = await it.client.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId }));
    expect(Parts).toMatchObject([{ Size: 2_000, ChecksumSHA256: base64(sha256(Body)) }]);
    const files = await readdir(join(it.folder, 'buckets', BUCKET, 'uploads', UploadId));
    expect(files.filter((name) => name.endsWith('.part'))).toHaveLength(1);
  });

  test('after an abort the upload is unknown', async () => {
    const listed = async () =>
      (await it.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: Key }))).Uploads ?? [];
    expect((await listed()).map((one) => one.UploadId)).toContain(UploadId);
    await it.client.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId }));
    expect((await listed()).map((one) => one.UploadId)).not.toContain(UploadId);
    await expect(upload(Key, UploadId, 1, Body)).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(
      it.client.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId })),
    ).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

test('parts are listed in pages, in order, whatever order they came in', async () => {
  const UploadId = await create('paged');
  for (const number of [5, 1, 4, 2, 3]) await upload('paged', UploadId, number, patterned(number, number));
  const pages: (number | undefined)[][] = [];
  const pager = paginateListParts(
    { client: it.client, pageSize: 2 },
    { Bucket: BUCKET, Key: 'paged', UploadId },
  );
  for await (const page of pager) pages.push((page.Parts ?? []).map((part) => part.Size));
  expect(pages).toEqual([[1, 2], [3, 4], [5]]);
});

test('uploads are listed in pages', async () => {
  const ids = [await create('listed/a'), await create('listed/a'), await create('listed/b')];
  const list = (input: object) =>
    it.client.send(
      new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: 'listed/', MaxUploads: 2, ...input }),
    );
  const first = await list({});
  const second = await list({ KeyMarker: first.NextKeyMarker, UploadIdMarker: first.NextUploadIdMarker });
  expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
  expect([...(first.Uploads ?? []), ...(second.Uploads ?? [])].map((one) => one.UploadId)).toEqual(ids);
});

test('attributes of 2,500 parts come in pages of a thousand', async () => {
  // Laid down by the storage itself: sending so many parts of 5 MiB would take 12 GB.
  const folder = join(it.folder, 'many');
  const home = join(folder, 'buckets', BUCKET);
  const setup = await startObjectStore({ folder, ...IDENTITY, clock: { now: Date.now } });
  await setup.stop();
  const objects = await openObjects(join(home, 'objects'), join(folder, 'drafts'));
  await openObjects(join(home, 'uploads'), join(folder, 'drafts'));
  const parts = Array.from({ length: 2_500 }, (_, index) => ({
    number: index + 1,
    size: PART,
    file: `${index + 1}.part`,
    checksum: base64(sha256(Buffer.from(String(index + 1)))),
  }));
  const source = join(folder, 'drafts', 'source');
  await mkdir(source);
  await objects.commit(source, {
    key: 'many',
    lastModified: 0,
    size: 2_500 * PART,
    etag: 'x-2500',
    deleteMarker: false,
    multipart: true,
    headers: {},
    checksum: { algorithm: 'SHA256', value: `${ROOT}-2500`, type: 'COMPOSITE' },
    parts,
  });
  const store = await startObjectStore({ folder, ...IDENTITY, clock: { now: Date.now } });
  const client = clientFor(store.url);
  const seen: unknown[] = [];
  const sizes: number[] = [];
  let marker: string | undefined;
  do {
    const { ObjectParts } = await client.send(
      new GetObjectAttributesCommand({
        Bucket: BUCKET,
        Key: 'many',
        ObjectAttributes: ['ObjectParts'],
        MaxParts: 5_000,
        ...(marker ? { PartNumberMarker: marker } : {}),
      }),
    );
    seen.push(...(ObjectParts?.Parts ?? []).map((part) => part.ChecksumSHA256));
    sizes.push(ObjectParts?.Parts?.length ?? 0);
    expect(ObjectParts?.TotalPartsCount).toBe(2_500);
    marker = ObjectParts?.IsTruncated ? ObjectParts.NextPartNumberMarker : undefined;
  } while (marker);
  client.destroy();
  await store.stop();
  expect(sizes).toEqual([1_000, 1_000, 500]);
  expect(seen).toEqual(parts.map(({ checksum }) => checksum));
});
