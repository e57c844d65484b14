import { createHash, createHmac } from 'node:crypto';

/** What a Signature Version 4 covers. Names and values are decoded; this module encodes them as AWS prescribes. */
export interface SignedMessage {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case name and value of each signed header, in the order of SignedHeaders. */
  readonly headers: readonly (readonly [string, string])[];
  readonly payloadHash: string;
}

export interface Scope {
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

export const sha256Hex = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');

const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest();

/** RFC 3986 encoding of everything but the unreserved characters, which encodeURIComponent leaves four short of. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The canonical request of S3: the path is encoded once and not normalised. */
export function canonicalRequest(message: SignedMessage): string {
  const query = message.query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = message.headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`);
  return [
    message.method,
    message.path.split('/').map(uriEncode).join('/'),
    query,
    headers.join(''),
    message.headers.map(([name]) => name).join(';'),
    message.payloadHash,
  ].join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const scopeText = (scope: Scope): string => `${scope.date}/${scope.region}/${scope.service}/aws4_request`;

/** @param timestamp YYYYMMDD'T'HHMMSS'Z', as in x-amz-date */
export function stringToSign(timestamp: string, scope: Scope, canonical: string): string {
  return [ALGORITHM, timestamp, scopeText(scope), sha256Hex(canonical)].join('\n');
}

export function signingKey(secretAccessKey: string, scope: Scope): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

export const sign = (key: Uint8Array, text: string): string => hmac(key, text).toString('hex');

/** What the signatures of a chunked body hang on; the first chunk's predecessor is the request's own signature. */
export interface ChunkSigner {
  readonly key: Uint8Array;
  readonly timestamp: string;
  readonly scope: Scope;
  readonly seed: string;
}

const EMPTY_SHA256 = sha256Hex('');

/** API reference, "Transferring payload in multiple chunks". @param dataSha256 of the chunk's data, hex */
export function chunkSignature(signer: ChunkSigner, previous: string, dataSha256: string): string {
  const text = [
    `${ALGORITHM}-PAYLOAD`,
    signer.timestamp,
    scopeText(signer.scope),
    previous,
    EMPTY_SHA256,
    dataSha256,
  ];
  return sign(signer.key, text.join('\n'));
}

/** API reference, "Including trailing headers". @param trailers each `name:value\n`, in the order sent */
export function trailerSignature(signer: ChunkSigner, previous: string, trailers: string): string {
  const text = [
    `${ALGORITHM}-TRAILER`,
    signer.timestamp,
    scopeText(signer.scope),
    previous,
    sha256Hex(trailers),
  ];
  return sign(signer.key, text.join('\n'));
}
