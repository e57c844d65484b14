import { s3Client, s3ObjectLinks } from '../../../shared/dataset/s3-objects.ts';

const client = s3Client({
  endpoint: 'http://127.0.0.1:9',
  region: 'us-east-1',
  credentials: { accessKeyId: 'shop', secretAccessKey: 'secret' },
});

test('a link is for one version of one object, for a quarter of an hour from the clock', async () => {
  const links = s3ObjectLinks(client, 'data', { now: () => 1_700_000_000_999 });
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
