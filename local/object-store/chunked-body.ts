import { createHash, timingSafeEqual } from 'node:crypto';
import { S3Error } from './errors.ts';
import { MAX_CHUNK_LINE_BYTES, MAX_PUT_BYTES, MAX_TRAILER_BYTES } from './limits.ts';
import { type ChunkSigner, chunkSignature, trailerSignature } from './signature.ts';

export interface ChunkedOptions {
  /** Present: every chunk, and the trailer, must carry its signature. */
  readonly signer?: ChunkSigner;
  /** Whether header lines follow the last chunk. */
  readonly trailer: boolean;
}

/**
 * Takes the aws-chunked framing off a body (API reference, "Signature Calculations … Transferring Payload in Multiple
 * Chunks"), yielding data as it comes and returning the trailing headers. Throws IncompleteBody, MalformedTrailerError or
 * SignatureDoesNotMatch, the last only after the chunk's data was yielded: the caller keeps nothing before the end.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
): AsyncGenerator<Uint8Array, ReadonlyMap<string, string>> {
  const { signer } = options;
  const reader = createReader(source);
  let previous = signer?.seed ?? '';
  for (;;) {
    const { length, signature } = parseChunkLine(
      await reader.line(MAX_CHUNK_LINE_BYTES),
      signer !== undefined,
    );
    const hash = createHash('sha256');
    for await (const data of reader.bytes(length)) {
      if (signer) hash.update(data);
      yield data;
    }
    if (signer) {
      const expected = chunkSignature(signer, previous, hash.digest('hex'));
      if (!equal(expected, signature)) throw chunkSignatureMismatch();
      previous = expected;
    }
    if (length === 0) break;
    if ((await reader.line(0)) !== '') throw malformed();
  }
  const lines = await readTrailer(reader);
  if (!options.trailer && lines.length > 0) throw malformedTrailer();
  const trailers = verifyTrailer(lines, options, previous);
  if (!(await reader.ended())) throw malformed();
  return trailers;
}

function parseChunkLine(line: string, signed: boolean): { length: number; signature: string } {
  const match = signed
    ? /^([0-9a-fA-F]{1,10});chunk-signature=([0-9a-f]{64})$/.exec(line)
    : /^([0-9a-fA-F]{1,10})$/.exec(line);
  const length = Number.parseInt(match?.[1] ?? '', 16);
  if (!match || length > MAX_PUT_BYTES) throw malformed();
  return { length, signature: match[2] ?? '' };
}

/** Lines up to the empty one. Some clients leave the empty line out where there is no trailer. */
async function readTrailer(reader: Reader): Promise<string[]> {
  const lines: string[] = [];
  let bytes = 0;
  while (!(await reader.ended())) {
    const line = await reader.line(MAX_TRAILER_BYTES);
    bytes += line.length;
    if (line === '') break;
    if (bytes > MAX_TRAILER_BYTES) throw malformedTrailer();
    lines.push(line);
  }
  return lines;
}

function verifyTrailer(
  lines: readonly string[],
  { signer, trailer }: ChunkedOptions,
  previous: string,
): ReadonlyMap<string, string> {
  const trailers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t\n]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined || trailers.has(name.toLowerCase()))
      throw malformedTrailer();
    trailers.set(name.toLowerCase(), value);
  }
  const signature = trailers.get('x-amz-trailer-signature');
  trailers.delete('x-amz-trailer-signature');
  if (signer && trailer) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    if (!equal(trailerSignature(signer, previous, text), signature ?? '')) throw chunkSignatureMismatch();
  }
  return trailers;
}

interface Reader {
  /** The next line without its CRLF. @param limit the most characters it may have */
  line(limit: number): Promise<string>;
  bytes(length: number): AsyncGenerator<Uint8Array>;
  ended(): Promise<boolean>;
}

function createReader(source: AsyncIterable<Uint8Array>): Reader {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Uint8Array = new Uint8Array(0);

  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    pending = pending.length === 0 ? next.value : Buffer.concat([pending, next.value]);
    return true;
  }

  return {
    async line(limit) {
      for (;;) {
        const end = pending.indexOf(0x0a);
        if (end >= 0) {
          const text = Buffer.from(pending.subarray(0, end)).toString('latin1');
          pending = pending.subarray(end + 1);
          if (!text.endsWith('\r') || text.length > limit + 1) throw malformed();
          return text.slice(0, -1);
        }
        if (pending.length > limit + 1 || !(await more())) throw malformed();
      }
    },
    async *bytes(length) {
      for (let left = length; left > 0; ) {
        if (pending.length === 0 && !(await more())) throw malformed();
        const piece = pending.subarray(0, left);
        pending = pending.subarray(piece.length);
        left -= piece.length;
        if (piece.length > 0) yield piece;
      }
    },
    ended: async () => pending.length === 0 && !(await more()),
  };
}

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const malformed = (): S3Error =>
  new S3Error(
    'IncompleteBody',
    'The request body terminated unexpectedly or its chunks are not well-formed.',
  );

const malformedTrailer = (): S3Error =>
  new S3Error(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );

const chunkSignatureMismatch = (): S3Error =>
  new S3Error(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
