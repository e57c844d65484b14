import { connect } from 'node:net';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import {
  canonicalRequest,
  sha256Hex,
  sign,
  signingKey,
  stringToSign,
} from '../../local/object-store/signature.ts';
import {
  BUCKET,
  clientFor,
  IDENTITY,
  refusal,
  startTestStore,
  type TestStore,
} from '../support/object-store.ts';

const MINUTE = 60_000;
let it: TestStore;
beforeAll(async () => {
  it = await startTestStore();
  await it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a/file.txt', Body: 'ten bytes!' }));
  await it.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a/other.txt', Body: 'another' }));
});
afterAll(() => it.end());
afterEach(() => it.setClockAhead(0));

const presignedGet = (expiresIn = 900): Promise<string> =>
  getSignedUrl(it.client, new GetObjectCommand({ Bucket: BUCKET, Key: 'a/file.txt' }), { expiresIn });

const presignedPut = (key: string): Promise<string> =>
  getSignedUrl(
    clientFor(it.store.url, { requestChecksumCalculation: 'WHEN_REQUIRED' }),
    new PutObjectCommand({ Bucket: BUCKET, Key: key }),
  );

test('a presigned GET gives the object, whole and in ranges the signature knows nothing of', async () => {
  const url = await presignedGet();
  expect(await (await fetch(url)).text()).toBe('ten bytes!');
  const range = await fetch(url, { headers: { range: 'bytes=4-8' } });
  expect([range.status, range.headers.get('content-range'), await range.text()]).toEqual([
    206,
    'bytes 4-8/10',
    'bytes',
  ]);
  const beyond = await fetch(url, { headers: { range: 'bytes=10-' } });
  expect(beyond.headers.get('content-range')).toBe('bytes */10');
  expect(await refusal(beyond)).toBe('416 InvalidRange');
});

test('a presigned PUT takes one object, whole', async () => {
  const url = await presignedPut('put.txt');
  expect((await fetch(url, { method: 'PUT', body: 'content' })).status).toBe(200);
  const { Body } = await it.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'put.txt' }));
  expect(await Body?.transformToString()).toBe('content');
});

test('a tampered presigned URL is refused', async () => {
  const url = await presignedGet();
  const changed: Record<string, string> = {
    'another object': url.replace('file.txt', 'other.txt'),
    'an object below it': url.replace('file.txt', 'file.txt/x'),
    'an added slash': url.replace('/a/file.txt', '//a/file.txt'),
    'another bucket': url.replace(`/${BUCKET}/`, '/database/'),
    'a longer life': url.replace('X-Amz-Expires=900', 'X-Amz-Expires=901'),
    'another date': url.replace(
      /(X-Amz-Date=\w+)(\d)Z/,
      (_, start, digit) => `${start}${digit === '0' ? 1 : 0}Z`,
    ),
    'an added version': `${url}&versionId=anything`,
    'an added parameter': `${url}&response-content-type=text%2Fhtml`,
    'a changed signature': url.replace(
      /X-Amz-Signature=./,
      (match) => `X-Amz-Signature=${match.endsWith('0') ? 1 : 0}`,
    ),
  };
  for (const [what, target] of Object.entries(changed)) {
    expect(target).not.toBe(url);
    expect([what, await refusal(await fetch(target))]).toEqual([what, '403 SignatureDoesNotMatch']);
  }
  for (const method of ['PUT', 'DELETE', 'POST'])
    expect(await refusal(await fetch(url, { method }))).toBe('403 SignatureDoesNotMatch');
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
  expect((await fetch(url)).status).toBe(200);
});

test('a presigned URL lives exactly as long as it says', async () => {
  const url = await presignedGet(60);
  it.setClockAhead(58_000);
  expect((await fetch(url)).status).toBe(200);
  it.setClockAhead(61_001);
  const expired = await fetch(url);
  const text = await expired.text();
  expect(expired.status).toBe(403);
  expect(text).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
  it.setClockAhead(-16 * MINUTE);
  expect(await (await fetch(url)).text()).toContain('<Message>Request is not valid yet</Message>');
});

test('a presigned URL for more than a week is refused', async () => {
  const url = (await presignedGet()).replace('X-Amz-Expires=900', 'X-Amz-Expires=604801');
  expect(await refusal(await fetch(url))).toBe('400 AuthorizationQueryParametersError');
});

test.each([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
])('a presigned URL without %s is refused', async (name) => {
  const url = new URL(await presignedGet());
  url.searchParams.delete(name);
  expect(await refusal(await fetch(url))).toBe('400 AuthorizationQueryParametersError');
});

