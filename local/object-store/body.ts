import type { Payload } from './authenticate.ts';
import {
  algorithmOfHeader,
  base64,
  type ChecksumAlgorithm,
  checkChecksumForm,
  checksumHeader,
  checksumMismatch,
  type RunningDigest,
  startDigest,
} from './checksums.ts';
import { decodeChunked } from './chunked-body.ts';
import { S3Error } from './errors.ts';
import { MAX_PUT_BYTES } from './limits.ts';
import type { S3Request } from './request.ts';

/** What a body turned out to be once everything the client said about it was found true. */
export interface VerifiedBody {
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  /** The one the client vouched for; absent where it gave none. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface BodyOptions {
  /** Bytes. */
  readonly limit: number;
  /** False where x-amz-checksum-… speaks of something other than this body. */
  readonly checksummed: boolean;
}

export const UPLOAD: BodyOptions = { limit: MAX_PUT_BYTES, checksummed: true };

/** A checksum the client announced; `value` is absent while it is still to come in the trailer. */
interface Announced {
  readonly algorithm: ChecksumAlgorithm;
  readonly value?: string;
}

/**
 * Yields the body's bytes, without framing, and returns once length, payload hash, Content-MD5 and checksums agree with
 * what the request says. Throws S3's error otherwise, so nothing may be kept before the end.
 */
export async function* verifiedBody(
  request: S3Request,
  payload: Payload,
  source: AsyncIterable<Uint8Array>,
  options: BodyOptions,
): AsyncGenerator<Uint8Array, VerifiedBody> {
  const length = announcedLength(request, payload, options.limit);
  const contentMd5 = announcedMd5(request);
  const announced = options.checksummed ? announcedChecksum(request, payload) : undefined;

  const digests = new Map<ChecksumAlgorithm | 'MD5', RunningDigest>([['MD5', startDigest('MD5')]]);
  if (announced) digests.set(announced.algorithm, startDigest(announced.algorithm));
  if (payload.kind === 'hashed') digests.set('SHA256', digests.get('SHA256') ?? startDigest('SHA256'));

  const content = payload.kind === 'chunked' ? decodeChunked(source, payload) : plain(source);
  let size = 0;
  let next = await content.next();
  for (; next.done !== true; next = await content.next()) {
    size += next.value.length;
    if (size > length) throw incompleteBody();
    for (const digest of digests.values()) digest.update(next.value);
    yield next.value;
  }
  if (size !== length) throw incompleteBody();

  const results = new Map(
    [...digests].map(([algorithm, digest]) => [algorithm, Buffer.from(digest.digest())]),
  );
  const md5 = results.get('MD5') ?? Buffer.alloc(0);
  if (contentMd5 !== undefined && contentMd5 !== base64(md5))
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  if (payload.kind === 'hashed' && results.get('SHA256')?.toString('hex') !== payload.sha256)
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  const body = { size, md5: md5.toString('hex') };
  if (!announced) return body;
  const value = base64(results.get(announced.algorithm) ?? Buffer.alloc(0));
  if (value !== (announced.value ?? trailingChecksum(announced.algorithm, next.value)))
    throw checksumMismatch(announced.algorithm);
  return { ...body, checksum: { algorithm: announced.algorithm, value } };
}

/** The whole of a small body. */
export async function readText(
  request: S3Request,
  payload: Payload,
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of verifiedBody(request, payload, source, { limit, checksummed: false }))
    pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

async function* plain(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, ReadonlyMap<string, string>> {
  yield* source;
  return new Map();
}

function announcedLength(request: S3Request, payload: Payload, limit: number): number {
  const name = payload.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length';
  const text = request.header(name);
  if (text === undefined || !/^[0-9]{1,15}$/.test(text))
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (Number(text) > limit)
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      details: { ProposedSize: text, MaxSizeAllowed: String(limit) },
    });
  return Number(text);
}

function announcedMd5(request: S3Request): string | undefined {
  const text = request.header('content-md5');
  if (
    text !== undefined &&
    (Buffer.from(text, 'base64').length !== 16 || base64(Buffer.from(text, 'base64')) !== text)
  )
    throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  return text;
}

function announcedChecksum(request: S3Request, payload: Payload): Announced | undefined {
  const inHeader = request.optionNames.flatMap((name) => algorithmOfHeader(name) ?? []);
  const trailers = (request.header('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const inTrailer = trailers.flatMap((name) => algorithmOfHeader(name) ?? []);
  if (inHeader.length + inTrailer.length > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  const [algorithm = inTrailer[0]] = inHeader;
  const asked = request.option('x-amz-sdk-checksum-algorithm');
  if (asked !== undefined && asked.toUpperCase() !== algorithm)
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  if (algorithm === undefined) return undefined;
  if (inTrailer.length > 0) {
    if (payload.kind !== 'chunked' || !payload.trailer)
      throw new S3Error('InvalidRequest', 'x-amz-trailer needs a payload that is streamed with a trailer.');
    return { algorithm };
  }
  const value = request.option(checksumHeader(algorithm)) ?? '';
  checkChecksumForm(algorithm, value);
  return { algorithm, value };
}

function trailingChecksum(algorithm: ChecksumAlgorithm, trailers: ReadonlyMap<string, string>): string {
  const value = trailers.get(checksumHeader(algorithm));
  if (value === undefined)
    throw new S3Error(
      'MalformedTrailerError',
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
    );
  checkChecksumForm(algorithm, value);
  return value;
}

const incompleteBody = (): S3Error =>
  new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );
