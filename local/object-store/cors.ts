import type { IncomingMessage, ServerResponse } from 'node:http';
import { S3Error } from './errors.ts';

const METHODS = ['GET', 'HEAD'];
const EXPOSED = [
  'accept-ranges',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
  'x-amz-checksum-sha256',
  'x-amz-version-id',
];

/** As a bucket whose CORS rule lets any page read: browsers need it to see Content-Range and ETag. */
export function allowReading(message: IncomingMessage, response: ServerResponse): void {
  if (message.headers.origin === undefined || !METHODS.includes(message.method ?? '')) return;
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', EXPOSED.join(', '));
  response.setHeader('vary', 'Origin');
}

/** A browser's question before a request, which it never signs. Throws AccessForbidden for any method but GET and HEAD. */
export function answerPreflight(message: IncomingMessage, response: ServerResponse): void {
  const method = message.headers['access-control-request-method'];
  if (message.headers.origin === undefined || method === undefined || !METHODS.includes(method))
    throw new S3Error('AccessForbidden', 'CORSResponse: This CORS request is not allowed.');
  const headers = message.headers['access-control-request-headers'];
  response.writeHead(200, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': METHODS.join(', '),
    ...(headers === undefined ? {} : { 'access-control-allow-headers': headers }),
    'access-control-max-age': '3000',
    'content-length': '0',
  });
  response.end();
}