test('an x-amz header that the URL did not sign is refused', async () => {
  const answer = await fetch(await presignedGet(), { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  expect(await refusal(answer)).toBe('403 AccessDenied');
});

test('a version in the URL is signed with it', async () => {
  const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'versioned', Body: 'one' });
  const { VersionId: first } = await it.client.send(put);
  const { VersionId: second } = await it.client.send(new PutObjectCommand({ ...put.input, Body: 'two' }));
  const url = await getSignedUrl(
    it.client,
    new GetObjectCommand({ Bucket: BUCKET, Key: 'versioned', ...(first ? { VersionId: first } : {}) }),
  );
  expect(await (await fetch(url)).text()).toBe('one');
  expect(await refusal(await fetch(url.replace(first ?? '', second ?? '')))).toBe(
    '403 SignatureDoesNotMatch',
  );
  expect(await refusal(await fetch(url.replace(/&?versionId=[^&]*/, '')))).toBe('403 SignatureDoesNotMatch');
});

test('a range that was signed cannot be changed or left out', async () => {
  const url = await getSignedUrl(
    it.client,
    new GetObjectCommand({ Bucket: BUCKET, Key: 'a/file.txt', Range: 'bytes=0-2' }),
    { unhoistableHeaders: new Set(['range']), signableHeaders: new Set(['host', 'range']) },
  );
  expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('host;range');
  expect(await (await fetch(url, { headers: { range: 'bytes=0-2' } })).text()).toBe('ten');
  expect(await refusal(await fetch(url, { headers: { range: 'bytes=0-3' } }))).toBe(
    '403 SignatureDoesNotMatch',
  );
  expect(await refusal(await fetch(url))).toBe('403 SignatureDoesNotMatch');
});

