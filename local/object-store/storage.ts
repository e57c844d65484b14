import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { S3Error } from './errors.ts';
import { makeFolder } from './files.ts';
import { type Objects, openObjects } from './objects.ts';
import { openUploads, type Uploads } from './uploads.ts';

export interface Bucket {
  readonly name: string;
  readonly objects: Objects;
  readonly uploads: Uploads;
  /** Where work in progress lies until a rename makes it part of the bucket. */
  readonly drafts: string;
}

/** Everything under the server's folder. One process at a time may have it open. */
export interface Storage {
  /** Throws NoSuchBucket. */
  bucket(name: string): Bucket;
  /** Throws BucketAlreadyOwnedByYou or InvalidBucketName. */
  createBucket(name: string): Promise<void>;
}

export async function openStorage(folder: string): Promise<Storage> {
  const buckets = new Map<string, Bucket>();
  const home = join(folder, 'buckets');
  const drafts = join(folder, 'drafts');

  async function openBucket(name: string): Promise<void> {
    const objects = await openObjects(join(home, name, 'objects'), drafts);
    const uploads = await openUploads(join(home, name, 'uploads'), drafts);
    buckets.set(name, { name, objects, uploads, drafts });
  }

  // What a crash left here was never acknowledged.
  await rm(drafts, { recursive: true, force: true });
  await makeFolder(drafts);
  await makeFolder(home);
  for (const name of await readdir(home)) await openBucket(name);

  return {
    bucket(name) {
      const bucket = buckets.get(name);
      if (bucket) return bucket;
      throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', {
        details: { BucketName: name },
      });
    },
    async createBucket(name) {
      if (!/^(?=.{3,63}$)[a-z0-9]+(?:(?:-+|\.)[a-z0-9]+)*$/.test(name))
        throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.', {
          details: { BucketName: name },
        });
      if (buckets.has(name))
        throw new S3Error(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
          { details: { BucketName: name } },
        );
      await openBucket(name);
    },
  };
}
