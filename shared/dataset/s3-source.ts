import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type ObjectSource, SourceChanged, type SourceObject } from './objects.ts';
import { isMissing, isRefusedAs, wanted } from './s3-answers.ts';

/** Objects to be published, wherever the client's identity may read. */
export function s3ObjectSource(client: S3Client): ObjectSource {
  return {
    async find(bucket, key) {
      try {
        const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return {
          bucket,
          key,
          size: wanted(answer.ContentLength, 'ContentLength'),
          tag: wanted(answer.ETag, 'ETag'),
        };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    async list(bucket, prefix) {
      const objects: SourceObject[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(token && { ContinuationToken: token }),
          }),
        );
        for (const { Key, Size, ETag } of page.Contents ?? []) {
          const size = wanted(Size, 'Size');
          objects.push({ bucket, key: wanted(Key, 'Key'), size, tag: wanted(ETag, 'ETag') });
        }
        token = page.NextContinuationToken;
      } while (token);
      return objects;
    },

    async read(source, offset, target) {
      const location = `s3://${source.bucket}/${source.key}`;
      const command = new GetObjectCommand({
        Bucket: source.bucket,
        Key: source.key,
        IfMatch: source.tag,
        Range: `bytes=${offset}-${offset + target.length - 1}`,
      });
      const { Body } = await client.send(command).catch((error: unknown) => {
        throw isRefusedAs(error, 'PreconditionFailed') || isMissing(error)
          ? new SourceChanged(location)
          : error;
      });
      let filled = 0;
      for await (const bytes of Body as AsyncIterable<Uint8Array>) {
        if (filled + bytes.length > target.length)
          throw new Error(`more of ${location} came than was asked for`);
        target.set(bytes, filled);
        filled += bytes.length;
      }
      if (filled < target.length) throw new Error(`${location} broke off`);
    },
  };
}