test('another Host header breaks the signature', async () => {
  const url = new URL(await presignedGet());
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(it.store.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', reject).on('close', () => resolve(text));
    socket.end(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*<Code>SignatureDoesNotMatch<\/Code>/);
});

test('nobody gets anything unsigned', async () => {
  for (const path of ['', `/${BUCKET}`, `/${BUCKET}?list-type=2`, `/${BUCKET}/a/file.txt`, '/absent/key'])
    expect(await refusal(await fetch(`${it.store.url}${path}`))).toBe('403 AccessDenied');
  expect(await refusal(await fetch(`${it.store.url}/${BUCKET}/new`, { method: 'PUT', body: 'x' }))).toBe(
    '403 AccessDenied',
  );
});

test.each([
  [
    'another secret',
    { credentials: { ...IDENTITY, secretAccessKey: 'wrong' } },
    'SignatureDoesNotMatch',
    403,
  ],
  ['another key id', { credentials: { ...IDENTITY, accessKeyId: 'wrong' } }, 'InvalidAccessKeyId', 403],
  ['another region', { region: 'eu-west-1' }, 'AuthorizationHeaderMalformed', 400],
  ['a session token', { credentials: { ...IDENTITY, sessionToken: 'token' } }, 'InvalidToken', 400],
])('a client with %s is refused', async (_, config, name, httpStatusCode) => {
  const { region = IDENTITY.region, credentials = IDENTITY } = config as {
    region?: string;
    credentials?: typeof IDENTITY;
  };
  const client = clientFor(it.store.url, { region, credentials });
  const answer = client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a/file.txt' }));
  await expect(answer).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
});

/** A header-signed request in the hand, to send it in ways the SDK would not. */
function signed(
  method: string,
  path: string,
  payloadHash: string,
  extra: Record<string, string> = {},
  at = Date.now(),
) {
  const timestamp = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = { date: timestamp.slice(0, 8), region: IDENTITY.region, service: 's3' };
  const headers: Record<string, string> = {
    host: `127.0.0.1:${it.store.port}`,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timestamp,
    ...extra,
  };
  const list = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = canonicalRequest({ method, path, query: [], headers: list, payloadHash });
  const signature = sign(
    signingKey(IDENTITY.secretAccessKey, scope),
    stringToSign(timestamp, scope, canonical),
  );
  const names = list.map(([name]) => name).join(';');
  const authorization = `AWS4-HMAC-SHA256 Credential=${IDENTITY.accessKeyId}/${scope.date}/${scope.region}/s3/aws4_request, SignedHeaders=${names}, Signature=${signature}`;
  const { host: _, ...sent } = headers;
  return { url: `${it.store.url}${path}`, headers: { ...sent, authorization } };
}

test('a header signature covers method, path, headers and body', async () => {
  const path = `/${BUCKET}/signed.txt`;
  const { url, headers } = signed('PUT', path, sha256Hex('body'), { 'x-amz-meta-colour': 'red' });
  const send = (target: string, init: RequestInit) =>
    fetch(target, { method: 'PUT', body: 'body', headers, ...init });
  expect((await send(url, {})).status).toBe(200);
  expect(await refusal(await send(url, { method: 'POST' }))).toBe('403 SignatureDoesNotMatch');
  expect(await refusal(await send(`${url}x`, {}))).toBe('403 SignatureDoesNotMatch');
  expect(await refusal(await send(`${url}?a`, {}))).toBe('403 SignatureDoesNotMatch');
  expect(await refusal(await send(url, { headers: { ...headers, 'x-amz-meta-colour': 'blue' } }))).toBe(
    '403 SignatureDoesNotMatch',
  );
  expect(await refusal(await send(url, { headers: { ...headers, 'x-amz-meta-size': '1' } }))).toBe(
    '403 AccessDenied',
  );
  expect(await refusal(await send(url, { body: 'Body' }))).toBe('400 XAmzContentSHA256Mismatch');
  expect(await (await fetch(await presigned('signed.txt'))).text()).toBe('body');
});

const presigned = (Key: string): Promise<string> =>
  getSignedUrl(it.client, new GetObjectCommand({ Bucket: BUCKET, Key }));

test('a header signature is good for fifteen minutes either way', async () => {
  const path = `/${BUCKET}/a/file.txt`;
  const { url, headers } = signed('GET', path, sha256Hex(''));
  for (const ahead of [14 * MINUTE, -14 * MINUTE]) {
    it.setClockAhead(ahead);
    expect((await fetch(url, { headers })).status).toBe(200);
  }
  for (const ahead of [16 * MINUTE, -16 * MINUTE]) {
    it.setClockAhead(ahead);
    expect(await refusal(await fetch(url, { headers }))).toBe('403 RequestTimeTooSkewed');
  }
});

test('malformed signatures get their own words', async () => {
  const { url, headers } = signed('GET', `/${BUCKET}/a/file.txt`, sha256Hex(''));
  const { authorization, ...rest } = headers;
  const get = async (changed: Record<string, string>) => refusal(await fetch(url, { headers: changed }));
  expect(await get({ ...rest, authorization: 'Basic YTpi' })).toBe('400 InvalidArgument');
  expect(await get({ ...rest, authorization: 'AWS4-HMAC-SHA256 nonsense' })).toBe(
    '400 AuthorizationHeaderMalformed',
  );
  expect(await get({ ...rest, authorization: authorization.replace('/s3/', '/ec2/') })).toBe(
    '400 AuthorizationHeaderMalformed',
  );
  const without = (name: string) =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  expect(await get(without('x-amz-date'))).toBe('403 AccessDenied');
  expect(await get(without('x-amz-content-sha256'))).toBe('400 InvalidRequest');
  expect(await refusal(await fetch(await presignedGet(), { headers: { authorization } }))).toBe(
    '400 InvalidArgument',
  );
});

test('a page of another origin may read but not write', async () => {
  const answer = await fetch(await presignedGet(), {
    headers: { origin: 'https://shop.example', range: 'bytes=0-1' },
  });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-expose-headers')).toMatch(/content-range.*etag/);
  const ask = (method: string) =>
    fetch(`${it.store.url}/${BUCKET}/a/file.txt`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': method,
        'access-control-request-headers': 'range',
      },
    });
  const allowed = await ask('GET');
  expect([allowed.status, allowed.headers.get('access-control-allow-headers')]).toEqual([200, 'range']);
  expect(await refusal(await ask('PUT'))).toBe('403 AccessForbidden');
});

test('what does not exist is named', async () => {
  const get = (Bucket: string, Key: string) => it.client.send(new GetObjectCommand({ Bucket, Key }));
  await expect(get(BUCKET, 'absent')).rejects.toMatchObject({
    name: 'NoSuchKey',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(get('absent', 'a')).rejects.toMatchObject({
    name: 'NoSuchBucket',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(
    it.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'absent' })),
  ).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
  await expect(get(BUCKET, 'k'.repeat(1_025))).rejects.toMatchObject({ name: 'KeyTooLongError' });
  await expect(it.client.send(new ListObjectsV2Command({ Bucket: 'absent' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});
