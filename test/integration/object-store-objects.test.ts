import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { startDigest } from '../../local/object-store/checksums.ts';
import {
  canonicalRequest,
  chunkSignature,
  sha256Hex,
  sign,
  signingKey,
  stringToSign,
} from '../../local/object-store/signature.ts';
import {
  BUCKET,
  IDENTITY,
  MIB,
  md5Hex,
  patterned,
  refusal,
  sha256,
  startTestStore,
  type TestStore,
} from '../support/object-store.ts';

let it: TestStore;
beforeAll(async () => {
  it = await startTestStore();
});
afterAll(() => it.end());

const crc32 = (data: Uint8Array): string => {
  const digest = startDigest('CRC32');
  digest.update(data);
  return Buffer.from(digest.digest()).toString('base64');
};

const read = async (Key: string, VersionId?: string): Promise<Buffer> => {
  const { Body } = await it.client.send(
    new GetObjectCommand({ Bucket: BUCKET, Key, ...(VersionId ? { VersionId } : {}) }),
  );
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

test('an object comes back as it was put, with its headers', async () => {
  const body = patterned(3 * MIB + 17, 1);
  const put = await it.client.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: 'päth/with space+plus&amp;.bin',
      Body: body,
      ContentType: 'application/x-test',
      Metadata: { colour: 'red' },
    }),
  );
  expect(put.ETag).toBe(`"${md5Hex(body)}"`);
  expect(put.ChecksumCRC32).toBe(crc32(body));
  const got = await it.client.send(
    new GetObjectCommand({ Bucket: BUCKET, Key: 'päth/with space+plus&amp;.bin' }),
  );
  expect(sha256((await got.Body?.transformToByteArray()) ?? new Uint8Array())).toEqual(sha256(body));
  expect(got).toMatchObject({
    ContentLength: body.length,
    ContentType: 'application/x-test',
    Metadata: { colour: 'red' },
    ETag: put.ETag,
    VersionId: put.VersionId,
    ChecksumCRC32: put.ChecksumCRC32,
  });
});

test('an empty object is an object', async () => {
  await it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'empty', Body: new Uint8Array() }));
  expect(await read('empty')).toHaveLength(0);
  await expect(
    it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'empty', Range: 'bytes=0-0' })),
  ).rejects.toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } });
});

test('a streamed upload is stored without its framing', async () => {
  const body = patterned(1_000_003, 2);
  const pieces = [body.subarray(0, 70_000), body.subarray(70_000, 500_000), body.subarray(500_000)];
  await it.client.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: 'streamed',
      Body: Readable.from(pieces, { objectMode: false }),
      ContentLength: body.length,
    }),
  );
  expect(sha256(await read('streamed'))).toEqual(sha256(body));
  const head = await it.client.send(
    new HeadObjectCommand({ Bucket: BUCKET, Key: 'streamed', ChecksumMode: 'ENABLED' }),
  );
  expect(head).toMatchObject({ ContentLength: body.length, ChecksumCRC32: crc32(body) });
  expect(head.ContentEncoding).toBeUndefined();
});

/** Sends a body with its own framing under a true signature, as no SDK would. */
async function putChunked(
  key: string,
  mode: string,
  extra: Record<string, string>,
  body: (signer: Parameters<typeof chunkSignature>[0]) => string,
): Promise<Response> {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = { date: timestamp.slice(0, 8), region: IDENTITY.region, service: 's3' };
  const path = `/${BUCKET}/${key}`;
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    host: `127.0.0.1:${it.store.port}`,
    'x-amz-content-sha256': mode,
    'x-amz-date': timestamp,
    ...extra,
  };
  const list = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = canonicalRequest({ method: 'PUT', path, query: [], headers: list, payloadHash: mode });
  const signing = signingKey(IDENTITY.secretAccessKey, scope);
  const seed = sign(signing, stringToSign(timestamp, scope, canonical));
  const names = list.map(([name]) => name).join(';');
  const { host: _, ...sent } = headers;
  return fetch(`${it.store.url}${path}`, {
    method: 'PUT',
    headers: {
      ...sent,
      authorization: `AWS4-HMAC-SHA256 Credential=${IDENTITY.accessKeyId}/${scope.date}/${scope.region}/s3/aws4_request, SignedHeaders=${names}, Signature=${seed}`,
    },
    body: body({ key: signing, timestamp, scope, seed }),
  });
}

