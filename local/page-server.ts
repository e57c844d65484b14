import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { contentSecurityPolicy, PAGE_HEADERS } from '../shared/pages/security-headers.ts';
import type { Site } from '../shared/pages/site.ts';
import { type LocalServer, listenOnLoopback } from './listen.ts';

/** Stands in for CloudFront before the storefront's bucket: reads objects, and adds the headers that it adds. */
export async function startPageServer(
  client: S3Client,
  port: number,
  siteOf: () => Site,
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    respond(client, siteOf(), request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  return listenOnLoopback(server, port);
}

async function respond(
  client: S3Client,
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').replace(/[?#].*$/, '');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const found = isRead
    ? await read(client, site.bucket, path === '/' ? 'index.html' : path.slice(1))
    : undefined;
  const object = found ?? (isRead ? await read(client, site.bucket, 'not-found.html') : undefined);
  response.writeHead(isRead ? (found ? 200 : 404) : 405, {
    ...PAGE_HEADERS,
    'content-security-policy': contentSecurityPolicy(site),
    'content-type': object?.type ?? 'text/plain',
    'cache-control': object?.cache ?? 'no-store',
  });
  response.end(request.method === 'GET' ? object?.bytes : undefined);
}

async function read(client: S3Client, bucket: string, key: string) {
  try {
    const { Body, ContentType, CacheControl } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key }),
    );
    return { bytes: await Body?.transformToByteArray(), type: ContentType, cache: CacheControl };
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
