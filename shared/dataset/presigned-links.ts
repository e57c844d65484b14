import { createHash, createHmac } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Clock, unixSeconds } from '../clock.ts';
import { URL_LIFETIME_SECONDS } from '../limits.ts';
import type { ObjectLinks } from './objects.ts';

/**
 * Presigned links by AWS Signature Version 4 in the query
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html), signed here: every payment makes one, and the SDK's
 * presigner takes longer for it than the payment's own check. Where the bucket is, whose credentials count and for which
 * region stay the SDK's to say, and a test holds every link against the SDK's own.
 */
export function s3ObjectLinks(client: S3Client, bucket: string, clock: Clock): ObjectLinks {
  let bucketUrl: Promise<string> | undefined;
  let kept: { readonly secret: string; readonly scope: string; readonly key: Buffer } | undefined;

  const signingKey = (secret: string, day: string, region: string): Buffer => {
    const scope = `${day}/${region}`;
    if (kept?.secret !== secret || kept.scope !== scope) {
      const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
      kept = { secret, scope, key: Buffer.from(key) };
    }
    return kept.key;
  };

  return {
    async link(key, versionId) {
      bucketUrl ??= urlOfBucket(client, bucket);
      const [base, credentials, region] = await Promise.all([
        bucketUrl,
        client.config.credentials(),
        client.config.region(),
      ]);
      const seconds = unixSeconds(clock);
      const time = new Date(seconds * 1_000).toISOString().replace(/[-:]|\.\d+/g, '');
      const day = time.slice(0, 8);
      const scope = `${day}/${region}/s3/aws4_request`;
      const parameters: readonly (readonly [string, string])[] = [
        ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
        ['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD'],
        ['X-Amz-Credential', `${credentials.accessKeyId}/${scope}`],
        ['X-Amz-Date', time],
        ['X-Amz-Expires', `${URL_LIFETIME_SECONDS}`],
        ...(credentials.sessionToken ? [['X-Amz-Security-Token', credentials.sessionToken] as const] : []),
        ['X-Amz-SignedHeaders', 'host'],
        ['versionId', versionId],
        ['x-id', 'GetObject'],
      ];
      // In the order of their names' bytes, as the signature wants them.
      const query = parameters.map(([name, value]) => `${name}=${encoded(value)}`).join('&');
      const { host, pathname, origin } = new URL(`${base}/${key.split('/').map(encoded).join('/')}`);
      const canonical = `GET\n${pathname}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
      const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
      const signature = hmac(signingKey(credentials.secretAccessKey, day, region), text).toString('hex');
      const expiresAt = seconds + URL_LIFETIME_SECONDS;
      return { url: `${origin}${pathname}?${query}&X-Amz-Signature=${signature}`, expiresAt };
    },
  };
}

/** As the SDK finds it, from the environment, the region and the partition. */
async function urlOfBucket(client: S3Client, bucket: string): Promise<string> {
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'key' }));
  return url.slice(0, url.indexOf('/key?'));
}

/** RFC 3986's unreserved characters stay; encodeURIComponent leaves five others too. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
