import { GetObjectCommand, type S3ClientConfig } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import fc from 'fast-check';
import { s3ObjectLinks } from '../../../shared/dataset/presigned-links.ts';
import { s3Client } from '../../../shared/dataset/s3-objects.ts';

const CREDENTIALS = { accessKeyId: 'shop', secretAccessKey: 'secret' };
const LOCAL = { endpoint: 'http://127.0.0.1:9', region: 'us-east-1', credentials: CREDENTIALS };

test('a link is for one version of one object, for a quarter of an hour from the clock', async () => {
  const links = s3ObjectLinks(s3Client(LOCAL), 'data', { now: () => 1_700_000_000_999 });
  const { url, expiresAt } = await links.link('datasets/x/chunks/0', 'version+1');
  const { origin, pathname, searchParams } = new URL(url);
  expect(origin + pathname).toBe('http://127.0.0.1:9/data/datasets/x/chunks/0');
  expect(searchParams.get('versionId')).toBe('version+1');
  expect(searchParams.get('X-Amz-Date')).toBe('20231114T221320Z');
  expect(searchParams.get('X-Amz-Expires')).toBe('900');
  expect(searchParams.get('X-Amz-SignedHeaders')).toBe('host');
  expect([...searchParams.keys()].filter((key) => key.includes('checksum'))).toEqual([]);
  expect(expiresAt).toBe(1_700_000_000 + 900);
});

/** The SDK's own link, its parameters in any order. */
async function bySdk(
  config: S3ClientConfig,
  bucket: string,
  key: string,
  versionId: string,
  seconds: number,
) {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
  const options = { expiresIn: 900, signingDate: new Date(seconds * 1_000) };
  return parts(await getSignedUrl(s3Client(config), command, options));
}

function parts(url: string): readonly string[] {
  const [address = '', query = ''] = url.split('?');
  return [address, ...query.split('&').sort()];
}

/** What a deployed function has, in every partition, and what a local shop has. */
const configurations: readonly (readonly [string, S3ClientConfig])[] = [
  ['a local shop', LOCAL],
  ['an endpoint with a path', { ...LOCAL, endpoint: 'https://objects.example:8443/s3' }],
  [
    'a role, whose credentials have a token',
    { region: 'eu-central-1', credentials: { ...CREDENTIALS, sessionToken: 'to/k+en==' } },
  ],
  ['the partition of China', { region: 'cn-north-1', credentials: CREDENTIALS }],
  ['the partition of the US government', { region: 'us-gov-west-1', credentials: CREDENTIALS }],
];

test.each(configurations)('every link is the one that the SDK makes: %s', async (_, config) => {
  let seconds = 0;
  const links = s3ObjectLinks(s3Client(config), 'data-sets', { now: () => seconds * 1_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^datasets\/[0-9a-f]{32}\/(manifest\.json|chunks\/[0-9]{1,5})$/),
      fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' }),
      // Days change, so the key that is kept from the last link must change too.
      fc.integer({ min: 1_600_000_000, max: 1_900_000_000 }),
      async (key, versionId, at) => {
        seconds = at;
        const { url } = await links.link(key, versionId);
        expect(parts(url)).toEqual(await bySdk(config, 'data-sets', key, versionId, at));
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('credentials that change are the ones that the next link is signed with', async () => {
  let secretAccessKey = 'first';
  const credentials = async () => ({ accessKeyId: 'role', secretAccessKey, expiration: new Date(0) });
  const links = s3ObjectLinks(s3Client({ ...LOCAL, credentials }), 'data', { now: () => 1_700_000_000_000 });
  const before = await links.link('datasets/x', 'v');
  secretAccessKey = 'second';
  const after = await links.link('datasets/x', 'v');
  expect(after.url).not.toBe(before.url);
  const config = { ...LOCAL, credentials: { accessKeyId: 'role', secretAccessKey } };
  expect(parts(after.url)).toEqual(await bySdk(config, 'data', 'datasets/x', 'v', 1_700_000_000));
});