test('a trailing CRC32 is checked', async () => {
  const mode = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const announce = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const send = (trailer: string, headers = announce) =>
    putChunked('trailed', mode, headers, () => `5\r\nhello\r\n0\r\n${trailer}\r\n`);
  expect(await refusal(await send('x-amz-checksum-crc32:AAAAAA==\r\n'))).toBe('400 BadDigest');
  expect(await refusal(await send(''))).toBe('400 MalformedTrailerError');
  const truth = `x-amz-checksum-crc32:${crc32(Buffer.from('hello'))}\r\n`;
  expect(await refusal(await send(truth, { ...announce, 'x-amz-decoded-content-length': '6' }))).toBe(
    '400 IncompleteBody',
  );
  await expect(read('trailed')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect((await send(truth)).status).toBe(200);
  expect((await read('trailed')).toString()).toBe('hello');
});

test('chunks with signatures are checked one by one', async () => {
  const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
  const announce = { 'x-amz-decoded-content-length': '5' };
  const send = (sent: string) =>
    putChunked('chunked', mode, announce, (signer) => {
      const first = chunkSignature(signer, signer.seed, sha256Hex('hello'));
      const last = chunkSignature(signer, first, sha256Hex(''));
      return `5;chunk-signature=${first}\r\n${sent}\r\n0;chunk-signature=${last}\r\n\r\n`;
    });
  expect(await refusal(await send('jello'))).toBe('403 SignatureDoesNotMatch');
  await expect(read('chunked')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect((await send('hello')).status).toBe(200);
  expect((await read('chunked')).toString()).toBe('hello');
});

test.each([
  ['a wrong SHA-256', { ChecksumSHA256: sha256(Buffer.from('other')).toString('base64') }, 'BadDigest'],
  ['a SHA-256 that is none', { ChecksumSHA256: 'AAAA' }, 'InvalidRequest'],
  ['a wrong CRC64NVME', { ChecksumCRC64NVME: 'AAAAAAAAAAA=' }, 'BadDigest'],
  ['a wrong MD5', { ContentMD5: Buffer.alloc(16).toString('base64') }, 'BadDigest'],
  ['an MD5 that is none', { ContentMD5: 'AAAA' }, 'InvalidDigest'],
])('%s is refused and nothing is kept', async (_, claims, name) => {
  const put = it.client.send(
    new PutObjectCommand({ Bucket: BUCKET, Key: 'refused', Body: 'body', ...claims }),
  );
  await expect(put).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  await expect(read('refused')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect(await readdir(join(it.folder, 'drafts'))).toEqual([]);
});

test('a checksum moved into a presigned URL still binds the body', async () => {
  const url = await getSignedUrl(
    it.client,
    new PutObjectCommand({ Bucket: BUCKET, Key: 'bound', ChecksumCRC32: crc32(Buffer.from('hello')) }),
  );
  expect(url).toContain('x-amz-checksum-crc32=');
  expect(await refusal(await fetch(url, { method: 'PUT', body: 'jello' }))).toBe('400 BadDigest');
  expect((await fetch(url, { method: 'PUT', body: 'hello' })).status).toBe(200);
});

test('every put makes a version; deleting hides, deleting a version removes', async () => {
  const Key = 'versions';
  const put = (Body: string) => it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  const { VersionId: first } = await put('one');
  const { VersionId: second } = await put('two');
  expect(first).not.toBe(second);
  expect((await read(Key)).toString()).toBe('two');
  expect((await read(Key, first)).toString()).toBe('one');
  const marker = await it.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
  expect(marker.DeleteMarker).toBe(true);
  await expect(read(Key)).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(read(Key, marker.VersionId)).rejects.toMatchObject({ name: 'MethodNotAllowed' });
  expect((await read(Key, second)).toString()).toBe('two');
  for (const VersionId of [marker.VersionId, second])
    await it.client.send(
      new DeleteObjectCommand({ Bucket: BUCKET, Key, ...(VersionId ? { VersionId } : {}) }),
    );
  expect((await read(Key)).toString()).toBe('one');
  await expect(read(Key, second)).rejects.toMatchObject({
    name: 'NoSuchVersion',
    $metadata: { httpStatusCode: 404 },
  });
});

test('ranges cross the object from any byte to any other', async () => {
  const body = patterned(100_000, 3);
  await it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'ranged', Body: body }));
  for (const [Range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=65535-65536', 65_535, 65_537],
    ['bytes=99999-', 99_999, 100_000],
    ['bytes=-10', 99_990, 100_000],
    ['bytes=99990-200000', 99_990, 100_000],
  ] as const) {
    const { Body, ContentRange } = await it.client.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'ranged', Range }),
    );
    expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(
      Buffer.from(body.subarray(start, end)),
    );
    expect(ContentRange).toBe(`bytes ${start}-${end - 1}/100000`);
  }
});

