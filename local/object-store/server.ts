import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { authenticate, type Identity, type Payload } from './authenticate.ts';
import { readText } from './body.ts';
import { allowReading, answerPreflight } from './cors.ts';
import { notImplemented, S3Error } from './errors.ts';
import { MAX_BUCKET_CONFIGURATION_BYTES } from './limits.ts';
import { readRequest, type S3Request } from './request.ts';
import { operationOf } from './router.ts';
import { openStorage, type Storage } from './storage.ts';
import { xmlError } from './xml.ts';

export interface ObjectStoreOptions extends Identity {
  /** Where everything is kept. One server at a time may use it. */
  readonly folder: string;
  readonly clock: Clock;
  /** Left out, the system chooses a free one. */
  readonly port?: number;
}

export interface ObjectStore {
  readonly url: string;
  readonly port: number;
  /** Ends the connections; nothing acknowledged is lost by it, or by a crash instead. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** A client that sends more than this after a refusal is cut off instead of heard out. */
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;

/** An S3 server on loopback that refuses what S3 refuses. All buckets are versioned. */
export async function startObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const storage = await openStorage(options.folder);
  const server = createServer((message, response) => void serve(message, response, options, storage));
  // The body is asked for only once the request has proved itself.
  server.on('checkContinue', (message, response) => void serve(message, response, options, storage));
  // A part of 5 GiB may take longer than Node's five minutes.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://${HOST}:${port}`,
    port,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  options: ObjectStoreOptions,
  storage: Storage,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('server', 'AmazonS3');
  allowReading(message, response);
  const source = message.iterator({ destroyOnReturn: false });
  try {
    if (message.method === 'OPTIONS') answerPreflight(message, response);
    else await dispatch(message, response, source, options, storage);
  } catch (error) {
    answerError(message, response, error, requestId);
  }
  await source.return?.();
  drain(message);
}

async function dispatch(
  message: IncomingMessage,
  response: ServerResponse,
  source: AsyncIterable<Uint8Array>,
  options: ObjectStoreOptions,
  storage: Storage,
): Promise<void> {
  const now = options.clock.now();
  const request = readRequest(message);
  const payload = authenticate(request, options, now);
  if (message.headers.expect !== undefined) response.writeContinue();
  if (request.bucket === '') throw notImplemented('ListBuckets');
  if (request.method === 'PUT' && request.key === '') {
    await createBucket(request, payload, source, response, storage);
    return;
  }
  const bucket = storage.bucket(request.bucket);
  await operationOf(request, storage)({ request, payload, source, response, bucket, now });
}

async function createBucket(
  request: S3Request,
  payload: Payload,
  source: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  storage: Storage,
): Promise<void> {
  const sub = request.query.find(([name]) => name !== 'x-id' && !name.toLowerCase().startsWith('x-amz-'));
  if (sub) throw notImplemented(sub[0]);
  // A location constraint says nothing here, but its signed hash must still be true.
  if (request.header('content-length') !== undefined)
    await readText(request, payload, source, MAX_BUCKET_CONFIGURATION_BYTES);
  await storage.createBucket(request.bucket);
  response.writeHead(200, { location: `/${request.bucket}`, 'content-length': '0' }).end();
}

function answerError(
  message: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  requestId: string,
): void {
  // Bytes of an object may be on their way: only a broken connection tells the client that they are not all.
  if (response.headersSent || message.socket.destroyed) {
    response.destroy();
    return;
  }
  const known = error instanceof S3Error ? error : undefined;
  if (!known) process.stderr.write(`object store: ${error instanceof Error ? error.stack : String(error)}\n`);
  const body = xmlError([
    ['Code', known?.code ?? 'InternalError'],
    ['Message', known?.message ?? 'We encountered an internal error. Please try again.'],
    ...Object.entries(known?.details ?? {}),
    ['Resource', message.url?.split('?')[0]],
    ['RequestId', requestId],
  ]);
  for (const name of ['content-encoding', 'content-length', 'content-range', 'etag'])
    response.removeHeader(name);
  for (const [name, value] of Object.entries(known?.headers ?? {})) response.setHeader(name, value);
  response.setHeader('content-type', 'application/xml');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.writeHead(known?.status ?? 500);
  response.end(message.method === 'HEAD' ? undefined : body);
}

/** Reads what is left of a body, so that a client still sending gets to see the answer. */
function drain(message: IncomingMessage): void {
  if (message.complete || message.destroyed) return;
  let bytes = 0;
  message.on('data', (data: Uint8Array) => {
    bytes += data.length;
    if (bytes > MAX_DRAINED_BYTES) message.destroy();
  });
  message.on('error', () => undefined);
  message.resume();
}
