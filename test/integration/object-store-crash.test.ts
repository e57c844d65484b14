import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { buildSync } from 'esbuild';
import { BUCKET, clientFor, IDENTITY, MIB, patterned, sha256 } from '../support/object-store.ts';

const PART = 5 * MIB;
let home: string;
let bundle: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'object-store-crash-'));
  bundle = join(home, 'object-store.mjs');
  buildSync({
    entryPoints: [join(__dirname, '../support/object-store-process.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Runs `use` against a store in a process of its own, which is then killed without warning. */
async function withStore<T>(
  folder: string,
  use: (client: S3Client, child: ChildProcess) => Promise<T>,
): Promise<T> {
  const { accessKeyId, secretAccessKey, region } = IDENTITY;
  const child = spawn(process.execPath, [bundle, folder, accessKeyId, secretAccessKey, region], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const [line] = await once(child.stdout, 'data');
    const client = clientFor(String(line).trim());
    const result = await use(client, child);
    client.destroy();
    return result;
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

async function hashOf(client: S3Client, Key: string, VersionId?: string): Promise<Buffer> {
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: BUCKET, Key, ...(VersionId ? { VersionId } : {}) }),
  );
  return sha256((await Body?.transformToByteArray()) ?? new Uint8Array());
}

test('after a kill -9 the acknowledged is whole and the rest is absent', async () => {
  const folder = join(home, 'data');
  const bodies = new Map(Array.from({ length: 24 }, (_, index) => [index + 1, patterned(PART, index)]));
  const acknowledged = new Set<number>();
  const Key = 'chunk';
  const UploadId = await withStore(folder, async (client, child) => {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'put', Body: 'acknowledged' }));
    const upload = await client.send(
      new CreateMultipartUploadCommand({ Bucket: BUCKET, Key, ChecksumAlgorithm: 'SHA256' }),
    );
    const sending = [...bodies].map(async ([PartNumber, Body]) => {
      await client.send(
        new UploadPartCommand({
          Bucket: BUCKET,
          Key,
          UploadId: upload.UploadId,
          PartNumber,
          Body,
          ChecksumSHA256: base64(sha256(Body)),
        }),
      );
      acknowledged.add(PartNumber);
      if (acknowledged.size === 4) child.kill('SIGKILL');
    });
    await Promise.allSettled(sending);
    return upload.UploadId;
  });
  expect(acknowledged.size).toBeGreaterThanOrEqual(4);
  expect(acknowledged.size).toBeLessThan(bodies.size);

  const VersionId = await withStore(folder, async (client) => {
    expect(await readdir(join(folder, 'drafts'))).toEqual([]);
    expect(await hashOf(client, 'put')).toEqual(sha256(Buffer.from('acknowledged')));
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId }));
    const listed = new Map(Parts.map((part) => [part.PartNumber, part]));
    for (const number of acknowledged) expect(listed.has(number)).toBe(true);
    // A part may be kept though its answer was lost, but then it is kept whole.
    for (const [number, part] of listed)
      expect(part.ChecksumSHA256).toBe(base64(sha256(bodies.get(number ?? 0) ?? new Uint8Array())));

    for (const [PartNumber, Body] of bodies)
      if (!listed.has(PartNumber)) {
        const ChecksumSHA256 = base64(sha256(Body));
        listed.set(PartNumber, {
          PartNumber,
          ChecksumSHA256,
          ...(await client.send(
            new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber, Body, ChecksumSHA256 }),
          )),
        });
      }
    const ordered = [...listed.values()].sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const done = await client.send(
      new CompleteMultipartUploadCommand({
        Bucket: BUCKET,
        Key,
        UploadId,
        MultipartUpload: {
          Parts: ordered.map(({ PartNumber, ETag, ChecksumSHA256 }) => ({
            PartNumber,
            ETag,
            ChecksumSHA256,
          })),
        },
      }),
    );
    return done.VersionId;
  });

  await withStore(folder, async (client) => {
    expect(await hashOf(client, Key, VersionId)).toEqual(sha256(...bodies.values()));
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    expect(Contents?.map((entry) => entry.Key)).toEqual(['chunk', 'put']);
    await expect(client.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId }))).rejects.toMatchObject({
      name: 'NoSuchUpload',
    });
  });
});

test('the newest version stays the newest over restarts', async () => {
  const folder = join(home, 'versions');
  await withStore(folder, (client) => client.send(new CreateBucketCommand({ Bucket: BUCKET })));
  for (const Body of ['one', 'two', 'three'])
    await withStore(folder, async (client) => {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body }));
    });
  await withStore(folder, async (client) => {
    expect(await hashOf(client, 'key')).toEqual(sha256(Buffer.from('three')));
  });
});
