import { createCipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type ObjectStore, startObjectStore } from '../../local/object-store/server.ts';

export const IDENTITY = { accessKeyId: 'local-key', secretAccessKey: 'local-secret', region: 'us-east-1' };
export const BUCKET = 'datasets';
export const MIB = 1024 * 1024;

/** A running store with one bucket, and a clock that tests can move. */
export interface TestStore {
  readonly store: ObjectStore;
  readonly folder: string;
  readonly client: S3Client;
  /** Milliseconds by which the store's clock runs ahead. */
  setClockAhead(milliseconds: number): void;
  end(): Promise<void>;
}

export function clientFor(url: string, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: url,
    region: IDENTITY.region,
    credentials: IDENTITY,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}

export async function startTestStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), 'object-store-'));
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const store = await startObjectStore({ folder, ...IDENTITY, clock });
  const client = clientFor(store.url);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    store,
    folder,
    client,
    setClockAhead: (milliseconds) => {
      ahead = milliseconds;
    },
    async end() {
      client.destroy();
      await store.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const sha256 = (...pieces: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
};

export const md5Hex = (data: Uint8Array): string => createHash('md5').update(data).digest('hex');

/** Bytes that look random and are the same every time: a loop of ours would take seconds in jest, a cipher takes none. */
export function patterned(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return new Uint8Array(cipher.update(Buffer.alloc(size)));
}

/** Status and S3 error code of an answer. */
export async function refusal(answer: Response): Promise<string> {
  const text = await answer.text();
  const [, code] = /<Code>(\w+)<\/Code>/.exec(text) ?? [];
  return `${answer.status} ${code}`;
}