test('conditions are kept', async () => {
  const Key = 'conditional';
  const { ETag = '' } = await it.client.send(
    new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'a', IfNoneMatch: '*' }),
  );
  await expect(
    it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'b', IfNoneMatch: '*' })),
  ).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
  const racers = ['1', '2', '3', '4'].map((Body) =>
    it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'raced', Body, IfNoneMatch: '*' })),
  );
  const results = await Promise.allSettled(racers);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(
    it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, IfMatch: '"other"' })),
  ).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
  await expect(
    it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, IfNoneMatch: ETag })),
  ).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
});

test('attributes of an object put whole', async () => {
  await it.client.send(
    new PutObjectCommand({ Bucket: BUCKET, Key: 'whole', Body: 'body', ChecksumAlgorithm: 'SHA256' }),
  );
  const attributes = await it.client.send(
    new GetObjectAttributesCommand({
      Bucket: BUCKET,
      Key: 'whole',
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'ObjectSize', 'StorageClass'],
    }),
  );
  expect(attributes).toMatchObject({
    ETag: md5Hex(Buffer.from('body')),
    Checksum: { ChecksumSHA256: sha256(Buffer.from('body')).toString('base64'), ChecksumType: 'FULL_OBJECT' },
    ObjectSize: 4,
    StorageClass: 'STANDARD',
  });
  expect(attributes.ObjectParts).toBeUndefined();
});

test('a listing is paged in byte order and grouped by delimiter', async () => {
  await it.client.send(new CreateBucketCommand({ Bucket: 'listed' }));
  await it.client.send(new HeadBucketCommand({ Bucket: 'listed' }));
  await expect(it.client.send(new CreateBucketCommand({ Bucket: 'listed' }))).rejects.toMatchObject({
    name: 'BucketAlreadyOwnedByYou',
    $metadata: { httpStatusCode: 409 },
  });
  // U+FF01 sorts before U+1F600 in UTF-8 and after it in UTF-16.
  const keys = ['B', 'a', 'd/1', 'd/2', 'e/1', '\uFF01', '\u{1F600}'];
  for (const Key of [...keys].reverse())
    await it.client.send(new PutObjectCommand({ Bucket: 'listed', Key, Body: Key }));
  const seen: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await it.client.send(
      new ListObjectsV2Command({
        Bucket: 'listed',
        MaxKeys: 3,
        ...(ContinuationToken ? { ContinuationToken } : {}),
      }),
    );
    expect(page.KeyCount).toBe(page.Contents?.length);
    seen.push(...(page.Contents ?? []).map((entry) => entry.Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  expect(seen).toEqual(keys);
  const under = await it.client.send(new ListObjectsV2Command({ Bucket: 'listed', Prefix: 'd/' }));
  expect(under.Contents?.map((entry) => [entry.Key, entry.Size])).toEqual([
    ['d/1', 3],
    ['d/2', 3],
  ]);
  const grouped = await it.client.send(new ListObjectsV2Command({ Bucket: 'listed', Delimiter: '/' }));
  expect(grouped.CommonPrefixes?.map((entry) => entry.Prefix)).toEqual(['d/', 'e/']);
  expect(grouped.Contents).toHaveLength(4);
});
