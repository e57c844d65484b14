import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';
import { MAX_KEY_BYTES } from './limits.ts';

/** A request as S3 sees it: path style, decoded. */
export interface S3Request {
  readonly method: string;
  /** Decoded, with its leading slash. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  /** Empty for a request to the service itself. */
  readonly bucket: string;
  /** Empty for a request to the bucket itself. */
  readonly key: string;
  readonly headerNames: readonly string[];
  /** All values of a header, joined by commas. */
  header(name: string): string | undefined;
  parameter(name: string): string | undefined;
  /** An x-amz-… setting: presigners move such headers into the query, where S3 honours them too. */
  option(name: string): string | undefined;
  readonly optionNames: readonly string[];
}

/** Throws InvalidURI or KeyTooLongError. */
export function readRequest(message: IncomingMessage): S3Request {
  const [rawPath = '', rawQuery = ''] = (message.url ?? '').split(/\?(.*)/s);
  const path = decode(rawPath);
  const query = rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      return [decode(name), decode(value)] as const;
    });
  const headers = readHeaders(message.rawHeaders);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new S3Error('KeyTooLongError', 'Your key is too long', {
      details: { MaxSizeAllowed: String(MAX_KEY_BYTES) },
    });
  return {
    method: message.method ?? '',
    path,
    query,
    bucket,
    key,
    headerNames: [...headers.keys()],
    header: (name) => headers.get(name),
    parameter: (name) => query.find(([candidate]) => candidate === name)?.[1],
    option: (name) => headers.get(name) ?? query.find(([candidate]) => candidate.toLowerCase() === name)?.[1],
    optionNames: [...headers.keys(), ...query.map(([name]) => name.toLowerCase())].filter((name) =>
      name.startsWith('x-amz-'),
    ),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** Node drops repeated values of some headers, such as Host, that a signature may cover; so the raw list is read. */
function readHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? (raw[i + 1] ?? '') : `${earlier},${raw[i + 1]}`);
  }
  return headers;
}
